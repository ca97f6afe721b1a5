"""Landmarks -> segment and joint angles on one sign convention (METRICS.md 13), whichever way the athlete faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hipdrive.analysis.skeleton import SIDES
from hipdrive.trial import Floats

TRUNK_THIGH, PELVIS_THIGH = "trunk_thigh", "pelvis_thigh"
"""What a hip angle lies between: a shoulder-hip line that bends with the back, or the pelvis."""

JOINT_MIDDLE, SEGMENT_MIDDLE = 120.0, 90.0
"""deg; the branch of an angle is the one nearest to these over the trial."""


def segment(lower: Floats, upper: Floats) -> Floats:
    """Angle of the line from one point to another in the sagittal plane, deg from forward, unwrapped in time.

    Points of shape (frames, 3); NaN where one is unseen.
    """
    line = upper - lower
    angle = np.arctan2(line[:, 2], line[:, 0])
    return branch(np.degrees(unwrapped(angle)), SEGMENT_MIDDLE)


def unwrapped(angle: Floats) -> Floats:
    """Radians without jumps of a turn, across frames that were not seen, too."""
    seen = np.isfinite(angle)
    whole = np.full(len(angle), np.nan)
    whole[seen] = np.unwrap(angle[seen])
    return whole


def branch(angle: Floats, middle: float) -> Floats:
    """Degrees moved by whole turns so that the trial's median lies within half a turn of `middle`."""
    seen = angle[np.isfinite(angle)]
    return angle - 360.0 * np.round((float(np.median(seen)) - middle) / 360.0) if len(seen) else angle


def from_points(points: Mapping[str, Floats], hip: str) -> tuple[dict[str, Floats], dict[str, str]]:
    """Every angle that landmarks of shape (frames, 3) give, deg, and the method of each.

    hip : `trunk_thigh` or `pelvis_thigh`, which becomes `hip_angle`; both are there under their own names.
    """
    found: dict[str, Floats] = {}
    trunk = _trunk(points)
    pelvis = _pelvis(points)
    if trunk is not None:
        found["trunk_lean"] = 90.0 - trunk
    if pelvis is not None:
        found["pelvis_tilt"] = pelvis
    for side in ("", *(f"_{side}" for side in SIDES)):
        found.update(_leg(points, side, trunk, pelvis))
        found.update(_arm(points, side, trunk))
    methods = dict.fromkeys(found, "segments")
    for side in ("", *(f"_{side}" for side in SIDES)):
        choose_hip(found, methods, side, hip)
    return found, methods


def choose_hip(found: dict[str, Floats], methods: dict[str, str], side: str, hip: str) -> None:
    """Put the hip angle of a side in its place, under the method that it is made by; the other one if need be."""
    for method in (hip, TRUNK_THIGH, PELVIS_THIGH):
        if f"{method}{side}" in found:
            found[f"hip_angle{side}"], methods[f"hip_angle{side}"] = found[f"{method}{side}"], method
            return


def _middle(points: Mapping[str, Floats], part: str) -> Floats | None:
    """The middle of both sides; the one side or the sideless one where there is no other."""
    sides = [points[f"{part}_{side}"] for side in SIDES if f"{part}_{side}" in points]
    sides = sides or ([points[part]] if part in points else [])
    return np.asarray(np.mean(sides, axis=0)) if sides else None


def _trunk(points: Mapping[str, Floats]) -> Floats | None:
    shoulder, hip = _middle(points, "shoulder"), _middle(points, "hip")
    return None if shoulder is None or hip is None else segment(hip, shoulder)


def _pelvis(points: Mapping[str, Floats]) -> Floats | None:
    """Forward tilt of the line from the back to the front of the pelvis, deg; about 10 in standing."""
    front, back = _middle(points, "asis"), _middle(points, "psis")
    back = points.get("sacrum") if back is None else back
    if front is None or back is None:
        return None
    return -branch(np.degrees(unwrapped(np.arctan2((front - back)[:, 2], (front - back)[:, 0]))), 0.0)


def _leg(
    points: Mapping[str, Floats], side: str, trunk: Floats | None, pelvis: Floats | None
) -> dict[str, Floats]:  # fmt: skip
    """Thigh, shin, foot, hip, knee and ankle of one leg."""
    found: dict[str, Floats] = {}
    hip, knee, ankle, heel, toe = (points.get(f"{p}{side}") for p in ("hip", "knee", "ankle", "heel", "toe"))
    thigh = segment(knee, hip) if hip is not None and knee is not None else None
    shank = segment(ankle, knee) if knee is not None and ankle is not None else None
    if thigh is not None:
        found[f"thigh_angle{side}"] = thigh - 90.0
        if trunk is not None:
            found[f"{TRUNK_THIGH}{side}"] = branch(180.0 - (thigh - trunk), JOINT_MIDDLE)
        if pelvis is not None:
            found[f"{PELVIS_THIGH}{side}"] = branch(180.0 - (thigh - 90.0 + pelvis), JOINT_MIDDLE)
    if shank is not None:
        found[f"shin_angle{side}"] = 90.0 - shank
    if thigh is not None and shank is not None:
        found[f"knee_angle{side}"] = branch(180.0 - (thigh - shank), JOINT_MIDDLE)
    if heel is not None and toe is not None:
        foot = branch(segment(heel, toe), 0.0)
        found[f"foot_angle{side}"] = foot
        if shank is not None:
            found[f"ankle_dorsiflexion{side}"] = branch(90.0 - (shank - foot), 0.0)
    return found


def _arm(points: Mapping[str, Floats], side: str, trunk: Floats | None) -> dict[str, Floats]:
    """Shoulder (forward of the hanging arm) and elbow of one arm; by the wrist where the elbow is unseen."""
    found: dict[str, Floats] = {}
    shoulder, elbow, wrist = (points.get(f"{part}{side}") for part in ("shoulder", "elbow", "wrist"))
    hand = elbow if elbow is not None else wrist
    if shoulder is None or hand is None:
        return found
    upper = segment(hand, shoulder)
    if trunk is not None:
        found[f"shoulder_angle{side}"] = branch(upper - trunk, 0.0)
    if elbow is not None and wrist is not None:
        found[f"elbow_angle{side}"] = branch(180.0 - (segment(wrist, elbow) - upper), JOINT_MIDDLE)
    return found
