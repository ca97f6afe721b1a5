"""What a live detector says: a change of state, a zero, a weight, a warning, a jump's numbers, a trial's end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hipdrive.results import Event, Value

EMPTY, ZEROING, WEIGHING, ARMED, CONTACT, FLIGHT, LANDED, CLOSED, LOST = STATES = (
    "empty", "zeroing", "weighing", "armed", "contact", "flight", "landed", "closed", "lost")  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """The state changed at a sample."""

    sample: int
    state: str
    why: str = ""


@dataclass(frozen=True)
class Zeroed:
    """The zero of each plate was taken, N; sd of the total."""

    sample: int
    levels: tuple[float, ...]
    sd: float


@dataclass(frozen=True)
class Weighed:
    """The athlete stood still: weight N. `steady` is False where the stance was only fairly still."""

    sample: int
    weight: float
    sd: float
    steady: bool = True


@dataclass(frozen=True)
class Warned:
    """Something did not work: a code, and a sentence with what to do."""

    sample: int
    code: str
    text: str


@dataclass(frozen=True)
class Numbers:
    """Provisional numbers of a jump. A later stage (takeoff, landing, closed) of the same jump replaces an earlier one.

    kind : "dj", "cmj", "sj", "jump" (from the plate, not weighed), "rebound" (out of a landing) or "landing".
    events : s from the first sample. values : by METRICS.md field, missing ones with their reason.
    """

    sample: int
    stage: str
    jump: int
    kind: str
    events: Mapping[str, Event]
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Closed:
    """A trial is complete: samples [begin, end) belong to it. `why` is set where it did not end in stillness."""

    sample: int
    begin: int
    end: int
    jumps: int
    why: str = ""


Said = Changed | Zeroed | Weighed | Warned | Numbers | Closed

SAYS = {
    "zero_under_load": "the plates carry {0:.0f} N, so the zero was not taken: step off and take everything off the "
    "plates; if they are empty, zero their amplifier",
    "zero_moving": "the force moved by {0:.0f} N while the zero was taken, so it was not: leave the plates alone for a "
    "second",
    "unsteady": "not still yet, the force sways by {0:.1f} % of the weight: stand tall, look ahead, do not move",
    "fairly_still": "weighed, but the athlete swayed by {0:.1f} % of the weight: heights by impulse are less certain",
    "stepped_off": "the athlete left the plate for longer than any jump lasts",
    "no_stillness": "the athlete did not stand still after landing: stand still for a second",
    "samples_lost": "samples were lost or are no numbers: what was under way is given up, jump again",
}
"""What a live detector says, by code."""
