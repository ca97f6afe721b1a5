"""Pose: regions, crops, averages, the lock on one athlete and exchanged sides, on a painted athlete without weights."""

import math
from typing import Any

import numpy as np
import pytest
import standin_pose as standin
from standin_pose import Film, body

from hipdrive.acquisition.video.blazepose import CENTRE, NAMES, Region, anchors, refined, region_of, to_image
from hipdrive.acquisition.video.following import Follower, smoothed
from hipdrive.acquisition.video.posing import Pose, jittered, pose_of
from hipdrive.acquisition.video.swaps import agreed, repaired
from hipdrive.acquisition.video.track import track_of
from hipdrive.analysis.kinematics import motion_of
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats

FRAMES = 18
HEIGHT = 200.0


def squatting(t: Floats, at: tuple[float, float] = (240.0, 400.0), height: float = HEIGHT) -> Floats:
    """One person, (frames, 35, 2)."""
    deep = 0.5 - 0.5 * np.cos(2.0 * np.pi * t / 0.6)
    return np.stack([body(at, height, shank=10 + 20 * d, thigh=15 + 50 * d, trunk=5 + 30 * d) for d in deep])


def film(*people: Floats, rate: float = 30.0, **more: Any) -> Film:
    return Film(np.arange(len(people[0])) / rate, np.stack(people, axis=1), **more)


def errors(pose: Pose, points: Floats) -> Floats:
    """Distance of each landmark from where it was painted, px."""
    return np.asarray(np.linalg.norm(pose.xy - points[:, :33], axis=2))


T = np.arange(FRAMES) / 30.0
SQUAT = squatting(T)


# --- geometry of crops ---


def test_the_anchors_are_those_of_the_detector() -> None:
    """28x28 cells with two anchors, 14x14 with two, 7x7 with six: 2254, each at the middle of its cell."""
    found = anchors()
    assert found.shape == (2254, 2)
    np.testing.assert_allclose(found[2 * (28 * 3 + 5)], [5.5 / 28, 3.5 / 28])
    np.testing.assert_allclose(found[1568 + 2 * (14 * 13 + 2) + 1], [2.5 / 14, 13.5 / 14])
    np.testing.assert_allclose(found[-1], [6.5 / 7, 6.5 / 7])


@pytest.mark.parametrize("turn", [0.0, 0.5, -2.0, math.pi])
def test_a_region_is_turned_so_that_the_body_stands(turn: float) -> None:
    centre = np.array([120.0, 80.0])
    rim = centre + 50.0 * np.array([math.sin(turn), -math.cos(turn)])
    region = region_of(centre, rim)
    assert region.size == pytest.approx(125.0)
    crop = np.linalg.inv(np.vstack([to_image(region, 256), [0, 0, 1]]))
    np.testing.assert_allclose(crop @ [*centre, 1], [128, 128, 1], atol=1e-9)
    np.testing.assert_allclose(crop @ [*rim, 1], [128, 128 - 50 * 256 / 125, 1], atol=1e-9)  # straight above


@pytest.mark.parametrize("size", [(480, 480), (900, 500), (500, 900), (1600, 1200)])
def test_people_are_found_where_they_are_whatever_the_picture_s_shape(size: tuple[int, int]) -> None:
    height = 0.5 * min(size)
    points = body((0.4 * size[0], 0.85 * size[1]), height)
    picture = film(points[None], size=size).picture(0)
    (person,) = standin.backend().people(picture)
    wanted = region_of(points[standin.HIPS], points[standin.ABOVE])
    assert wanted.away(person.region) < 0.01
    assert person.region.size == pytest.approx(wanted.size, rel=0.03)


@pytest.mark.parametrize("height", [200.0, 400.0, 1100.0])
@pytest.mark.parametrize("lean", [0.0, 0.7, -2.5])
def test_landmarks_come_back_to_where_they_are_in_the_picture(height: float, lean: float) -> None:
    """From small and from large figures, which are shrunk first, and from turned ones."""
    side = int(1.7 * height) + 100
    turn = np.array([[math.cos(lean), -math.sin(lean)], [math.sin(lean), math.cos(lean)]])
    upright = body((0.0, 0.0), height)
    points = (upright - upright[standin.HIPS]) @ turn.T + side / 2.0
    picture = film(points[None], size=(side, side)).picture(0)
    region = region_of(points[standin.HIPS], points[standin.ABOVE])
    look = standin.backend().look(picture, jittered(region, 5))
    assert look.xy.shape == (5, 39, 2) and look.presence.min() > 0.9
    apart = np.linalg.norm(look.xy[:, :33] - points[:33], axis=2)
    assert apart.max() < 0.6 + region.size / 256  # a pixel of the crop, which is all that a disc's place is good for
    assert np.abs((look.xy[:, :33] - points[:33]).mean(axis=(0, 1))).max() < 0.3 + 0.15 * region.size / 256


def test_a_heatmap_moves_a_landmark_to_its_middle_and_a_cold_one_does_not() -> None:
    y, x = np.mgrid[0:64, 0:64]
    places = np.array([[100.0, 120.0], [100.0, 120.0], [-30.0, 10.0], [254.0, 1.0]])
    heat = np.full((64, 64, 4), -20.0, np.float32)
    for k, (cx, cy) in enumerate([(26.0, 29.0), (26.0, 29.0), (2.0, 2.0), (63.0, 0.0)]):
        bell = 8.0 * np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2)) - 4.0
        heat[:, :, k] = np.where(bell > -3.9, bell, -20.0) if k != 1 else -1.0
    found = refined(places, heat)
    np.testing.assert_allclose(found[0], [104.0, 116.0], atol=0.4)
    np.testing.assert_array_equal(found[1], places[1])  # nowhere half sure
    np.testing.assert_array_equal(found[2], places[2])  # outside of the map
    assert np.abs(found[3] - [252.0, 0.0]).max() < 4.0  # at the rim only what is within it


# --- the whole runner ---


def test_a_painted_squat_is_measured_within_half_a_pixel_from_two_readings_of_the_film() -> None:
    watched = film(SQUAT)
    steps: list[tuple[int, int]] = []
    pose = pose_of(watched, standin.backend(), progress=lambda done, total: steps.append((done, total)))
    assert pose.names == NAMES and pose.found.all() and not pose.notes
    assert float(np.median(errors(pose, SQUAT))) < 0.3 and float(errors(pose, SQUAT).max()) < 1.5
    assert watched.read == 2
    assert steps == [(k, 2 * FRAMES) for k in range(1, 2 * FRAMES + 1)]
    assert pose.facts["crops"] == "5" and pose.facts["detector_sha256"] == "stand-in"
    assert not pose.xy.flags.writeable and (pose.seen > 0.9).all()


def test_the_mean_over_crops_has_less_noise_and_their_spread_tells_the_noise() -> None:
    """Noise of 3 px of the crop: the spread is it in px of the picture, the mean of five has its fifth root."""
    region = 2.0 * 1.25 * 0.62 * HEIGHT / 256.0
    one = pose_of(film(SQUAT), standin.backend(noise=3.0), crops=1)
    five = pose_of(film(SQUAT), standin.backend(noise=3.0), crops=5)
    noise = [float(np.sqrt(np.mean((pose.xy - SQUAT[:, :33]) ** 2))) for pose in (one, five)]
    assert noise[0] == pytest.approx(3.0 * region, rel=0.1)
    assert noise[1] == pytest.approx(3.0 * region / math.sqrt(5.0), rel=0.15)
    assert float(np.sqrt(np.mean(five.sd**2))) == pytest.approx(3.0 * region, rel=0.1)
    assert np.isnan(one.sd).all()


def test_the_angles_of_the_tracks_are_those_of_the_body() -> None:
    motion = motion_of(track_of(pose_of(film(SQUAT), standin.backend(), crops=3), "clip", view="side"))
    deep = 0.5 - 0.5 * np.cos(2.0 * np.pi * T / 0.6)
    assert np.abs(motion.angles["knee_angle_left"] - (155 - 70 * deep)).max() < 1.5
    assert np.abs(motion.angles["hip_angle_right"] - (160 - 80 * deep)).max() < 1.5
    assert motion.methods["source"] == "pose"


def test_a_hidden_landmark_is_told_and_left_out_where_that_is_asked() -> None:
    points = SQUAT.copy()
    points[5:9, 25] = np.nan
    pose = pose_of(film(points), standin.backend(), crops=2)
    assert (pose.seen[5:9, 25] < 0.1).all() and (pose.seen[:, 26] > 0.9).all()
    track = track_of(pose, "clip", least=0.5)
    assert track.sd is not None
    assert np.isnan(track.values[5:9, 25]).all() and np.isnan(track.sd[5:9, 25]).all()
    assert np.isfinite(track_of(pose, "clip").values).all()


def test_frames_need_not_be_even() -> None:
    rng = np.random.default_rng(4)
    t = np.cumsum(rng.uniform(0.01, 0.06, FRAMES))
    points = squatting(t)
    pose = pose_of(Film(t, points[:, None]), standin.backend(), crops=2)
    assert float(errors(pose, points).max()) < 1.5
    np.testing.assert_array_equal(pose.times, t)


# --- one athlete ---


def walking(first: float, last: float, at: float = 400.0, height: float = HEIGHT, frames: int = FRAMES) -> Floats:
    return np.stack([body((x, at), height) for x in np.linspace(first, last, frames)])


def test_of_two_people_the_largest_is_taken_and_that_is_told() -> None:
    small = walking(390, 390, height=145.0)
    pose = pose_of(film(small, SQUAT, size=(450, 430)), standin.backend(), crops=1)
    assert float(np.nanmax(errors(pose, SQUAT))) < 1.5
    assert len(pose.notes) == 1 and "2 people" in pose.notes[0] and "largest" in pose.notes[0]


def test_of_two_equally_large_people_the_one_nearer_to_the_middle_is_taken() -> None:
    aside = walking(80, 80, height=1.1 * HEIGHT)
    pose = pose_of(film(aside, squatting(T, (330.0, 400.0))), standin.backend(), crops=1)
    assert float(np.nanmax(errors(pose, squatting(T, (330.0, 400.0))))) < 1.5


@pytest.mark.parametrize("athlete", [(450.0, 250.0, 600.0, 460.0), (530.0, 330.0)])
def test_a_box_or_a_point_says_who_the_athlete_is(athlete: tuple[float, ...]) -> None:
    small = walking(520, 520, height=140.0)
    pose = pose_of(film(SQUAT, small), standin.backend(), crops=1, athlete=athlete)
    assert float(np.nanmax(errors(pose, small))) < 2.5
    assert not [note for note in pose.notes if "people" in note]


def test_who_walks_past_never_becomes_the_athlete() -> None:
    """Somebody as large walks past in front; the frame with both at one place is measured, then still the athlete."""
    walker = walking(620, 20)
    pose = pose_of(film(SQUAT, walker), standin.backend(), crops=1, athlete=(150.0, 150.0, 330.0, 440.0))
    hips = pose.xy[:, [23, 24]].mean(axis=1)
    mine = np.linalg.norm(hips - SQUAT[:, standin.HIPS], axis=1)
    apart = np.linalg.norm(walker[:, standin.HIPS] - SQUAT[:, standin.HIPS], axis=1)
    assert pose.found[[0, -1]].all() and np.nanmax(mine[apart > 60.0]) < 2.0


def test_somebody_far_away_or_of_another_size_is_not_taken_for_a_lost_athlete() -> None:
    points = np.concatenate([SQUAT, SQUAT])
    points[10:] = np.nan
    far, large = walking(560, 560, frames=len(points)), walking(250, 250, 430, 1.9 * HEIGHT, frames=len(points))
    for other in (far, large):
        other[:9] = np.nan
        pose = pose_of(film(points, other), standin.backend(), crops=1)
        assert pose.found.tolist() == [True] * 10 + [False] * (len(points) - 10)
        assert np.isnan(pose.xy[10:]).all() and np.isnan(pose.regions[10:]).all() and not pose.seen[10:].any()
        assert "not seen in 26 of 36 frames" in pose.notes[-1]


def test_the_athlete_is_found_again_and_the_hole_stays_empty() -> None:
    points = np.concatenate([SQUAT, SQUAT])
    points[10:14] = np.nan
    pose = pose_of(film(points), standin.backend(), crops=1)
    assert np.flatnonzero(~pose.found).tolist() == [10, 11, 12, 13]
    assert pose.notes == ("the athlete was not seen in 4 of 36 frames: 0.33 to 0.43 s",)


def test_a_frame_that_the_first_pass_missed_is_measured_in_the_second() -> None:
    """Calls 0 and 1 settle on the detection, each frame after that is one; the tenth and its second look are blind."""
    pose = pose_of(film(SQUAT), standin.backend(blind=[10, 11]), crops=1)
    assert pose.found.all() and float(errors(pose, SQUAT).max()) < 1.5


def test_a_region_is_steady_through_a_somersault_and_across_short_holes_only() -> None:
    t = np.arange(60) / 60.0
    turn = 2.0 * np.pi * t  # a whole turn, past the half where the angle's sign changes
    regions = np.column_stack([100 + 50 * t, 200 - 30 * t, np.full(60, 150.0), (turn + np.pi) % (2 * np.pi) - np.pi])
    holes = regions.copy()
    holes[20:26], holes[40:58] = np.nan, np.nan
    found = smoothed(holes, t)
    assert np.isnan(found[40:58]).all() and np.isfinite(found[:40]).all() and np.isfinite(found[58:]).all()
    off = np.angle(np.exp(1j * (found[:40, 3] - turn[:40])))
    assert np.abs(off).max() < 0.3 and np.abs(found[5:35, :3] - regions[5:35, :3]).max() < 1.0


# --- what makes no sense ---


@pytest.mark.parametrize("athlete", [(1.0,), (5.0, 5.0, 1.0, 9.0), (math.nan, 1.0), (0.0, 0.0, math.inf, 1.0)])
def test_a_place_that_is_none_is_a_sentence(athlete: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="box x0,y0,x1,y1 or a point"):
        pose_of(film(SQUAT), standin.backend(), athlete=athlete)


@pytest.mark.parametrize("crops", [0, 10, -1])
def test_crops_are_one_to_nine(crops: int) -> None:
    with pytest.raises(UsageError, match="choose 1 to 9"):
        pose_of(film(SQUAT), standin.backend(), crops=crops)


def test_an_empty_film_and_nobody_at_a_place_are_sentences() -> None:
    nobody = film(np.full((3, 35, 2), np.nan))
    with pytest.raises(HipdriveError, match="nobody was found in this clip"):
        pose_of(nobody, standin.backend())
    with pytest.raises(HipdriveError, match="nobody was found at 500,10"):
        pose_of(film(SQUAT[:3]), standin.backend(), athlete=(500.0, 10.0))
    with pytest.raises(HipdriveError, match="nobody"):
        pose_of(Film(np.zeros(0), np.zeros((0, 1, 35, 2))), standin.backend())


def test_it_can_be_stopped() -> None:
    asked = iter([False] * 30 + [True])
    with pytest.raises(HipdriveError, match="stopped") as why:
        pose_of(film(SQUAT), standin.backend(), crops=1, cancelled=lambda: next(asked))
    assert why.value.code == "cancelled"


def test_a_small_athlete_is_told() -> None:
    tiny = walking(200, 200, height=95.0)
    pose = pose_of(film(tiny[:6], size=(400, 440)), standin.backend(), crops=1)
    assert "px tall" in pose.notes[0]


def test_a_pose_of_wrong_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="do not fit"):
        Pose(times=T, xy=np.zeros((3, 33, 2)), seen=np.zeros((3, 33)), sd=np.zeros((3, 33)), regions=np.zeros((3, 4)))


def test_a_follower_without_a_detector_takes_the_box() -> None:
    pose = standin.backend()
    alone = type(pose)(None, pose.landmarks)
    follower = Follower(alone, (140.0, 150.0, 340.0, 430.0))
    found = follower.region(film(SQUAT).picture(0), 0.0)
    assert found is not None
    wanted = region_of(SQUAT[0, standin.HIPS], SQUAT[0, standin.ABOVE])
    assert isinstance(found, Region) and wanted.away(found) < 0.02 and CENTRE == standin.HIPS


# --- left and right ---


def test_exchanged_legs_are_put_right_and_told() -> None:
    """Somebody walks, and in eight frames the two legs are each other's."""
    t = np.arange(60) / 60.0
    points = np.stack([body((100 + 4 * i, 400), HEIGHT) for i in range(60)])
    stride = 40.0 * np.sin(2 * np.pi * t)
    points[:, standin.LEFT_LEG[1:], 0] += stride[:, None]
    points[:, standin.RIGHT_LEG[1:], 0] -= stride[:, None]
    wrong = [8, 17, 18, 19, 40, 41, 42, 43]
    xy, seen, sd, notes = repaired(*exchange(points[:, :33], wrong), t)
    np.testing.assert_array_equal(xy, points[:, :33])
    assert (seen[:, 25] == 0.9).all() and (seen[:, 26] == 0.2).all() and (sd[:, 25] == 1.0).all()
    assert notes == ["left and right of the legs were exchanged in 8 of 60 frames (0.13 to 0.72 s, frames 8, 17-19, "
                     "40-43) and put right"]  # fmt: skip


def exchange(xy: Floats, frames: list[int]) -> tuple[Floats, Floats, Floats]:
    """Landmarks with legs exchanged in some frames, whose left is sure (0.9, 1 px) and right is not (0.2, 4 px)."""
    seen, sd = np.full(xy.shape[:2], 0.9), np.ones(xy.shape[:2])
    seen[:, standin.RIGHT_LEG], sd[:, standin.RIGHT_LEG] = 0.2, 4.0
    xy = xy.copy()
    for values in (xy, seen, sd):
        for i in frames:
            values[i, standin.LEFT_LEG], values[i, standin.RIGHT_LEG] = (
                values[i, standin.RIGHT_LEG].copy(), values[i, standin.LEFT_LEG].copy(),
            )  # fmt: skip
    return xy, seen, sd


def test_legs_that_cross_and_a_series_that_is_exchanged_throughout_stay_as_they_are() -> None:
    """Which leg is left is the network's word; nobody else says it."""
    t = np.arange(60) / 60.0
    points = np.stack([body((100 + 4 * i, 400), HEIGHT) for i in range(60)])[:, :33]
    points[:, standin.LEFT_LEG[1:], 0] += 40.0 * np.sin(4 * np.pi * t)[:, None]
    points[:, standin.RIGHT_LEG[1:], 0] -= 40.0 * np.sin(4 * np.pi * t)[:, None]
    for frames in ([], list(range(60))):
        given = exchange(points, frames)
        xy, seen, sd, notes = repaired(*given, t)
        assert not notes
        for found, wanted in zip((xy, seen, sd), given, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_exchanged_frames_between_holes_are_found_and_noise_makes_none() -> None:
    t = np.arange(60) / 60.0
    rng = np.random.default_rng(1)
    points = np.stack([body((200, 400), HEIGHT)] * 60)[:, :33] + 1.5 * rng.standard_normal((60, 33, 2))
    points[:, standin.LEFT_LEG[1:], 0] += 30.0
    given = exchange(points, [5, 45])
    given[0][20:32] = np.nan
    xy, *_, notes = repaired(*given, t)
    wanted = points.copy()
    wanted[20:32] = np.nan
    np.testing.assert_array_equal(xy, wanted)
    assert "2 of 60 frames" in notes[0]
    assert not repaired(*exchange(points, []), t)[3]


def test_exchanged_legs_of_a_film_come_out_right() -> None:
    points = SQUAT.copy()
    points[:, standin.LEFT_LEG[1:], 0] -= 25.0
    pose = pose_of(film(points, exchanged=[6, 7, 12]), standin.backend(), crops=1)
    assert float(errors(pose, points).max()) < 2.0
    assert "3 of 18 frames" in pose.notes[0] and "6-7, 12" in pose.notes[0]


def test_crops_that_disagree_on_left_and_right_are_not_averaged_to_the_middle() -> None:
    """Two of five crops, then three of five, see the legs the other way round; the majority is right."""
    rng = np.random.default_rng(2)
    truth = body((200, 400), HEIGHT)[:33]
    truth[standin.LEFT_LEG, 0] += 40.0
    crops = truth + rng.standard_normal((5, 33, 2))
    for few in ([1, 4], [0], [0, 2]):
        xy, seen, _ = exchange(crops, few)
        found, sure = agreed(xy, seen)
        np.testing.assert_array_equal(found, crops)
        assert (sure[:, 25] == 0.9).all() and (sure[:, 26] == 0.2).all()
