"""Evidence frames: the pictures of a clip at the instants that a coach asks about, with the skeleton drawn on them."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hipdrive.analysis.lanes import lanes
from hipdrive.errors import HipdriveError
from hipdrive.report.words import event_label, sentence
from hipdrive.results import Analysis, Movement, Results
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from hipdrive.acquisition.video.beside import Beside

INSTANTS = ("takeoff", "zero_velocity", "first_contact", "touchdown", "landing", "onset", "landing_zero_velocity")
"""Events of the force whose frames are shown, the most important first; the fastest instants of joints come second."""

MOST, HIGH = 6, 420
"""Frames a repetition has, and pixels of their height."""

NEAR = 0.75
"""Frames that the nearest one may lie from an instant: farther, the clip does not show it."""

ANGLES = ("hip_angle", "knee_angle")


@dataclass(frozen=True)
class Still:
    """One frame: what it is, when on the clock of the force (s), and the JPEG."""

    title: str
    t: float
    jpeg: bytes

    @property
    def uri(self) -> str:
        """The picture inside a page."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


@dataclass(frozen=True)
class Stills:
    """The frames of each repetition, and of each movement seen without force, or why there are none."""

    reps: Mapping[int, tuple[Still, ...]]
    movements: Mapping[int, tuple[Still, ...]]
    why: str = ""


NONE = Stills({}, {})


def stills(trial: Trial, analysis: Analysis) -> Stills:
    """The evidence frames of a trial; none, and why, where it has no clip or the clip is not to be found."""
    if not trial.footage or analysis.motion is None:
        return NONE
    from hipdrive.acquisition.video.beside import beside

    try:
        with closing(beside(trial)) as clip:
            reps = {rep.rep: tuple(_taken(clip, dict(_asked(rep)))) for rep in analysis.reps if clip.clock is not None}
            moved = {one.number: tuple(_taken(clip, _bend(one))) for one in analysis.movements
                     if one.on_force == (clip.clock is not None)}  # fmt: skip
    except HipdriveError as why:
        return Stills({}, {}, sentence(str(why)))
    return Stills(reps, moved)


def _asked(rep: Results) -> Iterator[tuple[str, float]]:
    """Instants of a repetition in words, the most important first."""
    events = [(event_label(name), rep.events[name].t) for name in INSTANTS if name in rep.events]
    yield from events[:2]
    made = lanes(rep)
    for lane in made.lanes if made is not None else ():
        if lane.joint in ("hip", "knee"):
            yield f"{lane.joint} extends fastest", lane.peak.value
    yield from events[2:]


def _bend(one: Movement) -> Mapping[str, float]:
    return {"before": one.start, "lowest point": one.low, "end": one.end}


def _taken(clip: Beside, asked: Mapping[str, float]) -> Iterator[Still]:
    """The frames of instants, the most important of which come first, in time; instants of one frame share it."""
    from hipdrive.acquisition.video.overlay import jpeg, shrunk

    steps = [b - a for a, b in zip(clip.times[:-1], clip.times[1:], strict=True)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0.0
    named: dict[int, list[tuple[float, str]]] = {}
    for name, t in asked.items():
        at = clip.index_at(t) if math.isfinite(t) else -1
        near = at >= 0 and abs(float(clip.times[at]) - t) <= NEAR * usual
        if near and (at in named or len(named) < MOST):
            named.setdefault(at, []).append((t, name))
    for at in sorted(named):
        title = ", ".join(name for _, name in sorted(named[at]))
        yield Still(title[:1].upper() + title[1:], float(clip.times[at]), jpeg(shrunk(clip.picture(at), HIGH)))
