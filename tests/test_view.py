"""The view of a plate: against the projection of a camera that is written down here, not against its own."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hipdrive.acquisition.video import viewfile
from hipdrive.acquisition.video.scene import Camera, Scene
from hipdrive.acquisition.video.view import Plane, PlateView, Pole, ordered, plate_corners, row_times, view_of
from hipdrive.acquisition.video.viewlimits import cannot, cautions, yaw_error
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats

SIZE, PICTURE, FOCAL = (0.6, 0.4), (1920, 1080), 1400.0
PLACES = {"side": (0.0, -4.0, 1.0), "low": (0.0, -4.0, 0.4), "oblique": (1.5, -3.7, 1.2)}


def seen(place: Any, points: Any, focal: float = FOCAL, picture: tuple[int, int] = PICTURE, target: Any = (0, 0, 0.9),
         roll: float = 0.0) -> Floats:  # fmt: skip
    """Pixels by spherical angles: the target first, then turned by pan and tilt of the camera."""
    x, y, z = (np.subtract(points, place)).T
    dx, dy, dz = np.subtract(target, place)
    pan, tilt = math.atan2(dx, dy), math.atan2(dz, math.hypot(dx, dy))
    right = x * math.cos(pan) - y * math.sin(pan)
    ahead = x * math.sin(pan) + y * math.cos(pan)
    depth = ahead * math.cos(tilt) + z * math.sin(tilt)
    up = -ahead * math.sin(tilt) + z * math.cos(tilt)
    a = math.radians(roll)
    right, up = right * math.cos(a) - up * math.sin(a), right * math.sin(a) + up * math.cos(a)
    return np.stack([(picture[0] - 1) / 2 + focal * right / depth, (picture[1] - 1) / 2 - focal * up / depth], axis=-1)


def exact(place: Any, **options: Any) -> PlateView:
    return view_of(seen(place, plate_corners(SIZE), **options), SIZE, PICTURE, focal=FOCAL)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_exact_view_projects_exactly_and_back(place: Any) -> None:
    view = exact(place)
    points = np.array([[0.1, 0.0, 0.0], [0.2, 0.0, 1.7], [-0.5, 0.0, 2.2], [0.0, 0.0, 0.9]])
    px = seen(place, points)
    assert view.project(points) == pytest.approx(px, abs=1e-3)
    assert view.metres(px) == pytest.approx(points, abs=1e-5)
    assert view.place == pytest.approx(place, abs=1e-4)
    assert view.residual < 1e-3
    beside = points + np.array([0.0, -0.1, 0.0])
    assert view.metres(seen(place, beside), Plane.sagittal(-0.1)) == pytest.approx(beside, abs=1e-5)
    yaw = math.degrees(math.atan2(abs(place[0]), abs(place[1])))
    assert view.yaw == pytest.approx(yaw, abs=0.01)
    assert view.pitch == pytest.approx(
        math.degrees(math.atan2(place[2] - 0.95, math.hypot(*place[:2]))), abs=0.01
    )  # fmt: skip
    assert view.roll == pytest.approx(0.0, abs=0.02)


def test_any_upright_plane() -> None:
    view = exact(PLACES["oblique"])
    turned = Plane.upright(30.0, through=(0.2, 0.1))
    points = [
        [0.2 + s * math.cos(math.pi / 6), 0.1 + s * math.sin(math.pi / 6), z] for s, z in ((0.3, 1.0), (-0.4, 0.2))
    ]
    assert view.metres(seen(PLACES["oblique"], points), turned) == pytest.approx(np.array(points), abs=1e-5)
    floor = [[0.4, 0.3, 0.0], [-0.6, -0.5, 0.0]]
    assert view.metres(seen(PLACES["oblique"], floor), Plane.floor()) == pytest.approx(np.array(floor), abs=1e-5)
    across = [[0.15, 0.3, 1.0]]
    assert view.metres(seen(PLACES["oblique"], across), Plane.frontal(0.15)) == pytest.approx(
        np.array(across), abs=1e-5
    )
    # from the side nobody sees a frontal plane, and the sky is no floor
    assert np.isnan(exact(PLACES["side"]).metres([[959.5, 300.0]], Plane.frontal())).all()
    assert np.isnan(view.metres([[959.5, 0.0]], Plane.floor())).all()


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("focal", [None, FOCAL, 1.15 * FOCAL])
def test_a_force_is_within_two_pixels_at_clicks_of_one(name: str, focal: float | None) -> None:
    """The table of VIDEO.md 6: the point of application within about 1 px, the tip within 2."""
    rng = np.random.default_rng(4)
    place, errors, sizes = PLACES[name], [], []
    for _ in range(9 if focal is None else 20):
        clicked = seen(place, plate_corners(SIZE)) + rng.normal(0.0, 1.0, (4, 2))
        view = view_of(clicked, SIZE, PICTURE, focal=focal)
        cop = np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.12, 0.12), 0.0])
        force = np.array([rng.uniform(-200, 200), rng.uniform(-60, 60), rng.uniform(800, 2200)])
        truth = seen(place, [cop, cop + 5e-4 * force])
        errors.append(np.hypot(*(view.force_line(cop, force) - truth).T))
        sizes.append((view.force_line(cop, force) - truth) / view.doubt([cop, cop + 5e-4 * force]))
    foot, tip = np.median(errors, axis=0)
    assert foot < 1.2
    assert tip < 2.8
    if focal != 1.15 * FOCAL:  # what was given wrongly cannot know it
        assert 0.5 < np.sqrt(np.mean(np.square(sizes))) < 1.4


def test_a_pole_solves_for_the_focal_length() -> None:
    rng = np.random.default_rng(1)
    place = PLACES["side"]
    ends = np.array([[0.3, 0.5, 0.0], [0.3, 0.5, 2.0]])
    found: list[float] = []
    tips: list[float] = []
    plain: list[float] = []
    tilt = math.atan2(-0.1, 4.0)
    scale = FOCAL / (4.0 * math.cos(tilt) - math.sin(tilt))
    for _ in range(8):
        clicked = seen(place, plate_corners(SIZE)) + rng.normal(0.0, 1.0, (4, 2))
        foot, top = seen(place, ends) + rng.normal(0.0, 1.0, (2, 2))
        pole = Pole(foot=tuple(foot), top=tuple(top), height=2.0)
        tip = [[0.1, 0.05, 1.0]]
        for kept, view in (
            (tips, view_of(clicked, SIZE, PICTURE, pole=pole)),
            (plain, view_of(clicked, SIZE, PICTURE)),
        ):
            kept.append(float(np.hypot(*(view.project(tip) - seen(place, tip))[0])))
        with_pole = view_of(clicked, SIZE, PICTURE, pole=pole)
        found.append((with_pole.scale - scale) / with_pole.scale_sd)
    assert np.median(tips) < 1.6
    assert np.median(tips) < np.median(plain)
    assert 0.4 < np.sqrt(np.mean(np.square(found))) < 1.7


def test_scale_yaw_and_roll() -> None:
    place = (1.5, -3.7, 1.2)
    view = exact(place, roll=4.0)
    assert abs(view.roll) == pytest.approx(4.0, abs=0.05)
    assert view.yaw == pytest.approx(math.degrees(math.atan(1.5 / 3.7)), abs=0.02)
    a = seen(place, [[0.0, 0.0, 0.0]], roll=4.0)[0]
    # a metre across the line of sight: moved along the camera's own right
    across = 0.01 * view.R[0]
    b = seen(place, [across], roll=4.0)[0]
    assert math.dist(a, b) / 0.01 == pytest.approx(view.scale, rel=2e-3)
    foot, top = view.project([[0.0, 0.0, 0.0], [0.0, 0.0, 1.8]])
    assert foot[1] - top[1] > 500.0


def test_corners_in_any_order() -> None:
    """As a camera sees them from all four sides: back right comes first."""
    rng = np.random.default_rng(0)
    for place, facing in (
        ((0.3, -4, 1), "right"),
        ((0.3, 4, 1), "left"),
        ((4, 0.3, 1), "camera"),
        ((-4, 0.3, 1), "away"),
    ):
        px = seen(place, plate_corners(SIZE))
        for _ in range(5):
            assert ordered(rng.permutation(px), facing) == pytest.approx(px)
        assert view_of(px, SIZE, PICTURE, focal=FOCAL).place == pytest.approx(place, abs=1e-3)


def test_what_is_no_plate_is_refused() -> None:
    good = seen(PLACES["side"], plate_corners(SIZE))
    for broken, told in (
        (good[::-1], "the other way"),
        (good[[0, 2, 1, 3]], "cross"),
        (good[:3], "four corners"),
        (np.where(np.arange(8).reshape(4, 2) == 3, np.nan, good), "four corners"),
        (good[[0, 0, 2, 3]], "shorter"),
        (np.array([[0.0, 500.0], [300.0, 501.0], [310.0, 500.5], [5.0, 499.0]]), "shorter|line|cross"),
        (np.array([[500.0, 800.0], [900.0, 900.0], [1100.0, 600.0], [800.0, 100.0]]), "miss those|no camera"),
    ):
        with pytest.raises(UsageError, match=told) as caught:
            view_of(broken, SIZE, PICTURE, focal=FOCAL)
        assert caught.value.code == "plate_corners"
    with pytest.raises(UsageError, match="length and width"):
        view_of(good, (600.0, 400.0), PICTURE)
    with pytest.raises(UsageError, match="focal length"):
        view_of(good, SIZE, PICTURE, focal=3.0)
    with pytest.raises(UsageError, match="does not help"):
        view_of(good, SIZE, PICTURE, pole=Pole(foot=(0.0, 0.0), top=(3.0, 0.0), height=2.0))
    with pytest.raises(UsageError, match="choose one of"):
        ordered(good, "up")


def test_what_a_view_cannot_show_it_says() -> None:
    def codes(place: Any, **options: Any) -> dict[str, bool]:
        return {one.code: bool(one.forbids) for one in cautions(exact(place), **options)}

    turned = {yaw: (4 * math.sin(math.radians(yaw)), -4 * math.cos(math.radians(yaw)), 1.0) for yaw in (5, 20, 35, 80)}
    assert codes(turned[5]) == {"view_side": True}
    assert codes(turned[20]) == {"view_yaw": False, "view_side": True}
    assert codes(turned[35]) == {"view_yaw": True, "view_side": True}
    assert codes(turned[80]) == {"view_yaw": True}
    assert set(cannot(exact(turned[5]))) == {"frontal_angles"}
    assert set(cannot(exact(turned[80]))) == {"sagittal_angles"}
    assert set(cannot(None)) == {"metres", "force_line"}
    assert "view_pitch" in codes((0.0, -3.0, 2.0))
    assert "4.1 degrees" in next(one.text for one in cautions(exact(turned[20])) if one.code == "view_yaw")
    assert [yaw_error(v) for v in (0.0, 10.0, 30.0, 90.0)] == [0.0, 0.8, 9.2, 21.0]
    assert codes(turned[5], person=(900, 300, 100, 200)) == {"view_side": True, "person_small": False}
    assert codes(turned[5], person=(900, 300, 50, 90)) == {"view_side": True, "person_small": True}
    assert codes(turned[5], person=(900, 0, 200, 500)) == {"view_side": True, "person_clipped": False}
    unsure = view_of(seen((0.0, -9.0, 1.0), plate_corners(SIZE)), SIZE, PICTURE, click=8.0)
    assert "metres" in cannot(unsure)


def test_every_landmark_has_the_time_of_its_row() -> None:
    view = exact(PLACES["side"])
    rows = np.array([[0.0, 540.0], [1080.0, 270.0]])
    assert view.row_times([1.0, 2.0], rows, 0.02) == pytest.approx(np.array([[1.0, 1.01], [2.02, 2.005]]))
    assert row_times([1.0], [540.0], 0.02, 1080).tolist() == [1.01]


def test_the_plate_of_a_rendered_scene_gives_its_camera_back() -> None:
    camera = Camera(place=(0.8, -3.9, 1.1))
    scene = Scene(camera=camera)
    corners = scene.plates["right"]
    view = view_of(camera.project(corners)[0], (0.9, 0.6), camera.size, focal=camera.focal)
    assert view.place + corners.mean(axis=0) == pytest.approx(camera.place, abs=1e-3)


# --- the file beside a clip ---


def facts(**other: Any) -> viewfile.ViewFacts:
    px = seen(PLACES["side"], plate_corners(SIZE))
    return viewfile.ViewFacts(picture=PICTURE, corners=tuple((float(x), float(y)) for x, y in px[[2, 0, 3, 1]]),
                              plate_size_m=SIZE, focal_px=FOCAL, readout_ms=16.0, exposure_ms=1.0,
                              athlete=(800.0, 200.0, 200.0, 600.0), facing="right", **other)  # fmt: skip


def test_a_view_file_says_the_same_again(tmp_path: Path) -> None:
    file = viewfile.file_of(tmp_path / "jump.mp4")
    one = facts(pole=viewfile.PoleFacts(foot=(100.0, 900.0), top=(100.0, 200.0), height_m=2.0))
    viewfile.write(file, one)
    assert viewfile.read(file) == one
    assert [path.name for path in tmp_path.iterdir()] == ["jump.view.toml"]
    viewfile.write(file, facts())
    made = viewfile.view(viewfile.read(file))
    assert made is not None
    assert made.place == pytest.approx(PLACES["side"], abs=1e-3)
    assert viewfile.view(viewfile.ViewFacts(picture=(640, 480))) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("picture = [1920, 1080]\nreadout = 16.0\n", "readout_ms"),
        ("picture = [1920]\n", "picture"),
        ("picture = [1920, 1080]\nfacing = 'up'\n", "facing"),
        ("picture = [1920, 1080]\nplate_size_m = [0.6, 0.4]\n", "belong together"),
        ("picture = [1920, 1080]\nreadout_ms = -1.0\n", "readout_ms"),
        ("picture = [1920, 1080]\nreadout_ms = nan\n", "readout_ms"),
        ("picture = [1920, 1080]\nreadout_ms = '16'\n", "readout_ms"),
        ("picture = [\n", "no TOML"),
        ("[[picture]]\n", "picture"),
        ("pole = 3\npicture = [1920, 1080]\n", "pole"),
    ],
)
def test_a_broken_view_file_is_told_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        viewfile.loads(text, "jump.view.toml")
    assert str(caught.value).startswith("jump.view.toml: ")
    assert "\n" not in str(caught.value)


def test_a_view_file_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        viewfile.read(tmp_path / "none.toml")
    with pytest.raises(HipdriveError, match="cannot be written"):
        viewfile.write(tmp_path / "no" / "folder.view.toml", facts())
