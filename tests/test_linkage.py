"""The simulated athlete with joints against plain second routes: differences, sums over segments, dense sampling."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hipdrive import store
from hipdrive.acquisition.simulated import linkage, perturbed
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.acquisition.simulated.linkage import JOINTED, Settings, simulate_motion
from hipdrive.acquisition.simulated.moving import Moving
from hipdrive.analysis.analyse import analyse
from hipdrive.cli import run
from hipdrive.errors import UsageError
from hipdrive.trial import ClockMap, Floats, Track, Trial, Truth

G = 9.80665
QUIET = {"noise": 0.0, "angle_noise": 0.0, "posture_bias": 0.0, "point_noise": 0.0}
SWINGS = {"arm_lag": -0.03}
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cmj", {"seed": 1}), ("cmj", {"seed": 2, **SWINGS, "right_lag": 0.012}), ("sj", {"seed": 3, **SWINGS}),
    ("dj", {"seed": 4}), ("squat", {"seed": 5}),
)  # fmt: skip
JUMPS = CASES[:4]


def settings_of(test: str, **given: Any) -> Settings:
    """The settings of a trial with what its seed drew."""
    trial = simulate_motion(test, **given)
    return Settings(**{name: truth_of(trial).settings[name] for name in asdict(Settings())})


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


@cache
def made(case: int) -> tuple[Settings, Moving]:
    test, given = CASES[case]
    ask = settings_of(test, **given)
    return ask, linkage.movement(test, ask)


def away(moving: Moving, t: Floats, margin: float = 1e-3) -> Floats:
    """Times that are not next to a change of ground, nor to where one polynomial hands over to the next."""
    knots = np.r_[[stage.start for stage in moving.stages], moving.curves["knee_left"].x]
    return np.asarray(t[np.abs(t[:, np.newaxis] - knots).min(axis=1) > margin])


@pytest.mark.parametrize("case", range(len(CASES)))
def test_force_is_mass_times_the_second_difference_of_the_centre_of_mass(case: int) -> None:
    ask, moving = made(case)
    t, h = away(moving, np.arange(0.01, moving.marks["end"] - 0.01, 1e-3)), 1e-4
    second = (moving.com(t + h) - 2.0 * moving.com(t) + moving.com(t - h)) / h**2
    force = moving.force(t)
    held = np.zeros(len(t), dtype=bool)
    for stage in moving.stages:
        if stage.kind == "box":
            held |= t < stage.end
    assert ask.mass is not None
    # 1 mN per kg: what is left of the fourth derivative over 0.1 ms, and of rounding
    np.testing.assert_allclose(force[~held], ask.mass * (second + 1j * G)[~held], atol=1e-3 * ask.mass, rtol=0.0)
    assert np.abs(force[held]).max(initial=0.0) == 0.0, "nobody feels the box"


REFERENCE = {"trunk": 43.46, "head": 6.94, "upper_arm": 2.71, "forearm": 1.62, "hand": 0.61, "thigh": 14.16,
             "shank": 4.33, "foot": 1.37}  # fmt: skip
"""de Leva 1996, men, % of body mass."""


@pytest.mark.parametrize("case", range(len(CASES)))
def test_centre_of_mass_is_the_sum_over_the_segments_between_the_points(case: int) -> None:
    _, moving = made(case)
    t = np.arange(0.0, moving.marks["end"], 0.02)
    p = moving.points(t)
    hips = 0.5 * (p["hip_left"] + p["hip_right"])
    total, mass = np.zeros(len(t), complex), 0.0

    def put(name: str, near: Any, far: Any, along: float) -> None:
        nonlocal total, mass
        total, mass = total + REFERENCE[name] * (near + along * (far - near)), mass + REFERENCE[name]

    put("trunk", p["shoulder_left"], hips, 0.4310)
    put("head", p["head"], p["shoulder_left"], 0.3671)
    for side in ("left", "right"):
        put("upper_arm", p[f"shoulder_{side}"], p[f"elbow_{side}"], 0.5772)
        put("forearm", p[f"elbow_{side}"], p[f"wrist_{side}"], 0.4574)
        put("hand", p[f"elbow_{side}"], p[f"wrist_{side}"], 1.25)
        put("thigh", p[f"hip_{side}"], p[f"knee_{side}"], 0.4095)
        put("shank", p[f"knee_{side}"], p[f"ankle_{side}"], 0.4395)
        put("foot", p[f"heel_{side}"], p[f"toe_{side}"], 0.4415)
    assert mass == pytest.approx(100.0, abs=0.1)
    np.testing.assert_allclose(moving.com(t), total / mass, atol=1e-12)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_segments_keep_their_length_and_feet_their_place(case: int) -> None:
    _, moving = made(case)
    t = np.arange(0.0, moving.marks["end"], 0.005)
    p = moving.points(t)
    for side in ("left", "right"):
        for one, other in (("heel", "toe"), ("heel", "ankle"), ("ankle", "knee"), ("knee", "hip"),
                           ("shoulder", "elbow"), ("elbow", "wrist")):  # fmt: skip
            assert np.ptp(np.abs(p[f"{one}_{side}"] - p[f"{other}_{side}"])) < 1e-12
        for stage in moving.stages:
            inside = (t >= stage.start) & (t < stage.end)
            if stage.kind == "ground":
                assert np.abs(p[f"toe_{side}"][inside] - p[f"toe_{side}"][inside][0]).max() < 1e-12
                assert abs(p[f"toe_{side}"][inside][0].imag) < 1e-9
            if stage.kind == "air":
                assert p[f"toe_{side}"][inside].imag.min() > -1e-6, "no foot goes through the ground"
    assert np.abs(p["hip_left"] - p["hip_right"]).max() < 0.05, "a pelvis can be tilted so far"


@pytest.mark.parametrize("case", range(len(JUMPS)))
def test_impulse_is_the_change_of_momentum_and_flight_is_ballistic(case: int) -> None:
    ask, moving = made(case)
    to, td = moving.marks["takeoff"], moving.marks["touchdown"]
    assert ask.mass is not None
    start = moving.marks.get("first_contact", 0.0)
    edges = np.linspace(start, to, 200_001)
    middle = 0.5 * (edges[1:] + edges[:-1])
    impulse = (moving.force(middle) - 1j * ask.mass * G).sum() * (edges[1] - edges[0])
    speed = moving.velocity(np.array([start, to]))
    assert abs(impulse - ask.mass * (speed[1] - speed[0])) < 1e-5
    assert abs(moving.force(np.array([to - 1e-9]))[0].imag) < 1e-3, "the force is zero as the feet leave"
    assert abs(moving.force(np.array([td + 1e-9]))[0]) < 1e-3, "and when they come down"
    assert moving.force(np.arange(start, to - 1e-3, 1e-3)).imag.min() > -1e-9
    t = np.linspace(to, td - 1e-9, 2001)
    z = moving.com(t).imag
    v = speed[1].imag
    np.testing.assert_allclose(z, z[0] + v * (t - to) - 0.5 * G * (t - to) ** 2, atol=1e-12)
    assert z.max() - z[0] == pytest.approx(v * v / (2.0 * G), abs=1e-6)
    after = moving.com(np.array([td + 1e-9]))
    assert abs(after[0] - moving.com(np.array([td - 1e-9]))[0]) < 1e-7
    assert abs(moving.velocity(np.array([td + 1e-9]))[0] - moving.velocity(np.array([td - 1e-9]))[0]) < 1e-6


def plain_angles(points: dict[str, Floats]) -> dict[str, Floats]:
    """METRICS.md 13, written down once more."""

    def turn(a: str, b: str) -> Floats:
        d = points[a] - points[b]
        return np.degrees(np.unwrap(np.arctan2(d[:, 2], d[:, 0])))

    found: dict[str, Floats] = {}
    trunk = turn("shoulder_left", "mid_hip")
    for side in ("left", "right"):
        thigh, shank = turn(f"hip_{side}", f"knee_{side}"), turn(f"knee_{side}", f"ankle_{side}")
        foot = turn(f"toe_{side}", f"heel_{side}")
        found |= {f"hip_angle_{side}": 180.0 - (thigh - trunk), f"knee_angle_{side}": 180.0 - (thigh - shank),
                  f"ankle_dorsiflexion_{side}": 90.0 - (shank - foot), f"shin_angle_{side}": 90.0 - shank}  # fmt: skip
    return found | {"trunk_lean": 90.0 - trunk}


@pytest.mark.parametrize("case", range(len(CASES)))
def test_angles_are_those_of_the_points(case: int) -> None:
    test, given = CASES[case]
    trial = simulate_motion(test, **given, **QUIET)
    angles, points = (next(t for t in trial.tracks if t.kind == kind) for kind in ("angles", "points"))
    places = dict(zip(points.names, np.moveaxis(points.values, 1, 0), strict=True))
    places["mid_hip"] = 0.5 * (places["hip_left"] + places["hip_right"])
    for name, want in plain_angles(places).items():
        np.testing.assert_allclose(angles.values[:, angles.names.index(name), 0], want, atol=1e-8)


@pytest.mark.parametrize("hip_knee", [-0.02, 0.0, 0.03])
@pytest.mark.parametrize("test", ["cmj", "dj"])
def test_delays_are_the_ones_asked_for_and_onsets_those_of_dense_samples(test: str, hip_knee: float) -> None:
    given = {"seed": 6, "hip_knee_delay": hip_knee, "knee_ankle_delay": 0.01, "right_lag": 0.008}
    trial = simulate_motion(test, **given, **QUIET)
    truth = truth_of(trial)
    assert truth["hip_knee_delay_left"] == pytest.approx(hip_knee, abs=1e-9)
    assert truth["knee_ankle_delay_left"] == pytest.approx(0.01, abs=1e-9)
    knees = [truth.events[f"knee_peak_extension_velocity_time_{side}"] for side in ("left", "right")]
    assert knees[1] - knees[0] == pytest.approx(0.008, abs=1e-9)
    moving = linkage.movement(test, settings_of(test, **given))
    t = np.arange(moving.marks["push"], moving.marks["touchdown"], 1e-5)
    for joint, name, sign in (("hip", "hip_angle", 1.0), ("knee", "knee_angle", 1.0),
                              ("ankle", "ankle_dorsiflexion", -1.0)):  # fmt: skip
        speed = sign * np.gradient(moving.angles[f"{name}_right"](t), t)
        k = int(np.argmax(speed))
        assert truth.events[f"{joint}_peak_extension_velocity_time_right"] == pytest.approx(
            t[k] - truth.settings["phase"], abs=1e-4
        )
        below = np.flatnonzero(speed[:k] < max(0.05 * speed[k], 20.0))
        assert truth.events[f"{joint}_extension_onset_right"] == pytest.approx(
            t[below[-1]] - truth.settings["phase"], abs=1e-4
        )


def test_events_of_force_are_those_of_dense_samples() -> None:
    ask, moving = made(1)
    truth = truth_of(simulate_motion(*CASES[1][:1], **CASES[1][1]))
    t = np.arange(moving.marks["start"], moving.marks["takeoff"], 1e-5)
    v, force = moving.velocity(t).imag, moving.force(t).imag
    lowest = int(np.argmin(moving.com(t).imag))
    first = truth.settings["phase"]
    assert v[lowest] == pytest.approx(0.0, abs=1e-3)
    assert truth.events["zero_velocity"] == pytest.approx(t[lowest] - first, abs=2e-5)
    assert truth.events["peak_force_time"] == pytest.approx(t[lowest + np.argmax(force[lowest:])] - first, abs=1e-4)
    hip = 0.5 * (moving.angles["hip_angle_left"](t) + moving.angles["hip_angle_right"](t))
    knee = 0.5 * (moving.angles["knee_angle_left"](t) + moving.angles["knee_angle_right"](t))
    gains = [np.maximum(np.diff(a[lowest:]), 0.0).sum() for a in (hip, knee)]
    assert truth["hip_drive_index"] == pytest.approx(gains[0] / sum(gains), abs=1e-4)
    assert truth["hip_extension_at_toeoff"] == pytest.approx(hip[-1], abs=0.02)
    arms = np.gradient(moving.angles["shoulder_angle_left"](t), t)
    fastest = t[lowest + np.argmax(arms[lowest:])] - first
    assert truth["arm_swing_lag"] == pytest.approx(fastest - truth.events["hip_peak_extension_velocity_time"], abs=1e-4)
    assert ask.arm_lag == -0.03


def test_analysis_of_the_forces_finds_the_jump_within_its_uncertainty() -> None:
    inside, far = [], []
    for test in ("cmj", "sj", "dj"):
        for seed in range(4):
            trial = simulate_motion(test, seed=seed)
            rep, truth = analyse(trial).reps[0], truth_of(trial)
            for name in ("takeoff_velocity", "flight_time", "system_weight", "contact_time"):
                if name in truth:
                    assert np.isfinite(rep[name].value), (test, seed, name, rep[name].why)
                    miss = abs(rep[name].value - truth[name]) / rep[name].u95
                    inside.append(miss <= 1.0)
                    far.append(miss)
    assert np.mean(inside) > 0.9 and max(far) < 2.5, (np.mean(inside), max(far))


def test_a_slow_squat_leaves_no_ground() -> None:
    trial = simulate_motion("squat", seed=5)
    truth = truth_of(trial)
    assert "takeoff" not in truth.events and "takeoff_velocity" not in truth
    assert trial.fz.sum(axis=0).min() > 0.7 * truth["system_weight"]
    assert truth["hip_peak_extension_velocity"] < 200.0


def track(trial: Trial, kind: str) -> Track:
    return next(t for t in trial.tracks if t.kind == kind)


def test_the_camera_has_its_own_clock_and_uneven_frames() -> None:
    given = {"seed": 8, "frame_rate": 60.0, "frame_jitter": 0.003, **QUIET}
    trial = simulate_motion("cmj", **given, clock_offset=12.5, clock_drift=200.0)
    assert not trial.clocks, "nobody has brought the clocks together"
    seen = track(trial, "points")
    gaps = np.diff(seen.times)
    assert gaps.min() >= 0.0 and 0.001 < gaps.std() < 0.006
    back = ClockMap(offset=12.5, slope=1.0002).to_force(seen.times)
    ask = settings_of("cmj", **given, clock_offset=12.5, clock_drift=200.0)
    head = linkage.movement("cmj", ask).points(back + truth_of(trial).settings["phase"])["head"]
    np.testing.assert_allclose(seen.values[:, seen.names.index("head"), 2], head.imag, atol=1e-9)
    assert simulate_motion("cmj", seed=8).clocks["motion"] == ClockMap(offset=0.0)


def test_noise_is_as_large_and_as_slow_as_asked_for() -> None:
    t = np.arange(0.0, 400.0, 0.005)
    rng = np.random.default_rng(1)
    ou = perturbed.correlated(t, rng, 0.7)
    assert ou.std() == pytest.approx(0.7, rel=0.05)
    assert np.corrcoef(ou[1:], ou[:-1])[0, 1] == pytest.approx(np.exp(-0.005 / 0.012), abs=0.03)
    slow = np.array([perturbed.slow(np.array([0.0, 0.15]), rng, 2.0) for _ in range(4000)])
    assert slow.std() == pytest.approx(2.0, rel=0.05)
    assert np.corrcoef(slow.T)[0, 1] == pytest.approx(np.exp(-0.5), abs=0.05)
    loud, still = (track(simulate_motion("squat", seed=5, frame_rate=500.0, **{**QUIET, **more}), "angles").values
                   for more in ({"angle_white": 1.0}, {}))  # fmt: skip
    assert (loud - still).std() == pytest.approx(1.0, rel=0.05)


def test_the_same_seed_gives_the_same_trial_and_another_does_not() -> None:
    one, same, other = (simulate("cmj", seed=seed, joints=True) for seed in (3, 3, 4))
    assert np.array_equal(one.fz, same.fz) and np.array_equal(one.tracks[0].values, same.tracks[0].values)
    assert truth_of(one).settings["mass"] != truth_of(other).settings["mass"]


@pytest.mark.parametrize(
    ("test", "given", "told"),
    [
        ("hops", {}, "cannot be simulated with joints"),
        ("cmj", {"colour": 1}, "no setting of an athlete with joints"),
        ("cmj", {"frame_rate": 5.0}, "give 20 to 2000 Hz"),
        ("cmj", {"depth": 0.5, "height": 1.5}, "depth of 0.5 m is not possible"),
        ("cmj", {"depth": "deep"}, "depth 'deep' is not possible"),
        ("dj", {"arm_lag": 0.0}, "hands on the hips"),
        ("cmj", {"duration": 3.0}, "leave the ground on the way down, or never"),
        ("cmj", {"sway": 1.0}, "has no sway"),
    ],
)
def test_what_cannot_be_simulated_is_said(test: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        simulate(test, joints=True, **given)


def test_command_writes_a_trial_file_with_angles_points_and_truth(tmp_path: Path, capsys: Any) -> None:
    file, answers = tmp_path / "jump.h5", tmp_path / "truth.json"
    assert run(["simulate", "cmj", str(file), "--joints", "--seed", "2", "--truth", str(answers),
                "--set", "hip_knee_delay=0.04", "--set", "frame_rate=60"]) == 0  # fmt: skip
    (trial,) = store.load(file)
    assert {t.kind for t in trial.tracks} == {"angles", "points"}
    assert json.loads(answers.read_text())["values"]["hip_knee_delay"] == pytest.approx(0.04)
    assert run(["simulate", "cmj", str(tmp_path / "jump.csv"), "--joints"]) == 2
    assert ".h5" in capsys.readouterr().err
    assert run(["simulate", "cmj", str(tmp_path / "other.h5"), "--set", "hip_knee_delay=0.04"]) == 2
    assert run(["simulate", "cmj", str(tmp_path / "other.h5"), "--joints", "--set", "hip_knee_delay=soon"]) == 2
    assert "soon" in capsys.readouterr().err


def test_every_movement_can_be_made_with_the_first_seeds() -> None:
    for test in JOINTED:
        for seed in range(3):
            assert simulate_motion(test, seed=seed, frame_rate=30.0).samples > 3000


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_no_point_of_the_body_jumps(test: str) -> None:
    """Where one stage ends and the next begins, in every direction: the depth jump stood 8 cm back at take-off."""
    trial = simulate_motion(test, seed=1, frame_rate=500.0)
    points = next(one for one in trial.tracks if one.unit == "m")
    assert np.abs(np.diff(points.values, axis=0)).max() < 0.03
