"""Angles and centre of mass from points and from other programs' angles, against bodies built by plain rotations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from planar import body, coordinates_track, squat, track

from hipdrive.analysis.kinematics import cutoff_of, motion_of, smooth
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segments import centre_of_mass
from hipdrive.analysis.skeleton import landmarks
from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Track

C = squat()
WANTED = {
    "hip_angle": 180.0 - (C["hip_flexion"] - C["lumbar_extension"]),
    "knee_angle": 180.0 - C["knee_angle"],
    "ankle_dorsiflexion": C["ankle_angle"],
    "trunk_lean": -(C["pelvis_tilt"] + C["lumbar_extension"]),
    "thigh_angle": C["pelvis_tilt"] + C["hip_flexion"],
    "shin_angle": C["knee_angle"] - C["pelvis_tilt"] - C["hip_flexion"],
    "shoulder_angle": C["arm_flex"],
    "elbow_angle": 180.0 - C["elbow_flex"],
}
"""METRICS.md 13's angles of the body, by adding up the rotations that made it."""


def check(found: Track, **options: str) -> None:
    motion = motion_of(found, **options)
    for name, values in WANTED.items():
        sides = ("", "_left", "_right") if name != "trunk_lean" else ("",)
        for side in sides:
            assert motion.angles[name + side] == pytest.approx(values, abs=1e-6), name + side


@pytest.mark.parametrize("axes", ["xyz", "xz-y", "-x-yz", "-xzy", "yzx", "zy-x"])
@pytest.mark.parametrize("unit", ["m", "mm"])
def test_angles_do_not_depend_on_axes_units_or_the_way_the_athlete_faces(axes: str, unit: str) -> None:
    """OpenSim has Y up, others Z; an athlete who faces -X is one who faces +X."""
    check(track(body(C), axes=axes, unit=unit))


@pytest.mark.parametrize("yaw", [30.0, 90.0, 135.0, -100.0])
def test_angles_do_not_depend_on_where_forward_is(yaw: float) -> None:
    check(track(body(C), yaw=yaw))


def test_hyperextension_stays_above_180() -> None:
    motion = motion_of(track(body(C)))
    assert motion.angles["knee_angle_left"].max() == pytest.approx(186.0, abs=1e-6)
    assert motion.angles["hip_angle_left"].max() == pytest.approx(189.0, abs=1e-6)


def flat(points: dict[str, Floats], *, mirrored: bool = False, down: bool = False, unit: str = "m") -> Track:
    """One side of the body as a side view sees it: level and vertical only."""
    turn = np.array([-1.0 if mirrored else 1.0, -1.0 if down else 1.0])
    side = {name.removesuffix("_right"): place[:, [0, 2]] * turn for name, place in points.items() if "right" in name}
    return Track(name="side", kind="points", times=np.arange(101) / 60.0, values=np.stack(list(side.values()), axis=1),
                 names=tuple(side), unit=unit)  # fmt: skip


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("down", [False, True])
def test_a_side_view_gives_the_same_angles(mirrored: bool, down: bool) -> None:
    """Pictures count rows downwards, and the athlete may face either way."""
    motion = motion_of(flat(body(C), mirrored=mirrored, down=down, unit="px"))
    for name, values in WANTED.items():
        assert motion.angles[name] == pytest.approx(values, abs=1e-6)
    assert motion.com is None and not motion.points  # pixels are no metres
    in_metres = motion_of(flat(body(C), mirrored=mirrored, down=down))
    assert np.isnan(in_metres.points["hip"][:, 1]).all() and np.isfinite(in_metres.points["hip"][:, [0, 2]]).all()
    assert in_metres.com is not None and np.isfinite(in_metres.com[:, 2]).all()


def picture(yaw: float) -> Track:
    """Both sides of the body as a camera sees them that stands `yaw` degrees off the side."""
    a = np.radians(yaw)
    points = body(C)
    places = np.stack([p @ np.array([[np.cos(a), 0.0], [np.sin(a), 0.0], [0.0, 1.0]]) for p in points.values()], axis=1)
    return Track(name="clip", kind="points", times=np.arange(101) / 60.0, values=places * 300.0, names=tuple(points),
                 unit="mm")  # fmt: skip


def test_a_picture_from_the_front_gives_no_angles_of_the_side() -> None:
    """Only places across and up; what the knees do sideways is read from them."""
    for yaw in (75.0, 90.0, -90.0):
        motion = motion_of(picture(yaw))
        assert not motion.angles and "front view" in motion.methods["facing"]
        knee = motion.points["knee_left"]
        assert np.isnan(knee[:, 0]).all() and np.isfinite(knee[:, 1:]).all()
        assert (motion.points["knee_left"][:, 1] > motion.points["knee_right"][:, 1]).all()


def test_a_picture_from_the_front_in_pixels_gives_nothing() -> None:
    with pytest.raises(UsageError, match="tells nothing without metres"):
        motion_of(dataclasses.replace(picture(90.0), unit="px"))


def test_an_oblique_picture_is_refused_and_one_nearly_from_the_side_is_not() -> None:
    with pytest.raises(UsageError, match="neither from the side nor from the front"):
        motion_of(picture(40.0))
    motion = motion_of(picture(10.0))
    # VIDEO.md 2: 10 degrees of yaw cost 1 degree at most
    assert motion.angles["knee_angle"] == pytest.approx(WANTED["knee_angle"], abs=1.5)
    forced = dataclasses.replace(picture(40.0), kind="points view=side")
    assert "knee_angle" in motion_of(forced).angles


def test_forward_without_feet_is_to_where_the_knees_bend() -> None:
    points = {name: place for name, place in body(C).items() if "toe" not in name and "heel" not in name}
    for mirrored in (False, True):
        motion = motion_of(flat(points, mirrored=mirrored))
        assert motion.angles["knee_angle"] == pytest.approx(WANTED["knee_angle"], abs=1e-6)
        assert "knees bend" in motion.methods["facing"]


@pytest.mark.parametrize("unit", ["deg", "rad"])
def test_opensim_coordinates_are_the_angles_of_the_points(unit: str) -> None:
    """Two ways to the same body: the coordinates, and the points that rotations by them give."""
    motion, points = motion_of(coordinates_track(C, unit=unit)), motion_of(track(body(C)))
    for name in motion.angles:
        wanted = points.angles.get(name.replace("hip_angle", "trunk_thigh"))
        if name.startswith("hip_angle") or wanted is None:
            continue
        assert motion.angles[name] == pytest.approx(wanted, abs=1e-6), name
    assert motion.angles["hip_angle_left"] == pytest.approx(180.0 - C["hip_flexion"], abs=1e-9)
    assert motion.methods["hip_angle_left"] == "pelvis_thigh" and motion.methods["source"] == "angles"
    assert motion.methods["knee_angle_left"] == "opensim_coordinates"
    trunk = motion_of(coordinates_track(C), hip="trunk_thigh")
    assert trunk.angles["hip_angle_left"] == pytest.approx(WANTED["hip_angle"], abs=1e-9)
    assert trunk.methods["hip_angle_left"] == "trunk_thigh"


def test_knees_of_older_models_bend_the_other_way() -> None:
    older = {**C, "knee_angle": -C["knee_angle"]}
    motion = motion_of(coordinates_track(older))
    assert motion.angles["knee_angle_right"] == pytest.approx(180.0 - C["knee_angle"], abs=1e-9)


def angles(*names: str, unit: str = "deg") -> Track:
    values = np.linspace(10.0, 60.0, 11)[:, np.newaxis, np.newaxis].repeat(len(names), axis=1)
    return Track(name="a.csv", kind="angles", times=np.arange(11) / 50.0, values=values, names=names, unit=unit)


@pytest.mark.parametrize(("name", "field", "first"), [
    ("knee_angle_left", "knee_angle_left", 10.0),
    ("Left Knee Flexion", "knee_angle_left", 170.0),
    ("RKneeFlexion", "knee_angle_right", 170.0),
    ("hip_flexion_left", "hip_angle_left", 170.0),
    ("hip flexion", "hip_angle", 170.0),
    ("ankle dorsiflexion L", "ankle_dorsiflexion_left", 10.0),
    ("L_Ankle_plantarflexion", "ankle_dorsiflexion_left", -10.0),
    ("trunk_lean", "trunk_lean", 10.0),
])  # fmt: skip
def test_names_say_what_an_angle_is(name: str, field: str, first: float) -> None:
    assert motion_of(angles(name)).angles[field][0] == pytest.approx(first)


def test_an_angle_that_does_not_say_what_is_straight_is_not_guessed() -> None:
    with pytest.raises(UsageError, match="180 degrees is straight is not said"):
        motion_of(angles("Left knee"))
    with pytest.raises(UsageError, match="straight is not said"):
        motion_of(angles("knee_angle_r"))  # OpenSim's name, but nothing else says that it is OpenSim's
    assert motion_of(angles("Left knee"), angles="flexion").angles["knee_angle_left"][0] == 170.0
    assert motion_of(angles("Left knee"), angles="included").angles["knee_angle_left"][0] == 10.0
    assert motion_of(angles("knee_angle_left"), angles="flexion").angles["knee_angle_left"][0] == 170.0


def test_what_is_not_of_a_joint_is_refused() -> None:
    with pytest.raises(UsageError, match="no joint angle is known"):
        motion_of(angles("knee_rotation_left", "speed"))
    with pytest.raises(UsageError, match="have to be in deg or rad"):
        motion_of(angles("knee_flexion_left", unit="m"))
    with pytest.raises(UsageError, match="no shoulder, hip, knee or ankle"):
        motion_of(track({"A": np.ones((5, 3)), "B": np.zeros((5, 3))}))
    with pytest.raises(UsageError, match="no motion"):
        motion_of([])


def test_left_and_right_exchanged_are_refused() -> None:
    points = body(C)
    crossed = {name.replace("left", "?").replace("right", "left").replace("?", "right"): place
               for name, place in points.items()}  # fmt: skip
    for wrong in (track(crossed), track(points, axes="yz-x")):  # the other: a left-handed system
        with pytest.raises(UsageError, match="left and right markers are exchanged"):
            motion_of(wrong)


def test_up_and_forward_can_be_given_and_have_to_make_sense() -> None:
    lying = {name: place[:, [2, 1, 0]] for name, place in body(C).items()}
    motion = motion_of(track(lying), up="x", forward="z")
    assert motion.angles["knee_angle_left"] == pytest.approx(WANTED["knee_angle"], abs=1e-6)
    assert motion.methods["facing"] == "up x (given), forward z (given)"
    for options, part in (({"up": "w"}, "choose one of"), ({"forward": "z"}, "that is the vertical")):
        with pytest.raises(UsageError, match=part):
            motion_of(track(body(C)), **options)


def test_a_body_that_stands_along_no_axis_is_refused() -> None:
    a = np.radians(45.0)
    tilt = np.array([[np.cos(a), 0.0, np.sin(a)], [0.0, 1.0, 0.0], [-np.sin(a), 0.0, np.cos(a)]])
    straight = {name: np.zeros_like(values) for name, values in C.items()}
    with pytest.raises(UsageError, match="vertical cannot be told"):
        motion_of(track({name: place @ tilt.T for name, place in body(straight).items()}))


def test_travel_shows_forward_where_nothing_else_does() -> None:
    points = body(C, np.linspace([0.0, 0.0, 0.9], [-3.0, 0.0, 0.9], 101))
    bare = {name: points[name] for name in ("hip_right", "knee_right", "ankle_right")}
    assert "direction of travel" in motion_of(track(bare)).methods["facing"]
    still = {name: place - points["hip_right"] for name, place in bare.items()}
    with pytest.raises(UsageError, match="which way the athlete faces cannot be told"):
        motion_of(track(still))


def test_unseen_frames_stay_unseen_and_turns_are_unwrapped() -> None:
    """A somersault: the trunk's angle goes on, whatever is hidden."""
    turn = {name: np.zeros(101) for name in C} | {"pelvis_tilt": np.linspace(0.0, -360.0, 101)}
    points = body(turn)
    for place in points.values():
        place[40:45] = np.nan
    motion = motion_of(track(points), up="z", forward="x")
    lean = motion.angles["trunk_lean"]
    assert np.isnan(lean[40:45]).all()
    seen = np.isfinite(lean)
    assert np.diff(lean)[seen[1:] & seen[:-1]] == pytest.approx(3.6, abs=1e-6)
    assert lean[-1] - lean[0] == pytest.approx(360.0, abs=1e-6)


# --- names ---


@pytest.mark.parametrize("names", [
    {"shoulder": "L_Shoulder", "hip": "L_HJC", "knee": "L_knee", "ankle": "L_ankle", "heel": "L_calc", "toe": "L_toe"},
    {"shoulder": "Anna:LSHO", "hip": "LHJC", "knee": "LKNE", "ankle": "LANK", "heel": "LHEE", "toe": "LTOE"},
    {"shoulder": "LShoulder", "hip": "LHip", "knee": "LKnee", "ankle": "LAnkle", "heel": "LHeel", "toe": "LBigToe"},
    {"shoulder": "LEFT_SHOULDER", "hip": "LEFT_HIP", "knee": "LEFT_KNEE", "ankle": "LEFT_ANKLE", "heel": "LEFT_HEEL",
     "toe": "LEFT_FOOT_INDEX"},
    {"shoulder": "left_shoulder", "hip": "left_hip", "knee": "left_knee", "ankle": "left_ankle"},
    {"shoulder": "LSH", "hip": "LFEP", "knee": "LLEPI", "ankle": "LLMAL", "heel": "LHEEL", "toe": "LTOE"},
    {"shoulder": "L.Shoulder", "hip": "hip_left", "knee": "knee_l", "ankle": "L.Ankle", "toe": "L.Toe"},
])  # fmt: skip
def test_marker_sets_are_known_by_their_names(names: dict[str, str]) -> None:
    values = np.arange(2.0 * len(names) * 3).reshape(2, len(names), 3)
    found, made = landmarks(tuple(names.values()), values)
    assert made == {f"{part}_left": name for part, name in names.items()}
    for i, part in enumerate(names):
        assert (found[f"{part}_left"] == values[:, i]).all()


def test_a_joint_between_two_markers_is_their_middle() -> None:
    values = np.array([[[0.0, 0.0, 0.0], [2.0, 0.0, 4.0]]])
    found, made = landmarks(("R.Knee", "R.Knee.Medial"), values)
    assert found["knee_right"].tolist() == [[1.0, 0.0, 2.0]] and made["knee_right"] == "R.Knee+R.Knee.Medial"
    unseen = values.copy()
    unseen[:, 1] = np.nan
    assert landmarks(("R.Knee", "R.Knee.Medial"), unseen)[1]["knee_right"] == "R.Knee"


# --- centre of mass ---


def test_the_centre_of_mass_of_a_standing_body() -> None:
    """Standing straight with hanging arms, heights added up by hand from the table's percentages."""
    straight = {name: np.zeros(3) for name in C}
    com, method = centre_of_mass(body(straight))
    hip, knee, ankle = 0.9, 0.9 - 0.42, 0.9 - 0.42 - 0.43
    shoulder, elbow = 1.4, 1.4 - 0.28
    parts = [
        (0.43015, shoulder - 0.4046 * 0.5),
        (0.0681, shoulder + 0.447 * 0.5),
        (2 * 0.1447, hip - 0.38535 * 0.42),
        (2 * 0.0457, knee - 0.44375 * 0.43),
        (2 * 0.0133, ankle),
        (2 * 0.0263, shoulder - 0.5763 * 0.28),
        (2 * 0.015, elbow - 0.45665 * 0.26),
        (2 * 0.00585, elbow - 1.25 * 0.26),
    ]
    assert sum(mass for mass, _ in parts) == pytest.approx(1.0, abs=2e-4)
    wanted = sum(mass * height for mass, height in parts) / sum(mass for mass, _ in parts)
    assert method == "segments_de_leva" and com is not None
    assert com[:, 2] == pytest.approx(wanted, abs=2e-4)
    # men's and women's centres lie at 55 to 57 % of the height, here of about 1.72 m
    assert 0.53 < com[0, 2] / 1.72 < 0.58


def test_the_centre_of_mass_says_what_was_missing() -> None:
    points = body(C)

    def without(*parts: str) -> dict[str, Floats]:
        return {name: place for name, place in points.items() if not name.startswith(parts)}

    assert centre_of_mass(without("elbow", "wrist"))[1] == "segments_de_leva_no_arms"
    assert centre_of_mass(without("wrist"))[1] == "segments_de_leva_no_forearms"
    assert centre_of_mass(without("toe"))[1] == "segments_de_leva_no_feet"
    assert centre_of_mass(without("elbow_left", "wrist_left"))[1] == "segments_de_leva_one_side"
    for needed in ("hip", "knee", "shoulder", "ankle"):
        assert centre_of_mass(without(needed)) == (None, "")  # the middle of the hips is no centre of mass
    motion = motion_of(
        track({n: p for n, p in points.items() if n.startswith(("hip", "knee", "ankle", "toe", "heel"))})
    )
    assert motion.com is None and "com" not in motion.methods


# --- more than one track ---


def test_angles_and_points_of_one_recording_come_together() -> None:
    """The angles as given, the centre of mass from the points, where both have frames."""
    points, given = track(body(C)), coordinates_track(C)
    short = Track(name=given.name, kind="angles", times=given.times[20:60], values=given.values[20:60],
                  names=given.names, unit="deg")  # fmt: skip
    motion = motion_of([points, short])
    assert motion.clock == "body.trc" and motion.com is not None and np.isfinite(motion.com).all()
    assert motion.methods["hip_angle_left"] == "pelvis_thigh" and motion.methods["source"] == "markers"
    assert np.isnan(motion.angles["hip_angle_left"][:20]).all()
    assert motion.angles["hip_angle_left"][20:60] == pytest.approx(180.0 - C["hip_flexion"][20:60], abs=1e-9)
    late = Track(name="late", kind="angles", times=given.times + 0.004, values=given.values, names=given.names,
                 unit="deg")  # fmt: skip
    with pytest.raises(UsageError, match="not sampled at the same instants"):
        motion_of([points, late])


# --- smooth ---


def test_every_joint_gets_the_same_cutoff_by_where_it_comes_from() -> None:
    profile = Profile()
    markers = motion_of(track(body(C)))
    assert cutoff_of(markers, profile) == 15.0
    given = motion_of(coordinates_track(C))
    assert cutoff_of(given, profile) == 10.0 and cutoff_of(given, profile, start=True) == 12.0
    slow = motion_of(coordinates_track(C, rate=20.0))
    assert cutoff_of(slow, profile) == pytest.approx(8.0)
    done = smooth(given, 10.0, profile.motion_gap)
    assert set(done.angles) == set(given.angles) == set(done.noise) and done.cutoff == 10.0
    # the closed form's derivative: 120 deg times half a sine of one second's period
    t = given.times
    wanted = -120.0 * 0.5 * 2.0 * np.pi * np.sin(2.0 * np.pi * t)
    assert done.velocities["hip_angle_left"][10:-10] == pytest.approx(wanted[10:-10], abs=3.0)
    assert done.noise["knee_angle_left"] < 0.1
