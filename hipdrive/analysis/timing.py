"""When hip, knee and ankle extend, and how that lies to the force (METRICS.md 13): metrics of a repetition's drive.

Each is a function of a `Drive` that returns the copies of a number, the measured one first; `of=` names the joint.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hipdrive.analysis.body import JOINTS, Refused, half_width
from hipdrive.analysis.extension import overlap
from hipdrive.analysis.geometry import sided
from hipdrive.analysis.moving import PUSHES, Drive, sure
from hipdrive.analysis.registry import metric
from hipdrive.results import Value
from hipdrive.trial import Floats

GROUP = "hip drive"
WINTER, CATALOGUE = "Winter", "METRICS.md 13"
BOBBERT = "Bobbert & van Ingen Schenau 1988"
PROPOSED = "METRICS.md 13, proposed, not validated"
CLASSES = ("simultaneous", "proximal_to_distal", "distal_first", "mixed")

LOWEST = ("cmj", "dj", "cmj_rebound", "hops")
"""Tests whose push begins at the lowest point."""


# --- one joint ---


def _joint(joint: str) -> None:
    def register(part: str, unit: str, source: str, doc: str, function: Callable[[Drive], Floats], method: str) -> None:
        function.__doc__ = doc
        function.__module__ = __name__
        metric(f"{joint}_{part}", unit=unit, tests=PUSHES, source=source, sides=True, method=method, group=GROUP,
               scope="motion")(function)  # fmt: skip

    register(
        "extension_onset", "s", CATALOGUE,
        f"When the {joint} begins to extend: the last rise of its velocity to 5 % of the peak, or 20 deg/s.",
        lambda drive: drive.on_force_clock(drive.onset(joint)), "rise_held",
    )  # fmt: skip
    register(
        "peak_extension_velocity_time", "s", CATALOGUE,
        f"When the {joint} extends fastest in the push.",
        lambda drive: drive.on_force_clock(drive.peak(joint)), "parabola",
    )  # fmt: skip
    register(
        "extension_end", "s", CATALOGUE,
        f"When the {joint} ceases to extend: the first fall of its velocity through the level of its onset.",
        lambda drive: drive.on_force_clock(
            sure(drive.part(joint, "end"), drive.profile.motion_onset_u95_max, "unsure_onset")
        ),
        "fall",
    )  # fmt: skip
    register(
        "peak_extension_velocity", "deg/s", WINTER, f"Largest angular velocity of extension of the {joint}.",
        lambda drive: drive.part(joint, "speed"), "parabola",
    )  # fmt: skip
    register(
        "peak_extension_velocity_width", "s", CATALOGUE,
        f"How long the {joint} extends with at least 95 % of its largest velocity: a plateau has no peak.",
        lambda drive: drive.part(joint, "width"), "plateau",
    )  # fmt: skip


for _name in JOINTS:
    _joint(_name)


# --- joints against one another: they share a clock, so that its error does not enter ---


def _delay(drive: Drive, first: str, second: str) -> Floats:
    """Peak against peak: refused where one peak is too broad to have a time."""
    return drive.peak(second) - drive.peak(first)


@metric("hip_knee_delay", unit="s", tests=PUSHES, source=BOBBERT, sides=True, method="peak_to_peak", group=GROUP,
        scope="motion")  # fmt: skip
def hip_knee_delay(drive: Drive) -> Floats:
    """Time from the hip's fastest extension to the knee's, positive when the hip comes first."""
    return _delay(drive, "hip", "knee")


@metric("knee_ankle_delay", unit="s", tests=PUSHES, source=BOBBERT, sides=True, method="peak_to_peak", group=GROUP,
        scope="motion")  # fmt: skip
def knee_ankle_delay(drive: Drive) -> Floats:
    """Time from the knee's fastest extension to the ankle's, positive when the knee comes first."""
    return _delay(drive, "knee", "ankle")


@metric("onset_sequence_hip_knee", unit="s", tests=PUSHES, source=BOBBERT, sides=True, method="onset_to_onset",
        group=GROUP, scope="motion")  # fmt: skip
def onset_sequence_hip_knee(drive: Drive) -> Floats:
    """Time from the hip's start of extension to the knee's, positive when the hip begins first."""
    return sure(drive.onset("knee") - drive.onset("hip"), drive.profile.motion_onset_u95_max, "unsure_onset")


@metric("pd_sequence_class", unit="class", tests=PUSHES, source=CATALOGUE, labels=CLASSES, method="delays_beyond_u95",
        group=GROUP, scope="motion")  # fmt: skip
def pd_sequence_class(drive: Drive) -> Value:
    """Order of the fastest extensions: proximal to distal or distal first where every delay is beyond its uncertainty.

    Simultaneous where a delay is within it; mixed where one delay is beyond it in one direction and the other in the
    other.
    """
    signs = []
    for delay in (_delay(drive, "hip", "knee"), _delay(drive, "knee", "ankle")):
        signs.append(0 if abs(delay[0]) <= half_width(delay) else int(math.copysign(1, delay[0])))
    kind = 0 if 0 in signs else 1 if min(signs) > 0 else 2 if max(signs) < 0 else 3
    return Value(float(kind), "class", math.nan, "delays_beyond_u95", label=CLASSES[kind])


@metric("extension_overlap", unit="%", tests=PUSHES, source=CATALOGUE, sides=True, method="above_half_of_peak",
        group=GROUP, scope="motion")  # fmt: skip
def extension_overlap(drive: Drive) -> Floats:
    """Time for which hip and knee both extend with more than half of their peaks, of the time in which one does."""
    body, share = drive.body, drive.profile.motion_overlap
    search = drive.push[0], drive.push[1] + drive.profile.motion_push_margin

    for joint in ("hip", "knee"):
        drive.peak(joint)  # half of a peak that cannot be told is nothing

    def of(leg: str) -> Floats:
        return overlap(body.grid, drive.turning("hip", leg), drive.turning("knee", leg), share, search)

    return body.over_legs(of)


# --- joints and the force: these need a clock ---


@metric("hip_extension_at_toeoff", unit="deg", tests=PUSHES, source=CATALOGUE, sides=True, method="angle_at_takeoff",
        group=GROUP, scope="motion")  # fmt: skip
def hip_extension_at_toeoff(drive: Drive) -> Floats:
    """Hip angle at the take-off that the force shows: 180 is straight, more is hyperextension."""
    return drive.at("hip", "takeoff")


@metric("peak_hip_extension_toeoff_lag", unit="s", tests=PUSHES, source=CATALOGUE, sides=True, method="largest_angle",
        group=GROUP, scope="motion")  # fmt: skip
def peak_hip_extension_toeoff_lag(drive: Drive) -> Floats:
    """From take-off to the largest hip angle, negative when the hip finished before the foot left the ground."""
    takeoff, part = drive.event("takeoff"), drive.inside(drive.push[0], drive.body.end)

    def of(leg: str) -> Floats:
        curves = drive.body.angle("hip", leg).value[:, part]
        top = curves.argmax(axis=1)
        if top[0] in (0, curves.shape[1] - 1):
            raise Refused("no_extension_end")
        return np.asarray(drive.body.grid[part][top] - takeoff)

    return sure(drive.body.over_legs(of), drive.profile.motion_onset_u95_max, "unsure_onset")


@metric("hip_drive_index", unit="1", tests=PUSHES, source=PROPOSED, sides=True, method="share_of_extension",
        group=GROUP, scope="motion")  # fmt: skip
def hip_drive_index(drive: Drive) -> Floats:
    """The hip's share of the extension of hip and knee together between the start of the push and take-off."""
    start = drive.event("zero_velocity") if "zero_velocity" in drive.events else drive.event(_first(drive))
    end = drive.event("takeoff")

    def of(leg: str) -> Floats:
        hip, knee = (_grown(drive, joint, leg, start, end) for joint in ("hip", "knee"))
        return np.asarray(hip / np.where(hip + knee > 0.0, hip + knee, np.nan))

    return drive.body.over_legs(of)


def _first(drive: Drive) -> str:
    return "onset" if "onset" in drive.events else "first_contact"


def _grown(drive: Drive, joint: str, leg: str, start: Floats, end: Floats) -> Floats:
    """How far a joint extends between two times, backward turning left out, deg."""
    speed = np.clip(drive.turning(joint, leg), 0.0, None)
    step = drive.body.grid[1] - drive.body.grid[0]
    sums = np.cumsum(0.5 * step * (speed[:, 1:] + speed[:, :-1]), axis=1)
    sums = np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)
    return np.asarray(drive.body.at(sums, end) - drive.body.at(sums, start))


@metric("force_to_hip_onset", unit="s", tests=LOWEST, source=PROPOSED, sides=True, method="onset_after_lowest_point",
        group=GROUP, scope="motion")  # fmt: skip
def force_to_hip_onset(drive: Drive) -> Floats:
    """From the lowest point of the centre of mass to the hip's start of extension."""
    lowest = drive.event("zero_velocity")
    return sure(drive.onset("hip") - lowest, drive.profile.motion_onset_u95_max, "unsure_onset")


@metric("arm_swing_lag", unit="s", tests=PUSHES, source=CATALOGUE, method="peak_to_peak", group=GROUP, scope="motion")
def arm_swing_lag(drive: Drive) -> Floats:
    """Time from the hip's fastest extension to the arms' fastest swing, both sides averaged."""
    hip = drive.peak("hip")
    part = drive.inside(drive.body.start, drive.push[1] + drive.profile.motion_push_margin)

    def of(leg: str) -> Floats:
        swing = drive.body.curves(sided("shoulder_angle", leg)).velocity[:, part]
        top = swing.argmax(axis=1)
        if top[0] in (0, swing.shape[1] - 1):
            raise Refused("no_arm_swing")
        return np.asarray(drive.body.grid[part][top])

    return sure(drive.body.over_legs(of) - hip, drive.profile.motion_onset_u95_max, "slow_peak")


# --- angles and velocities at the events of the force ---

AT: dict[str, tuple[str, tuple[str, ...]]] = {
    "zero_velocity": ("the lowest point of the centre of mass", LOWEST),
    "peak_force": ("the largest force of the push", PUSHES),
    "takeoff": ("take-off", PUSHES),
    "touchdown": ("touchdown", ("dj", "hops", "landing")),
}
"""Event of the force -> what it is called, and the tests that have it. A contact's touchdown is its first contact."""


def event_of(drive: Drive, name: str) -> str:
    """The name that an event has in a test."""
    return "first_contact" if name == "touchdown" and drive.test != "landing" else name


def _at(joint: str, event: str, called: str, tests: tuple[str, ...]) -> None:
    def angle(drive: Drive) -> Floats:
        return drive.at(joint, event_of(drive, event))

    def speed(drive: Drive) -> Floats:
        return drive.speed_at(joint, event_of(drive, event))

    which = "ankle_dorsiflexion" if joint == "ankle" else f"{joint}_angle"
    angle.__doc__ = f"Angle of the {joint} at {called}" + (
        ", dorsiflexion positive." if joint == "ankle" else "; 180 is straight."
    )
    speed.__doc__ = f"Angular velocity of the {joint} at {called}, extension positive."
    if (joint, event) != ("hip", "takeoff"):
        metric(f"{which}_at_{event}", unit="deg", tests=tests, source=CATALOGUE, sides=True, method=f"angle_at_{event}",
               group=GROUP, scope="motion")(angle)  # fmt: skip
    if joint == "hip":
        metric(f"hip_velocity_at_{event}", unit="deg/s", tests=tests, source=CATALOGUE, sides=True,
               method=f"velocity_at_{event}", group=GROUP, scope="motion")(speed)  # fmt: skip


for _joint_name in JOINTS:
    for _event, (_called, _tests) in AT.items():
        _at(_joint_name, _event, _called, _tests)
