"""How the body is held at the events of the force: leans, distances to the centre of mass, the view from the front."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.body import Refused
from hipdrive.analysis.moving import PUSHES, Drive
from hipdrive.analysis.registry import metric
from hipdrive.analysis.timing import AT, CATALOGUE, GROUP, event_of
from hipdrive.trial import Floats

BENT = (*PUSHES, "landing")
CONTACTS = ("dj", "hops", "landing")

# --- from the side ---


def _lean(event: str, called: str, tests: tuple[str, ...]) -> None:
    def trunk(drive: Drive) -> Floats:
        return drive.single("trunk_lean", drive.event(event_of(drive, event)))

    def whole(drive: Drive) -> Floats:
        return drive.legs("whole_body_lean", drive.event(event_of(drive, event)))

    trunk.__doc__ = f"Trunk against the vertical at {called}, forward positive."
    whole.__doc__ = f"Line from the ankle to the centre of mass against the vertical at {called}, forward positive."
    for name, function, sides in (("trunk_lean", trunk, False), ("whole_body_lean", whole, True)):
        metric(f"{name}_at_{event}", unit="deg", tests=tests, source=CATALOGUE, sides=sides, method=f"angle_at_{event}",
               group=GROUP, scope="motion")(function)  # fmt: skip


for _event in ("zero_velocity", "takeoff", "touchdown"):
    _lean(_event, *AT[_event])


@metric("hip_standing_angle", unit="deg", tests=PUSHES, source=CATALOGUE, sides=True, method="mean_of_standing",
        group=GROUP, scope="motion")  # fmt: skip
def hip_standing_angle(drive: Drive) -> Floats:
    """Hip angle while the athlete stood still to be weighed: what straight is for this athlete and these points."""
    return drive.standing("hip_angle")


@metric("touchdown_distance", unit="m", tests=CONTACTS, source="Bezodis 2015", sides=True, method="toe_ahead_of_com",
        group=GROUP, scope="motion")  # fmt: skip
def touchdown_distance(drive: Drive) -> Floats:
    """How far the toe is ahead of the centre of mass at touchdown."""
    return drive.legs("toe_ahead", drive.event(event_of(drive, "touchdown")))


@metric("takeoff_distance", unit="m", tests=PUSHES, source=CATALOGUE, sides=True, method="com_ahead_of_toe",
        group=GROUP, scope="motion")  # fmt: skip
def takeoff_distance(drive: Drive) -> Floats:
    """How far the centre of mass is ahead of the toe at take-off."""
    return -drive.legs("toe_ahead", drive.event("takeoff"))


@metric("foot_strike_angle", unit="deg", tests=CONTACTS, source=CATALOGUE, sides=True, method="angle_at_touchdown",
        group=GROUP, scope="motion")  # fmt: skip
def foot_strike_angle(drive: Drive) -> Floats:
    """Foot against the ground at touchdown, toe up positive."""
    return drive.legs("foot_angle", drive.event(event_of(drive, "touchdown")))


@metric("trunk_pelvis_change", unit="deg", tests=PUSHES, source=CATALOGUE, method="onset_to_takeoff", group=GROUP,
        scope="motion")  # fmt: skip
def trunk_pelvis_change(drive: Drive) -> Floats:
    """Change of the trunk's lean against the pelvis's from the start to take-off, negative when the back extends.

    Needs the pelvis by itself: markers on it, or inverse kinematics.
    """
    if not drive.body.has("pelvis_tilt"):
        raise Refused("no_pelvis")
    start, end = drive.event("onset" if "onset" in drive.events else "first_contact"), drive.event("takeoff")
    trunk, pelvis = (drive.single(name, end) - drive.single(name, start) for name in ("trunk_lean", "pelvis_tilt"))
    return np.asarray(trunk - pelvis)


# --- from the front ---


@metric("fppa", unit="deg", tests=BENT, source="Willson 2006; Munro 2012", sides=True, method="deepest_knee",
        group=GROUP, scope="motion")  # fmt: skip
def fppa(drive: Drive) -> Floats:
    """Knee valgus seen from the front when the knee is bent most, knee towards the other leg positive."""
    return drive.legs("valgus", drive.lowest())


@metric("knee_ankle_separation_ratio", unit="1", tests=BENT, source="Ortiz 2016", method="deepest_knee",
        group=GROUP, scope="motion")  # fmt: skip
def knee_ankle_separation_ratio(drive: Drive) -> Floats:
    """Distance of the knees over that of the ankles seen from the front, when the knee is bent most."""
    return drive.single("knee_separation", drive.lowest())


@metric("pelvic_drop", unit="deg", tests=PUSHES, source=CATALOGUE, method="angle_at_peak_force", group=GROUP,
        scope="motion")  # fmt: skip
def pelvic_drop(drive: Drive) -> Floats:
    """Line of the hips seen from the front at the largest force of the push: the right side lower is positive.

    Of a jump from the right leg the left side lower is positive: the free side is the one that drops.
    """
    sign = -1.0 if drive.body.legs == ("right",) else 1.0
    return sign * drive.single("pelvis_frontal", drive.event("peak_force"))


@metric("lateral_trunk_lean", unit="deg", tests=PUSHES, source=CATALOGUE, method="angle_at_peak_force", group=GROUP,
        scope="motion")  # fmt: skip
def lateral_trunk_lean(drive: Drive) -> Floats:
    """Trunk seen from the front at the largest force of the push, to the left positive."""
    return drive.single("trunk_frontal", drive.event("peak_force"))
