"""Joint angles of other programs -> METRICS.md's angles: what each name means, turned once and said.

Flexion angles (0 = straight) become included angles (180 = straight, more is hyperextension). A name that does not say
which of the two it is, is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hipdrive.analysis.angles import PELVIS_THIGH, TRUNK_THIGH
from hipdrive.analysis.skeleton import SIDES, plain
from hipdrive.errors import UsageError
from hipdrive.trial import LEFT, RIGHT, Floats

INCLUDED, FLEXION = "included", "flexion"
CONVENTIONS = (INCLUDED, FLEXION)

OPENSIM: Mapping[str, tuple[str, float, float]] = MappingProxyType({
    "hip_flexion": (PELVIS_THIGH, -1.0, 180.0),
    "knee_angle": ("knee_angle", -1.0, 180.0),
    "ankle_angle": ("ankle_dorsiflexion", 1.0, 0.0),
    "arm_flex": ("shoulder_angle", 1.0, 0.0),
    "elbow_flex": ("elbow_angle", -1.0, 180.0),
})  # fmt: skip
"""OpenSim's coordinate of one side -> our angle, sign and constant, deg."""

BOTH = ("pelvis_tilt", "lumbar_extension")
"""OpenSim's coordinates of the middle of the body, backward positive: they turn into forward ones."""

SURE = frozenset(("hip_flexion_r", "hip_flexion_l", "pelvis_tilt", "pelvis_tx", "lumbar_extension"))
"""Names that only OpenSim gives: where one is there, `knee_angle_r` is OpenSim's flexion."""

OURS = ("hip_angle", "knee_angle", "ankle_dorsiflexion", "trunk_lean", "shin_angle", "thigh_angle", "shoulder_angle",
        "elbow_angle", "foot_angle", "pelvis_tilt", TRUNK_THIGH, PELVIS_THIGH)  # fmt: skip

JOINTS = {"hip": "hip_angle", "knee": "knee_angle", "elbow": "elbow_angle", "ankle": "ankle_dorsiflexion"}

BENDS = 15.0
"""deg; a knee does not bend backwards by more, so a knee whose largest angles lie below minus this is written with
flexion negative (older OpenSim models)."""


@dataclass(frozen=True)
class Meaning:
    """What a column of angles becomes: `field = sign * value + constant`, deg."""

    field: str
    sign: float = 1.0
    constant: float = 0.0


def from_angles(
    names: Sequence[str], values: Floats, unit: str, convention: str | None = None
) -> tuple[dict[str, Floats], dict[str, str]]:  # fmt: skip
    """Angles of shape (frames, names) -> METRICS.md's angles, deg, and the method of each.

    convention : `included` or `flexion`, what a name that does not say it means (`Left knee angle`).

    Raises
    ------
    UsageError : a unit that is not of angles, no known angle, or one whose convention is not clear.
    """
    if unit not in ("deg", "rad"):
        raise UsageError("unit", f"angles in {unit or 'an unknown unit'}: they have to be in deg or rad")
    if convention not in (None, *CONVENTIONS):
        raise UsageError("convention", f"angles as {convention}: choose {' or '.join(CONVENTIONS)}")
    degrees = np.degrees(values) if unit == "rad" else values
    columns = {name.strip().lower(): degrees[:, i] for i, name in enumerate(names)}
    if SURE & set(columns):
        return _opensim(columns)
    found: dict[str, Floats] = {}
    methods: dict[str, str] = {}
    for name, column in columns.items():
        meaning = meaning_of(name, convention)
        if meaning is not None and meaning.field not in found:
            found[meaning.field] = meaning.sign * column + meaning.constant
            methods[meaning.field] = _told(meaning)
    if not found:
        raise UsageError("no_angle", f"no joint angle is known among {', '.join(map(repr, names[:4]))}; name the "
                         "columns hip_angle_left, knee_flexion_right and so on")  # fmt: skip
    return found, methods


def _told(meaning: Meaning) -> str:
    """How an angle was made; a hip angle from elsewhere lies between whatever its maker says."""
    return "as_given" if meaning.constant == 0.0 else "included_from_flexion"


def meaning_of(name: str, convention: str | None = None) -> Meaning | None:
    """What a name means that is not OpenSim's; None for one that is no joint angle.

    >>> meaning_of("Left Knee Flexion"), meaning_of("hip_angle_right")
    (Meaning(field='knee_angle_left', sign=-1.0, constant=180.0), Meaning(field='hip_angle_right', ...))
    """
    ours = re.fullmatch(rf"({'|'.join(OURS)})(_left|_right)?", name.strip().lower())
    if ours and not (ours[1] in ("hip_angle", "knee_angle", "elbow_angle") and convention == FLEXION):
        return Meaning(ours[0])
    words = plain(name)
    joint = next((joint for joint in JOINTS if joint in words), None)
    if joint is None or re.search(r"add|abd|rot|inv|ev|vel|acc|moment|power|force", words):
        return None
    rest = words.replace(joint, "", 1)
    side = next((one for one in SIDES if one in rest), None)
    side = side or {"l": LEFT, "r": RIGHT}.get(words[0] if words[1:].startswith(joint) else "")
    side = side or {"l": LEFT, "r": RIGHT}.get(words[-1] if re.search(r"[ _.-][lr]$", name.strip().lower()) else "")
    field = JOINTS[joint] + (f"_{side}" if side else "")
    if joint == "ankle":
        return Meaning(field, -1.0) if "plantar" in words else Meaning(field) if "dorsi" in words else None
    if "flex" in words or (convention == FLEXION and "ext" not in words):
        return Meaning(field, -1.0, 180.0)
    if convention == INCLUDED or "included" in words:
        return Meaning(field)
    raise UsageError("convention", f"{name!r}: whether 0 or 180 degrees is straight is not said; say --motion-as "
                     "angles=included (180 = straight) or angles=flexion (0 = straight)")  # fmt: skip


def _opensim(columns: Mapping[str, Floats]) -> tuple[dict[str, Floats], dict[str, str]]:
    """OpenSim's coordinates; the angles of segments follow in the sagittal plane from those of the pelvis."""
    found: dict[str, Floats] = {}
    tilt, lumbar = (columns.get(name) for name in BOTH)
    turn = knee_sign(columns)
    for letter, side in (("r", RIGHT), ("l", LEFT)):
        for name, (field, sign, constant) in OPENSIM.items():
            column = columns.get(f"{name}_{letter}")
            if column is not None:
                found[f"{field}_{side}"] = (turn if name == "knee_angle" else 1.0) * sign * column + constant
        flexion = columns.get(f"hip_flexion_{letter}")
        if flexion is not None and lumbar is not None:
            found[f"{TRUNK_THIGH}_{side}"] = 180.0 - (flexion - lumbar)
        if flexion is not None and tilt is not None:
            thigh = found[f"thigh_angle_{side}"] = tilt + flexion
            if f"knee_angle_{side}" in found:
                found[f"shin_angle_{side}"] = 180.0 - found[f"knee_angle_{side}"] - thigh
    if tilt is not None:
        found["pelvis_tilt"] = -tilt
        if lumbar is not None:
            found["trunk_lean"] = -(tilt + lumbar)
    return found, dict.fromkeys(found, "opensim_coordinates")


def knee_sign(columns: Mapping[str, Floats]) -> float:
    """1 where knees are written with flexion positive, -1 where negative."""
    knees = [columns[name] for name in ("knee_angle_r", "knee_angle_l") if name in columns]
    seen = np.concatenate(knees)[np.isfinite(np.concatenate(knees))] if knees else np.zeros(0)
    if not len(seen):
        return 1.0
    return -1.0 if float(seen.min()) < -BENDS and -float(seen.min()) > float(seen.max()) else 1.0
