"""Pictures of the simulated athlete: what is measured in them against geometry and light worked out here."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
from filming import with_exposures, with_lamp
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.acquisition.video import figure
from hipdrive.acquisition.video.rendered import Filmed, Leap, Renderer, film
from hipdrive.acquisition.video.scene import Camera, Lamp, Passer, Scene
from hipdrive.analysis.instants import instants
from hipdrive.errors import UsageError
from hipdrive.trial import Trial

JUMP = simulate_motion("cmj", seed=3, point_noise=0.0)
assert JUMP.truth is not None
EVENTS, PHASE = JUMP.truth.events, JUMP.truth.settings["phase"]
LEAP = Leap.of(JUMP)
Image = NDArray[np.uint8]


class Kept:
    """A writer that keeps what it gets."""

    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self.times: list[float] = []

    def add(self, image: NDArray[np.uint8], t: float) -> None:
        self.images.append(image)
        self.times.append(t)


def disc(
    image: Image, bare: Image, name: str, near: tuple[float, float], reach: int = 16
) -> tuple[float, float, float]:
    """Middle and area of a disc near a place: how much of each pixel it covers, by linear light with and without it."""
    left, top = (max(0, round(v) - reach) for v in near)
    cut = (slice(top, top + 2 * reach + 1), slice(left, left + 2 * reach + 1))
    with_it, without = (image[cut] / 255.0) ** 2.2, (bare[cut] / 255.0) ** 2.2
    full = (np.array(figure.disc_colours()[name]) / 255.0) ** 2.2 - without
    cover = np.clip(((with_it - without) * full).sum(axis=2) / (full**2).sum(axis=2), 0.0, 1.0)
    y, x = np.indices(cover.shape)
    area = float(cover.sum())
    return left + float((cover * x).sum()) / area, top + float((cover * y).sum()) / area, area


def pinhole(point: Any) -> tuple[float, float]:
    """The default camera, by similar triangles: it stands at (-0.1, -4, 1) and looks up by 0.12 in 4."""
    x, y, z = point
    tilt = math.atan2(0.12, 4.0)
    ahead, up = y + 4.0, z - 1.0
    depth = ahead * math.cos(tilt) + up * math.sin(tilt)
    rise = -ahead * math.sin(tilt) + up * math.cos(tilt)
    return 319.5 + 700.0 * (x + 0.1) / depth, 239.5 - 700.0 * rise / depth


def test_joints_are_where_the_trial_has_them() -> None:
    renderer = Renderer(JUMP)
    [track] = [one for one in JUMP.tracks if one.kind == "points"]
    for k in (10, 250, 300, 400):
        found = renderer.joints(float(track.times[k]))
        for name, point in zip(track.names, track.values[k], strict=True):
            assert found[name] == pytest.approx(pinhole(point), abs=1e-6), (k, name)


def test_a_joint_is_seen_when_its_own_row_is() -> None:
    """In the air the centre of mass falls freely, so a row's delay moves the still pose by a known way."""
    renderer, readout = Renderer(JUMP), 0.03
    t = EVENTS["takeoff"] + 0.12
    for name, (x, y) in renderer.joints(t, readout).items():
        assert renderer.joints(t + readout * y / 480.0)[name] == pytest.approx((x, y), abs=1e-9)
    assert abs(renderer.joints(t, readout)["head"][1] - renderer.joints(t)["head"][1]) > 0.5


@pytest.mark.parametrize(("exposure", "readout"), [(0.0, 0.0), (0.004, 0.0), (1 / 60, 0.0), (0.004, 0.016)])
def test_painted_discs_are_at_the_joints_in_the_middle_of_the_exposure(exposure: float, readout: float) -> None:
    """Measured by light in the picture; off by half an exposure, the head would be off by several pixels."""
    renderer, bare = (Renderer(LEAP, Scene(noise=0.0, discs=discs)) for discs in (True, False))
    t = EVENTS["takeoff"] + 0.02
    image, plain = (one.image(t - 0.5 * exposure, exposure, readout) for one in (renderer, bare))
    truth = renderer.joints(t, readout)
    early = renderer.joints(t - 0.5 * exposure, readout)
    for name in ("head", "knee_right", "shoulder_right"):
        x, y, area = disc(image, plain, name, truth[name])
        assert area > 30.0, name
        assert math.hypot(x - truth[name][0], y - truth[name][1]) < 0.35, name
        if exposure > 0.01:
            assert math.hypot(x - early[name][0], y - early[name][1]) > 2.0


def test_the_near_side_covers_the_far_side() -> None:
    for y, near, far, sign in ((4.0, "left", "right", -1.0), (-4.0, "right", "left", 1.0)):
        renderer = Renderer(LEAP, Scene(camera=Camera(place=(-0.1, y, 1.0)), noise=0.0))
        image, seen = renderer.image(0.3), renderer.joints(0.3)
        assert _shown(image, f"knee_{near}", seen) == 1.0
        assert _shown(image, f"wrist_{far}", seen) < 0.5
        # and who looks from the other side sees the athlete face the other way
        assert sign * (seen["toe_left"][0] - seen["heel_left"][0]) > 20.0


def _shown(image: Image, name: str, seen: dict[str, tuple[float, float]]) -> float:
    """Part of a disc's place that shows its colour."""
    x, y = (round(v) for v in seen[name])
    part = image[y - 1 : y + 2, x - 1 : x + 2].astype(int)
    return float((np.abs(part - figure.disc_colours()[name]).max(axis=2) < 12).mean())


def test_plates_lie_in_perspective() -> None:
    """The corners in the picture: found where the plate's edges cross."""
    plain = Scene(noise=0.0, plates={"one": np.array([[-0.3, -0.5, 0.0], [0.4, -0.5, 0.0], [0.4, 0.1, 0.0],
                                                      [-0.3, 0.1, 0.0]])})  # fmt: skip
    empty = Renderer(LEAP, Scene(noise=0.0, plates={}))
    renderer = Renderer(LEAP, plain)
    t = EVENTS["takeoff"] + 0.3
    changed = (np.abs(renderer.image(t).astype(int) - empty.image(t)).max(axis=2) > 15).astype(np.uint8)
    [outline, *_], _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for corner in plain.plates["one"]:
        near = np.hypot(*(outline[:, 0, :] - np.array(pinhole(corner))).T).min()
        assert near < 1.5
    assert np.allclose(renderer.corners("one"), [pinhole(corner) for corner in plain.plates["one"]])


def test_a_box_and_a_pole_stand_in_the_scene() -> None:
    renderer = Renderer(LEAP, Scene(box=(-1.0, 0.0, 0.4, 0.5, 0.3), pole=(0.9, 0.3, 2.0), noise=0.0))
    image = renderer.image(0.0).astype(int)
    x, y = (round(v) for v in pinhole((-1.0, -0.25, 0.15)))
    assert image[y, x, 0] > image[y, x, 2] + 30  # wood
    x, y = (round(v) for v in pinhole((0.9, 0.3, 1.97)))
    assert image[y + 1, x, 0] > 150 > image[y + 1, x, 1]
    x, y = (round(v) for v in pinhole((0.9, 0.3, 2.06)))
    assert image[y, x].tolist() == [176, 180, 184]


# --- light ---


def test_a_lamp_is_on_for_its_part_of_an_exposure() -> None:
    lamp = Lamp(np.array([0.010, 0.100]), np.array([0.030]))
    assert lamp.share([0.0, 0.005, 0.01, 0.025, 0.04, 0.095], 0.010) == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0, 0.5])
    assert lamp.share([0.0, 0.02, 0.2], 0.0).tolist() == [0.0, 1.0, 1.0]
    fine = np.arange(0.0, 0.2, 1e-6)
    state = ((fine >= 0.010) & (fine < 0.030)) | (fine >= 0.1)
    for begin, length in ((0.003, 0.05), (0.029, 0.09), (0.0, 0.15)):
        inside = (fine >= begin) & (fine < begin + length)
        assert float(lamp.share(begin, length)) == pytest.approx(state[inside].mean(), abs=1e-4)
    with pytest.raises(UsageError, match="by turns"):
        Lamp(np.array([0.2]), np.array([0.1]))


def test_every_row_of_the_lamp_is_as_bright_as_the_light_it_got() -> None:
    """Light goes off while the rows of the lamp are read: linear light of each row against arithmetic."""
    off = 0.523
    scene = Scene(lamp=Lamp(np.array([0.0]), np.array([off])), lamp_radius=0.12, noise=0.0)
    renderer = Renderer(LEAP, scene)
    exposure, readout, begin = 0.002, 0.060, 0.480
    image = renderer.image(begin, exposure, readout)
    x, y, w, h = renderer.lamp_box()
    assert w > 20
    assert h > 20
    for row in range(y, y + h):
        start = begin + readout * row / 480.0
        share = min(max((off - start) / exposure, 0.0), 1.0)
        light = (image[row, x : x + w, 0] / 255.0) ** 2.2
        assert light == pytest.approx(0.02 + 0.7 * share, abs=0.01), row
    rows = (image[y : y + h, x, 0] / 255.0) ** 2.2
    assert rows.max() > 0.7
    assert rows.min() < 0.03


def test_a_lamp_too_bright_is_clipped() -> None:
    scene = Scene(lamp=Lamp(np.array([0.0]), np.array([])), brightness=3.0, noise=0.0)
    renderer = Renderer(LEAP, scene)
    x, y, w, h = renderer.lamp_box()
    assert (renderer.image(0.5, 0.004)[y : y + h, x : x + w, 0] == 255).all()


def test_noise_is_that_of_the_scene_and_repeats() -> None:
    renderer = Renderer(LEAP, Scene(noise=3.0, seed=5))
    one, two = renderer.image(0.2).astype(int), renderer.image(0.3).astype(int)
    corner = (slice(0, 60), slice(0, 150))
    assert np.std(one[corner], axis=(0, 1)) == pytest.approx(3.0, rel=0.1)
    assert np.std(one[corner] - two[corner], axis=(0, 1)) == pytest.approx(3.0 * math.sqrt(2.0), rel=0.1)
    assert (Renderer(LEAP, Scene(noise=3.0, seed=5)).image(0.2) == one).all()


def test_who_walks_past_covers_nothing_of_the_truth() -> None:
    alone, passed = Renderer(LEAP, Scene()), Renderer(LEAP, Scene(passer=Passer(x=-0.6, y=-0.8, speed=1.0)))
    assert alone.joints(0.7) == passed.joints(0.7)
    changed = (np.abs(alone.image(0.7).astype(int) - passed.image(0.7)).max(axis=2) > 30).sum()
    assert 3000 < changed < 40_000


# --- clips ---


def test_a_film_knows_when_every_frame_was_taken() -> None:
    """With an offset, a drift and lost frames; the picture at a time is that of the movement then."""
    renderer, kept = Renderer(LEAP, Scene(noise=0.0)), Kept()
    start = EVENTS["takeoff"] - 0.05
    told: Filmed = film(renderer, kept, start=start, seconds=0.2, fps=120.0, exposure=0.004, readout=0.01,
                        offset=-7.0, drift=100e-6, drops=(3, 4))  # fmt: skip
    assert told.numbers.tolist() == [k for k in range(24) if k not in (3, 4)]
    assert kept.times == told.times.tolist()
    assert np.diff(kept.times)[2] == pytest.approx(3.0 / 120.0)
    assert len(told.begun) == 24
    assert told.clock.to_force(told.times[0]) == pytest.approx(start)
    assert told.clock.to_force(told.times) == pytest.approx(told.begun[told.numbers] + 0.002)
    t = 1.0001 * kept.times[10] - 7.0
    truth = renderer.joints(t, 0.01)["knee_right"]
    bare = Renderer(LEAP, Scene(noise=0.0, discs=False)).image(t - 0.002, 0.004, 0.01)
    assert disc(kept.images[10], bare, "knee_right", truth)[:2] == pytest.approx(truth, abs=0.35)


def test_edges_of_lamp_and_camera_are_those_of_a_recording() -> None:
    lamp = Lamp.code(500, 0.05, 0.2, 2.0)
    kept = Kept()
    told = film(Renderer(LEAP, Scene(lamp=lamp)), kept, start=0.3, seconds=0.1, exposure=0.002)
    trial: Trial = with_exposures(with_lamp(JUMP, lamp), told)
    found = instants(trial)
    assert {name: one.kind for name, one in found.items()} == {"lamp": "lamp", "camera": "exposure"}
    assert found["lamp"].times == pytest.approx(lamp.on, abs=1e-7)
    assert found["lamp"].off == pytest.approx(lamp.off, abs=1e-7)
    assert found["camera"].times == pytest.approx(told.begun, abs=1e-7)
    assert found["camera"].width == pytest.approx(0.002)


def test_what_cannot_be_drawn_is_refused() -> None:
    plain = Trial.from_forces(np.zeros((1, 1000)), 1000.0)
    with pytest.raises(UsageError, match="only a simulated athlete"):
        Renderer(plain)
    with pytest.raises(UsageError, match="not in the picture"):
        Renderer(LEAP, Scene(lamp=Lamp.code(0, 0.05, 0.0, 1.0), lamp_place=(9.0, 0.0, 1.0)))
    with pytest.raises(UsageError, match="does not fit"):
        film(Renderer(LEAP), Kept(), start=0.0, seconds=1.0, exposure=0.1)
    with pytest.raises(UsageError, match="no lamp"):
        Renderer(LEAP).lamp_box()


def test_movements_of_all_kinds_can_be_drawn() -> None:
    for test in ("sj", "dj", "squat"):
        trial = simulate_motion(test, seed=2)
        renderer = Renderer(trial)
        for t in (0.0, 1.0, trial.duration - 0.1):
            seen = np.array(list(renderer.joints(t).values()))
            assert (seen > 0.0).all(), test
            assert (seen < (640.0, 480.0)).all(), test
            image = renderer.image(t)
            assert image.shape == (480, 640, 3)
            assert image.dtype == np.uint8
