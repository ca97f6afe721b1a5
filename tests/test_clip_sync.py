"""Clocks of clips: against times that are written down here, over seeds; and through pictures, pixel by pixel."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from filming import with_exposures, with_lamp
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.acquisition.video import lampseen
from hipdrive.acquisition.video.rendered import Renderer, film
from hipdrive.acquisition.video.scene import Camera, Lamp, Scene
from hipdrive.analysis import sync
from hipdrive.analysis.choose import Evidence, best
from hipdrive.analysis.clocks import line
from hipdrive.analysis.ledsync import Brightness, led
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.pixelsync import match_px
from hipdrive.analysis.pulsesync import exposures
from hipdrive.analysis.soundsync import sound
from hipdrive.analysis.sync import Sync
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Edges, Floats, Signal, Trial

BIT = 0.047
"""s: no whole number of frames at any usual rate, so changes fall anywhere in a frame."""


def empty(seconds: float, rate: float = 1000.0) -> Trial:
    return Trial.from_forces(np.zeros((1, round(rate * seconds))), rate)


# --- pulses ---


def pulsed(begun: Floats, width: float | None = 0.004, seconds: float = 12.0) -> Trial:
    edge = Edges(name="camera", ticks=np.round(20e6 * begun), rate=20e6)
    said = "" if width is None else f"exposure_ms = {1e3 * width}\n"
    return replace(empty(seconds), edges=(edge,), rig=f'[[cameras]]\nid = "camera"\n{said}')


def test_pulses_and_frames_are_matched_by_count() -> None:
    """The middle of the exposure: half an exposure off would be 2 ms, and is found to a tenth of a microsecond."""
    begun = 1.5 + np.arange(600) / 119.88
    frames = (begun + 0.002 - 7.25) / (1.0 + 30e-6)
    found = exposures(pulsed(begun), frames)
    assert found.clock.method == "exposure"
    assert found.clock.to_force(frames) == pytest.approx(begun + 0.002, abs=2e-7)
    assert found.times == pytest.approx(begun + 0.002, abs=1e-7)
    assert found.clock.standard_error < 2e-7
    assert found.drift == pytest.approx(30e-6, abs=1e-7)
    early = exposures(pulsed(begun), frames, exposure=0.0)
    assert early.clock.to_force(frames) == pytest.approx(begun, abs=2e-7)


@pytest.mark.parametrize("told", [True, False])
def test_lost_frames_are_told_by_numbers_or_by_times(told: bool) -> None:
    begun = 0.5 + np.arange(300) / 60.0
    kept = np.array([k for k in range(300) if k not in (7, 8, 150)])
    rng = np.random.default_rng(0)
    jitter = rng.uniform(-0.008 if told else -0.002, 0.008 if told else 0.002, 300)
    frames = (begun + 0.002 + 100.0 + jitter)[kept]
    found = exposures(pulsed(begun), frames, numbers=kept + 4000 if told else None)
    # a clock of arrival jitters; the exact time of each frame does not
    assert found.times == pytest.approx((begun + 0.002)[kept], abs=1e-7)
    assert found.notes == ("lost_frames 3",)
    off = found.clock.to_force(frames.mean()) - (frames.mean() - 100.0)
    assert abs(off) < 3.0 * found.clock.standard_error + 1e-6
    assert found.clock.residual_rms == pytest.approx(np.std(jitter), rel=0.15)


def test_more_pulses_than_frames_need_more_than_a_count() -> None:
    begun = 0.5 + np.arange(300) / 60.0
    frames = (begun + 0.002)[40:200] - 3.0
    with pytest.raises(HipdriveError, match="141 ways") as caught:
        exposures(pulsed(begun), frames)
    assert caught.value.code == "sync_ambiguous"
    found = exposures(pulsed(begun), frames, near=(3.0, 0.007))
    assert found.times == pytest.approx((begun + 0.002)[40:200], abs=1e-7)
    # an uneven rhythm decides by itself
    rng = np.random.default_rng(1)
    uneven = begun + rng.uniform(0.0, 0.003, 300)
    found = exposures(pulsed(uneven), (uneven + 0.002)[40:200] - 3.0)
    assert found.clock.offset == pytest.approx(3.0, abs=1e-6)
    with pytest.raises(HipdriveError, match="no pulse is near"):
        exposures(pulsed(begun), frames, near=(90.0, 0.007))


def test_pulses_that_do_not_do_are_refused() -> None:
    begun = 0.5 + np.arange(30) / 60.0
    with pytest.raises(HipdriveError, match="exposure_ms"):
        exposures(pulsed(begun, None), begun)
    with pytest.raises(HipdriveError, match="no line of a camera"):
        exposures(empty(2.0), begun)
    with pytest.raises(UsageError, match="no line of a camera 'top'"):
        exposures(pulsed(begun), begun, camera="top")
    with pytest.raises(UsageError, match="numbers"):
        exposures(pulsed(begun), begun, numbers=np.arange(29))
    with pytest.raises(HipdriveError, match="uneven"):
        exposures(pulsed(begun), np.sort(np.random.default_rng(0).uniform(0, 1, 30)))
    with pytest.raises(HipdriveError, match="too few"):
        exposures(pulsed(begun[:2]), begun[:2])


# --- a coded lamp ---


def blinked(
    seed: int, fps: float, exposure: float, *, seconds: float = 6.0, drift: float = 0.0, noise: float = 0.02,
    bright: float = 0.7, bit: float = BIT, gamma: float = 2.2,
) -> tuple[Trial, Brightness, Floats]:  # fmt: skip
    """A lamp as a camera sees it, by counting microseconds; and the true times of the frames."""
    rng = np.random.default_rng([seed, round(fps)])
    lamp = Lamp.code(int(rng.integers(60_000)), bit, 0.013, seconds + 3.0)
    trial = with_lamp(empty(seconds + 4.0), lamp)
    times = rng.uniform(0.5, 1.5) + np.arange(round(seconds * fps)) / fps
    fine = np.linspace(-0.5, 0.5, 401) * exposure
    state = np.searchsorted(lamp.edges, times[:, np.newaxis] + fine) % 2
    light = 0.02 + bright * state.mean(axis=1)
    level = np.clip(np.minimum(light, 1.0) ** (1.0 / gamma) + rng.normal(0.0, noise, len(times)), 0.0, 1.0)
    clip = (times - rng.uniform(-30.0, 30.0)) / (1.0 + drift)
    return trial, Brightness(times=clip, values=level**2.2, clipped=float(bright > 1.0)), times


@pytest.mark.parametrize(("fps", "sd"), [(30, 0.35), (60, 0.2), (120, 0.15), (240, 0.1)])
@pytest.mark.parametrize("known", [True, False])
def test_a_coded_lamp_is_found_to_a_fraction_of_a_millisecond(fps: int, sd: float, known: bool) -> None:
    """Over 20 seeds, at 1 ms of exposure: within 1 ms always, SD in ms, and an error that covers."""
    errors, scores = [], []
    for seed in range(20 if known else 2):
        trial, seen, truth = blinked(seed, fps, 0.001, seconds=3.0 if fps == 240 else 6.0)
        found = led(trial, seen, exposure=0.001 if known else None)
        assert found.clock.method == "led_code"
        missed = found.clock.to_force(seen.times) - truth
        errors.append(missed[len(missed) // 2])
        scores.append(np.abs(missed).max() / found.clock.standard_error)
    assert np.abs(errors).max() < 1e-3
    assert 1e3 * np.std(errors) < sd
    assert np.mean(np.array(scores) < 1.96) >= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("fps", [30, 60, 120])
def test_long_exposures_and_unknown_ones(fps: int) -> None:
    for seed in range(5):
        trial, seen, truth = blinked(seed, fps, 0.9 / fps)
        for exposure in (0.9 / fps, None):
            found = led(trial, seen, exposure=exposure)
            assert np.abs(found.clock.to_force(seen.times) - truth).max() < min(1e-3, 3.0 * found.clock.standard_error)


def test_times_that_jitter_widen_the_error() -> None:
    """A camera whose frames are stamped when they arrive, 1 ms to and fro."""
    scores = []
    for seed in range(12):
        trial, seen, truth = blinked(seed, 60, 0.001)
        jitter = np.random.default_rng(seed).normal(0.0, 1e-3, len(truth))
        found = led(trial, replace(seen, times=seen.times + jitter), exposure=0.001)
        missed = found.clock.to_force(seen.times) - truth
        assert np.abs(missed).max() < 2e-3
        scores.append(np.abs(missed).mean() / found.clock.standard_error)
    assert np.mean(np.array(scores) < 1.96) >= 0.75


def test_changes_at_multiples_of_a_frame_tell_little_and_it_says_so() -> None:
    """Bits of 50 ms are three frames at 60 Hz: all changes fall at one place in a frame, where nothing is exposed."""
    scores, sizes = [], []
    for seed in range(12):
        trial, seen, truth = blinked(seed, 60, 0.001, bit=0.050)
        found = led(trial, seen, exposure=0.001)
        sizes.append(found.clock.standard_error)
        scores.append(abs(float(found.clock.to_force(seen.times[100])) - truth[100]) / found.clock.standard_error)
    assert np.median(sizes) > 0.003
    assert np.mean(np.array(scores) < 1.96) >= 0.9


def test_a_lamp_too_bright_is_seen_through_and_told() -> None:
    for seed in range(3):
        trial, seen, truth = blinked(seed, 60, 0.015, bright=3.0)
        found = led(trial, seen, exposure=0.015)
        assert found.notes == ("led_clipped",)
        missed = np.abs(found.clock.to_force(seen.times) - truth).max()
        assert missed < max(5e-4, 3.0 * found.clock.standard_error)
        assert missed < 1.5e-3


def test_a_long_clip_gives_the_drift() -> None:
    trial, seen, truth = blinked(3, 60, 0.002, seconds=60.0, drift=180e-6)
    found = led(trial, seen, exposure=0.002)
    assert found.drift == pytest.approx(180e-6, abs=10e-6)
    assert np.abs(found.clock.to_force(seen.times) - truth).max() < 1e-3


def test_what_blinks_but_is_not_the_code_is_refused() -> None:
    trial, seen, _ = blinked(1, 60, 0.001)
    other, _, _ = blinked(2, 60, 0.001)
    with pytest.raises(HipdriveError) as caught:
        led(other, seen)
    assert caught.value.code in ("sync_misfit", "sync_ambiguous")
    on = np.linspace(0.1, 8.9, 45)
    regular = with_lamp(empty(10.0), Lamp(on, on + 0.1))
    times = np.arange(60, 240) / 60.0
    state = (np.searchsorted(regular.edges[0].times, times) > np.searchsorted(regular.edges[1].times, times)).astype(
        float
    )
    with pytest.raises(HipdriveError, match="more than one place"):
        led(regular, Brightness(times=times, values=0.1 + 0.6 * state))
    with pytest.raises(HipdriveError, match="no lamp"):
        led(empty(5.0), seen)
    short = Brightness(times=seen.times[:20], values=seen.values[:20])
    with pytest.raises(HipdriveError):
        led(trial, short)
    with pytest.raises(UsageError, match="does not fit"):
        led(trial, seen, exposure=0.5)
    noise = Brightness(times=seen.times, values=np.random.default_rng(0).uniform(0, 1, len(seen.times)))
    with pytest.raises(HipdriveError, match="not the lamp"):
        led(trial, noise)


# --- through pictures ---

JUMP = simulate_motion("cmj", seed=3, point_noise=0.0)


class Kept:
    def __init__(self) -> None:
        self.frames: list[tuple[int, float, NDArray[np.uint8]]] = []

    def add(self, image: NDArray[np.uint8], t: float) -> None:
        self.frames.append((len(self.frames), t, image))


@pytest.fixture(scope="module")
def shot() -> tuple[Trial, Renderer, Kept, Any]:
    """A clip of 3 s, small, with lost frames, rolling shutter and an offset, and its trial with all lines."""
    lamp = Lamp.code(321, BIT, 0.02, JUMP.duration)
    camera = Camera(size=(320, 240), focal=350.0)
    renderer = Renderer(JUMP, Scene(camera=camera, lamp=lamp, lamp_radius=0.06))
    kept = Kept()
    told = film(renderer, kept, start=1.2, seconds=3.0, fps=60.0, exposure=0.002, readout=0.015, offset=-4.0,
                drift=40e-6, drops=(30, 31, 90))  # fmt: skip
    return with_exposures(with_lamp(JUMP, lamp), told), renderer, kept, told


def test_a_lamp_in_pictures_is_found_and_its_row_has_its_own_time(shot: tuple[Trial, Renderer, Kept, Any]) -> None:
    trial, renderer, kept, told = shot
    box = lampseen.find(kept.frames)
    x, y, w, h = renderer.lamp_box()
    left, top, wide, tall = box
    assert left <= x
    assert top <= y
    assert left + wide >= x + w
    assert top + tall >= y + h
    assert wide < 3 * w + 12
    for used in (box, (x, y, w, h)):
        seen = lampseen.brightness(kept.frames, used, readout=0.015)
        found = led(trial, seen, exposure=0.002)
        missed = found.clock.to_force(told.times) - told.clock.to_force(told.times)
        assert np.abs(missed).max() < 1e-3
        assert abs(missed[len(missed) // 2]) < 3.0 * found.clock.standard_error
    # without the time of its row it would be off by what the row is late
    late = 0.015 * (y + 0.5 * h) / 240.0
    plain = led(trial, lampseen.brightness(kept.frames, (x, y, w, h)), exposure=0.002)
    assert plain.clock.to_force(told.times[80]) - told.clock.to_force(told.times[80]) == pytest.approx(late, abs=1e-3)


def test_pulses_of_the_rendered_camera(shot: tuple[Trial, Renderer, Kept, Any]) -> None:
    trial, _, _, told = shot
    found = exposures(trial, told.times)
    assert found.clock.to_force(told.times) == pytest.approx(told.clock.to_force(told.times), abs=2e-7)


def test_boxes_and_clips_without_a_lamp_are_refused(shot: tuple[Trial, Renderer, Kept, Any]) -> None:
    _, _, kept, _ = shot
    with pytest.raises(UsageError, match="does not lie"):
        lampseen.brightness(kept.frames[:3], (310.0, 10.0, 30.0, 10.0))
    with pytest.raises(HipdriveError, match="too short"):
        lampseen.find(kept.frames[:5])
    plain, dark = Kept(), Renderer(JUMP, Scene(camera=Camera(size=(320, 240), focal=350.0)))
    film(dark, plain, start=2.0, seconds=1.0, fps=30.0)
    with pytest.raises(HipdriveError, match="no blinking lamp"):
        lampseen.find(plain.frames)


def test_a_clipped_lamp_is_told() -> None:
    lamp = Lamp.code(321, BIT, 0.02, JUMP.duration)
    scene = Scene(camera=Camera(size=(320, 240), focal=350.0), lamp=lamp, lamp_radius=0.08, brightness=4.0)
    renderer, kept = Renderer(JUMP, scene), Kept()
    film(renderer, kept, start=0.2, seconds=0.5)
    assert lampseen.brightness(kept.frames, renderer.lamp_box()).clipped > 0.8


# --- sound ---


def heard(
    kind: str, snr: float, seed: int, rate: float = 10_000.0, clip_rate: float = 44_100.0
) -> tuple[Trial, Signal, float]:
    """A chirp or a clap at a microphone beside the plates and in a clip; and the true offset of the clip's clock."""
    rng = np.random.default_rng([seed, round(snr)])
    offset, at = rng.uniform(-5.0, 5.0), 1.5
    noise = 0.5 * 10 ** (-snr / 20)

    def wave(times: Floats) -> Floats:
        t = times - at
        if kind == "chirp":
            return np.asarray(np.where((t > 0) & (t < 0.1), np.sin(2 * np.pi * (500 * t + 0.5 * 15_000 * t * t)), 0.0))
        return np.asarray(np.where(t > 0, np.exp(-np.clip(t, 0, None) / 0.004) * np.sin(2 * np.pi * 900 * t), 0.0))

    mine = np.arange(round(3.0 * rate)) / rate
    clip = 0.3 + np.arange(round(3.0 * clip_rate)) / clip_rate - offset
    volts = wave(mine) + rng.normal(0, noise, len(mine))
    trial = replace(empty(3.0), signals=(Signal(name="mic", values=volts, rate=rate, unit="V"),))
    sounded = wave(clip + offset) + rng.normal(0, noise, len(clip))
    return trial, Signal(name="clip", values=sounded, rate=clip_rate, unit="1", t0=float(clip[0])), offset


@pytest.mark.parametrize(("kind", "snr"), [("chirp", 30.0), ("chirp", 10.0), ("chirp", 0.0), ("clap", 30.0)])
def test_sounds_are_matched_to_a_tenth_of_a_millisecond(kind: str, snr: float) -> None:
    for seed in range(4):
        trial, clip, offset = heard(kind, snr, seed)
        found = sound(trial, clip, kind=kind)
        assert found.clock.offset == pytest.approx(offset, abs=1e-4)
        assert found.clock.method == kind
        # of a telephone that nobody measured
        assert found.u95 == pytest.approx(0.0202, abs=0.001)
        assert found.notes == ("sound_uncalibrated",)
        sure = sound(trial, clip, kind=kind, skew=0.030, skew_u95=0.001, distance=6.86, distance_u95=0.1)
        assert sure.clock.offset == pytest.approx(offset + 0.030 + 0.020, abs=3e-4)
        assert 0.0005 < sure.u95 < 0.002


def test_a_faint_clap_and_no_sound_are_refused() -> None:
    trial, clip, _ = heard("clap", 10.0, 0)
    with pytest.raises(HipdriveError, match="dB"):
        sound(trial, clip, kind="clap")
    rng = np.random.default_rng(0)
    with pytest.raises(HipdriveError, match="more than one place"):
        sound(trial, replace(clip, values=rng.normal(size=len(clip.values))), kind="chirp")
    with pytest.raises(HipdriveError, match="no microphone"):
        sound(empty(3.0), clip)
    with pytest.raises(HipdriveError, match="too little"):
        sound(trial, replace(clip, values=np.zeros(3000)))
    with pytest.raises(UsageError, match="no sound to synchronise"):
        sound(trial, clip, kind="bang")
    with pytest.raises(UsageError, match="no signal"):
        sound(trial, clip, channel="emg")


# --- the centre of mass in pixels, and the choice ---


def body(scale: float, offset: float, fps: float = 60.0) -> Motion:
    """The centre of mass of the jump, as a camera with a wrong scale sees it."""
    renderer = Renderer(JUMP)
    times = 0.3 + np.arange(round(fps * 4.5)) / fps
    rng = np.random.default_rng(0)
    com = np.full((len(times), 3), np.nan)
    com[:, 2] = scale * (
        renderer.leap.moving.com(times + renderer.leap.phase).imag + rng.normal(0.0, 0.004, len(times))
    )
    return Motion(clock="clip", times=times - offset, com=com)


@pytest.mark.parametrize("scale", [175.0, 40.0, 1.0, -1.0])
def test_the_centre_of_mass_in_pixels_brings_its_own_scale(scale: float) -> None:
    seen = body(abs(scale), 4.0)
    assert seen.com is not None
    height = np.sign(scale) * seen.com[:, 2]
    if scale < 0.0:  # rows count downwards
        with pytest.raises(HipdriveError):
            match_px(JUMP, seen.times, height)
        return
    found = match_px(JUMP, seen.times, height)
    assert found.clock.method == "com"
    assert found.clock.offset == pytest.approx(4.0, abs=max(0.003, 3.0 * found.clock.standard_error))
    assert found.scale == pytest.approx(scale, rel=0.05)


def test_pixels_are_no_metres_and_are_refused() -> None:
    with pytest.raises(HipdriveError):
        sync.match(JUMP, body(175.0, 4.0))
    still = Trial.from_forces(700.0 + np.random.default_rng(0).normal(size=(1, 5000)), 1000.0)
    with pytest.raises(HipdriveError, match="nobody moves"):
        match_px(still, np.arange(100) / 60.0, np.random.default_rng(0).normal(size=100))


def test_the_best_way_is_taken_and_the_others_are_explained(shot: tuple[Trial, Renderer, Kept, Any]) -> None:
    trial, renderer, kept, told = shot
    lamp = lampseen.brightness(kept.frames, renderer.lamp_box(), readout=0.015)
    all_of = Evidence(frames=told.times, lamp=lamp, exposure=0.002, given=(-4.0, 0.02), motion=body(1.0, -4.0))
    assert best(trial, all_of).method == "exposure"
    without = replace(trial, edges=trial.edges[:2], rig='[[sync]]\nid = "lamp"\n')
    chosen = best(without, all_of)
    assert chosen.method == "led_code"
    assert [method for method, _ in chosen.passed] == ["exposure"]
    assert "no line of a camera" in chosen.said
    chosen = best(JUMP, all_of)
    assert (chosen.method, len(chosen.passed)) == ("com", 2)
    chosen = best(JUMP, replace(all_of, motion=None))
    assert chosen.method == "manual"
    assert [method for method, _ in chosen.passed] == ["exposure", "led_code", "com", "chirp", "clap"]
    clip_trial, clip, offset = heard("chirp", 20.0, 0)
    chosen = best(clip_trial, Evidence(sound=clip, sound_kind="chirp", given=(0.0, 0.1)))
    assert chosen.method == "chirp"
    assert chosen.sync.clock.offset == pytest.approx(offset, abs=1e-4)
    with pytest.raises(HipdriveError, match="nothing brings") as caught:
        best(JUMP, Evidence())
    assert caught.value.code == "sync_none"


def test_a_line_through_offsets_is_drawn_to_no_drift_where_little_is_known() -> None:
    short = line(np.array([0.0, 1.0]), np.array([1.0, 1.001]), np.array([1e-3, 1e-3]))
    assert abs(short[2]) < 1e-5
    assert short[3] == pytest.approx(50e-6, rel=0.01)
    assert math.isclose(short[1], 1e-3 / math.sqrt(2.0))
    assert isinstance(sync.given(0.0, 0.1), Sync)
