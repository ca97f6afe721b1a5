"""What is jumped in a session and in which order: a small TOML file, and the place in it where an athlete is.

A protocol is made of steps (a test, boxes, repetitions, rests), and these of slots, one for each jump. A `Walk` is the
place: which slot is next, which take counted for which, how long the rest still is. It is a fact that never changes;
every function gives a new one. Times are seconds of the session.

>>> walk = load("depth_jump_ladder").walk()
>>> walk.slot.title, walk.slot.box_height
('Drop jump 30 cm', 0.3)
>>> walk = walk.jumped(take=1, seconds=10.0)
>>> walk.headline(40.0)
'Drop jump 30 cm, 2 of 3, rest 0:30'
>>> walk.uncounted(take=1).slot.repetition
1
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, Strict, ValidationError, model_validator

from hipdrive.errors import UsageError
from hipdrive.hardware.explain import explain
from hipdrive.hardware.facts import Facts, Fault, Line, Number, fact
from hipdrive.hardware.smallfile import text_of
from hipdrive.report.words import name_of_test

FOLDER = Path(__file__).with_name("protocols")
MOST_JUMPS = 500
"""Jumps of a session."""

FROM_BOX = ("dj", "landing")
"""Tests that begin on a box."""

Test = Literal["cmj", "sj", "dj", "cmj_rebound", "hops", "landing"]
Rest = Annotated[float, Strict(), Field(ge=0.0, le=3600.0)]
Box = Annotated[float, Strict(), Field(gt=0.0, le=3.0)]
LiveField = Literal["rsi_jh", "jump_height_ft", "jump_height_tov", "contact_time", "flight_time", "rsi_modified"]


class Target(Facts):
    """A number that is to be reached, as it is known while somebody jumps; SI units."""

    field: LiveField = fact("the number", "jump_height_ft")
    at_least: Number | None = fact("at least so much, SI", 0.35, None)
    at_most: Number | None = fact("at most so much, SI", 0.2, None)

    @model_validator(mode="after")
    def _one(self) -> Target:
        if self.at_least is None and self.at_most is None:
            raise Fault("at_least", "the target has no limit", "add at_least = 0.35 or at_most = 0.20")
        return self

    def reached(self, value: float) -> bool:
        """Whether a number is as wished."""
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= value <= high


class Step(Facts):
    """One test, several times, perhaps from several boxes."""

    test: Test = fact("the test", "dj")
    repetitions: Annotated[int, Strict(), Field(ge=1, le=100)] = fact("how often, from each box", 3, 1)
    rest_s: Rest = fact("rest before the next repetition, s", 60.0, 0.0)
    rest_after_s: Rest | None = fact("rest before the next box or step, s; without it rest_s", 120.0, None)
    box_heights_m: Annotated[tuple[Box, ...], Field(max_length=20)] = fact("heights of the boxes, m", [0.3, 0.4], ())
    order: Literal["blocks", "rounds"] = fact(
        "blocks: all repetitions from one box, then the next box; rounds: once from each box, then again", "blocks",
        "blocks",
    )  # fmt: skip
    side: Literal["", "left", "right"] = fact("the leg, of jumps on one leg", "left", "")
    arms: bool = fact("with an arm swing", True, False)
    load_kg: Annotated[float, Strict(), Field(ge=0.0, le=500.0)] = fact("load carried, kg", 20.0, 0.0)
    say: Line | None = fact("what the athlete is told", "Hands on hips, short contact", None)
    target: Target | None = fact("a number to reach", {"field": "jump_height_ft", "at_least": 0.35}, None)

    @model_validator(mode="after")
    def _boxes(self) -> Step:
        if self.box_heights_m and self.test not in FROM_BOX:
            raise Fault("box_heights_m", f"{self.test!r} needs no box", "take it out, or choose dj or landing")
        return self


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One jump that is to be done. repetition : of `repetitions`, from 1. rest : before it, s."""

    number: int
    step: int
    test: str
    repetition: int
    repetitions: int
    box_height: float | None = None
    side: str = ""
    arms: bool = False
    load: float = 0.0
    rest: float = 0.0
    say: str = ""
    target: Target | None = None

    @property
    def title(self) -> str:
        """The test with all that sets it apart."""
        box = f" {100.0 * self.box_height:g} cm" if self.box_height else ""
        more = (
            [f"{self.side} leg"] * bool(self.side) + ["arm swing"] * self.arms + [f"{self.load:g} kg"] * bool(self.load)
        )
        return ", ".join([f"{name_of_test(self.test)}{box}", *more])

    @property
    def label(self) -> str:
        """For the name of a file: box and repetition."""
        box = f"{100.0 * self.box_height:.0f}cm-" if self.box_height else ""
        return f"{box}{self.side[:1]}r{self.repetition}"

    @property
    def facts(self) -> dict[str, Any]:
        """As `Session.about` takes them."""
        return {"test": self.test, "box_height": self.box_height, "side": self.side, "arms": self.arms,
                "load": self.load}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Where an athlete is in a protocol. counted : slot -> takes. ended : when the last jump did, s."""

    slots: tuple[Slot, ...]
    at: int = 0
    counted: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    skipped: frozenset[int] = frozenset()
    ended: float = -math.inf

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.at >= len(self.slots)

    @property
    def slot(self) -> Slot:
        """What is next, while it is not over; the last one afterwards."""
        return self.slots[min(self.at, len(self.slots) - 1)]

    @property
    def done(self) -> int:
        """How many slots have their jump."""
        return len(self.counted)

    def rest_left(self, seconds: float) -> float:
        """Time until the next jump is due, s."""
        return 0.0 if self.over else max(0.0, self.ended + self.slot.rest - seconds)

    def headline(self, seconds: float) -> str:
        """What is next, in one line."""
        if self.over:
            return f"Done: {self.done} of {len(self.slots)} jumps"
        one, rest = self.slot, self.rest_left(seconds)
        told = f"{one.title}, {one.repetition} of {one.repetitions}" if one.repetitions > 1 else one.title
        return f"{told}, rest {clock(rest)}" if rest > 0.0 else told

    # --- what happens ---

    def jumped(self, take: int, seconds: float) -> Walk:
        """A jump was done: it counts for what was next."""
        if self.over:
            return replace(self, ended=seconds)
        counted = {**self.counted, self.at: (*self.counted.get(self.at, ()), take)}
        made = replace(self, counted=MappingProxyType(counted), skipped=self.skipped - {self.at}, ended=seconds)
        return replace(made, at=made._next_open(self.at))

    def uncounted(self, take: int) -> Walk:
        """A take does not count, because it was discarded or cannot be used: its slot is done again, next."""
        slot = next((slot for slot, takes in self.counted.items() if take in takes), None)
        if slot is None:
            return self
        left = tuple(one for one in self.counted[slot] if one != take)
        counted = {key: takes for key, takes in self.counted.items() if key != slot} | ({slot: left} if left else {})
        return replace(self, counted=MappingProxyType(counted), at=self.at if left else slot)

    def skip(self) -> Walk:
        """Leave out what is next."""
        if self.over:
            return self
        made = replace(self, skipped=self.skipped | {self.at})
        return replace(made, at=made._next_open(self.at))

    def back(self) -> Walk:
        """One slot back: to do again what was done or left out before."""
        at = max(0, self.at - 1)
        return replace(self, at=at, skipped=self.skipped - {at})

    def repeat(self) -> Walk:
        """Do the last jump once more, in place of the one that counted."""
        last = max((take for takes in self.counted.values() for take in takes), default=None)
        return self if last is None else self.uncounted(last)

    def _next_open(self, at: int) -> int:
        """The next slot without a jump: behind a place, else before it, else the end."""
        closed = {*self.counted, *self.skipped}
        order = [*range(at + 1, len(self.slots)), *range(at + 1)]
        return next((one for one in order if one not in closed), len(self.slots))


def clock(seconds: float) -> str:
    """Minutes and seconds, the last second counted.

    >>> clock(45.0), clock(0.2), clock(119.5)
    ('0:45', '0:01', '2:00')
    """
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Protocol(Facts):
    """A protocol as its file has it."""

    schema_version: Literal["hipdrive-protocol/1"] = fact(
        "version of this file", "hipdrive-protocol/1", "hipdrive-protocol/1", alias="schema"
    )
    name: Line = fact("name of the protocol", "Depth-jump ladder")
    description: Line = fact("one line about it", "three boxes, three jumps from each", "")
    step: Annotated[tuple[Step, ...], Field(min_length=1, max_length=100)] = fact("what is done", "[[step]]")

    _file: str = PrivateAttr("")

    @model_validator(mode="after")
    def _not_endless(self) -> Protocol:
        jumps = sum(one.repetitions * max(1, len(one.box_heights_m)) for one in self.step)
        if jumps > MOST_JUMPS:
            raise Fault("step", f"{jumps} jumps are more than a session holds", f"make it at most {MOST_JUMPS}")
        return self

    @property
    def file(self) -> str:
        """File that it was read from."""
        return self._file

    def slots(self) -> tuple[Slot, ...]:
        """Every jump in its order, with the rest before it."""
        made: list[Slot] = []
        for index, step in enumerate(self.step):
            boxes: tuple[float | None, ...] = step.box_heights_m or (None,)
            turns = [(box, r) for box in boxes for r in range(step.repetitions)]
            if step.order == "rounds":
                turns = [(box, r) for r in range(step.repetitions) for box in boxes]
            for box, r in turns:
                made.append(Slot(
                    number=len(made), step=index, test=step.test, repetition=r + 1, repetitions=step.repetitions,
                    box_height=box, side=step.side, arms=step.arms, load=step.load_kg, say=step.say or "",
                    target=step.target, rest=self._rest_before(made, index, box),
                ))  # fmt: skip
        return tuple(made)

    def _rest_before(self, made: list[Slot], index: int, box: float | None) -> float:
        """The rest of the jump before: `rest_after_s` where the step or the box changes."""
        if not made:
            return 0.0
        before = self.step[made[-1].step]
        changes = made[-1].step != index or made[-1].box_height != box
        return before.rest_after_s if changes and before.rest_after_s is not None else before.rest_s

    def walk(self, *, rests: bool = True) -> Walk:
        """The place at its beginning. rests : whether there are any."""
        slots = self.slots()
        return Walk(slots=slots if rests else tuple(replace(one, rest=0.0) for one in slots))


# --- reading ---


def names() -> tuple[str, ...]:
    """The protocols that are shipped.

    >>> names()
    ('depth_jump_ladder', 'hops_10_5', 'jump_screening')
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(protocol: str | Path) -> Protocol:
    """The protocol of a TOML file, or a shipped one by its name.

    Raises
    ------
    UsageError : there is none, or it is broken; one sentence says where and what to do.
    """
    if isinstance(protocol, str) and protocol in names():
        protocol = FOLDER / f"{protocol}.toml"
    path = Path(protocol)
    if path.suffix.lower() != ".toml":
        near = difflib.get_close_matches(str(protocol), names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"give a .toml file or one of {', '.join(names())}"
        raise UsageError("protocol_unknown", f"there is no protocol {str(protocol)[:200]!r}; {hint}")
    return loads(text_of(path, f"a protocol (TOML) or one of {', '.join(names())}"), path)


def begun(protocol: Walk | Protocol | str | Path) -> Walk:
    """The place in a protocol, at its beginning unless it is given.

    Raises
    ------
    UsageError : it cannot be read.
    """
    if isinstance(protocol, Walk):
        return protocol
    return (load(protocol) if isinstance(protocol, str | Path) else protocol).walk()


def loads(text: str, file: str | Path = "protocol") -> Protocol:
    """The protocol of a TOML text; `file` names it in errors."""
    table: dict[str, Any] = {}
    try:
        table = tomllib.loads(text)
        made = Protocol.model_validate(table)
    except ValidationError as why:
        raise UsageError("protocol", f"{file}: {explain(why, table, Protocol)}") from why
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as why:
        told = " ".join(str(why).split())[:200]
        raise UsageError("protocol", f"{file}: this is no TOML ({told}); start from a shipped protocol, for example "
                         f"{FOLDER / 'depth_jump_ladder.toml'}") from why  # fmt: skip
    made._file = str(file)
    return made
