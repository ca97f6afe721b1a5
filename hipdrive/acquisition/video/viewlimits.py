"""What a view of a camera cannot show, and how wrong it makes what it shows: one sentence each, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.acquisition.video.view import PlateView

YAWS, YAW_ERRORS = (0.0, 10.0, 20.0, 30.0, 45.0), (0.0, 0.8, 4.1, 9.2, 21.0)
"""Degrees off the side, and the largest error of hip and knee angle in a jump (real kinematics, projected)."""

YAW_WARN, YAW_MOST, PITCH_WARN, ROLL_WARN = 10.0, 30.0, 10.0, 3.0
"""Degrees: warned from here; sagittal angles refused beyond."""

FRONT = 60.0
"""Degrees off the side from which a camera looks at the front or back well enough for the knees' position."""

TALL_WARN, TALL_LEAST = 250.0, 100.0
"""px of a person's height: warned and refused below."""

SURE = 0.05
"""Largest relative SD of the scale with which metres are told."""

SAGITTAL, FRONTAL, METRES, FORCE, ANY = "sagittal_angles", "frontal_angles", "metres", "force_line", "pose"
"""Quantities of a view."""

Box = tuple[float, float, float, float]
"""Left, top, width and height, px."""


@dataclass(frozen=True)
class Caution:
    """Something about a view: a code, a sentence, and the quantities that it forbids (none: it is a warning)."""

    code: str
    text: str
    forbids: tuple[str, ...] = ()


def yaw_error(yaw: float) -> float:
    """Largest error of hip and knee angles at such a yaw, degrees.

    >>> round(yaw_error(15.0), 2)
    2.45
    """
    return float(np.interp(yaw, YAWS, YAW_ERRORS))


def cautions(view: PlateView | None, person: Box | None = None, picture: tuple[int, int] | None = None
             ) -> tuple[Caution, ...]:  # fmt: skip
    """Everything that is to be said about a view, and about the box of the person in it (px).

    A person who stands at rest is meant: whoever squats is smaller.
    """
    found = [] if view is None else _of_camera(view)
    if view is None:
        found.append(Caution("no_plate_view", "no plate was clicked in this clip, so there are no metres, no force "
                             "line and no vertical: click the plate's four corners", (METRES, FORCE)))  # fmt: skip
    size = picture if view is None else view.picture
    if person is not None:
        found += _of_person(person, size)
    return tuple(found)


def _of_camera(view: PlateView) -> list[Caution]:
    yaw, found = view.yaw, []
    wrong = yaw_error(yaw)
    if yaw > YAW_MOST:
        found.append(Caution("view_yaw", f"the camera looks {yaw:.0f} degrees off the side, by which hip and knee "
                             f"angles are wrong by up to {wrong:.0f} degrees: film from the side",
                             (SAGITTAL,)))  # fmt: skip
    elif yaw > YAW_WARN:
        found.append(Caution("view_yaw", f"the camera looks {yaw:.0f} degrees off the side: hip and knee angles are "
                             f"wrong by up to {wrong:.1f} degrees"))  # fmt: skip
    if yaw < FRONT:
        found.append(Caution("view_side", "the position of the knees from left to right is seen from the front only: "
                             "film from the front", (FRONTAL,)))  # fmt: skip
    if abs(view.pitch) > PITCH_WARN:
        found.append(Caution("view_pitch", f"the camera looks {'down' if view.pitch > 0.0 else 'up'} at the hips by "
                             f"{abs(view.pitch):.0f} degrees, where 10 make angles wrong by up to 4 degrees: put it at "
                             "the height of the hips, or farther away"))  # fmt: skip
    if abs(view.roll) > ROLL_WARN:
        found.append(Caution("view_roll", f"the camera is tilted to one side by {abs(view.roll):.0f} degrees: angles "
                             "against the vertical are taken from the plate, not from the picture"))  # fmt: skip
    if view.scale_sd > SURE * view.scale:
        share = 100.0 * view.scale_sd / view.scale
        found.append(Caution("view_scale", f"the corners leave the scale open by {share:.0f} percent: click an upright "
                             "pole of known height, or film nearer", (METRES,)))  # fmt: skip
    return found


def _of_person(person: Box, picture: tuple[int, int] | None) -> list[Caution]:
    left, top, width, height = person
    found = []
    if not height >= TALL_LEAST:
        found.append(Caution("person_small", f"the person is {height:.0f} px tall, too little to see joints: film "
                             f"nearer, so that it is at least {TALL_WARN:.0f} px",
                             (ANY, SAGITTAL, FRONTAL)))  # fmt: skip
    elif height < TALL_WARN:
        found.append(Caution("person_small", f"the person is {height:.0f} px tall: angles get noisy below "
                             f"{TALL_WARN:.0f} px, film nearer"))  # fmt: skip
    if picture is not None and (left < 1.0 or top < 1.0 or left + width > picture[0] - 1.0
                                or top + height > picture[1] - 1.0):  # fmt: skip
        found.append(Caution("person_clipped", "the person is cut off by the edge of the picture, so joints there are "
                             "guessed: film from farther away"))  # fmt: skip
    return found


def cannot(view: PlateView | None, person: Box | None = None, picture: tuple[int, int] | None = None
           ) -> Mapping[str, str]:  # fmt: skip
    """Quantities that this view cannot show -> why, one sentence.

    >>> sorted(cannot(None))
    ['force_line', 'metres']
    """
    found: dict[str, str] = {}
    for caution in cautions(view, person, picture):
        for quantity in caution.forbids:
            found.setdefault(quantity, caution.text)
    return found
