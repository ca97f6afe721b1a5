"""A protocol walked through without a window: says what is next, keeps what is good, ends when all is done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hipdrive.analysis.said import Warned, Zeroed
from hipdrive.errors import HipdriveError
from hipdrive.protocol import Protocol, Walk, clock
from hipdrive.report.words import clean, label, shown
from hipdrive.results import REFUSED
from hipdrive.session import ANALYSED, KEPT, SAVING, Ended, Event, Fault, Next, Reached, RestOver, Session, Take, Taken

PAUSE = 0.02
"""s between two looks."""

TOLD = 3
"""Numbers of a jump that are said."""


def walk(
    session: Session, protocol: Walk | Protocol | str | Path | None, say: Callable[[str], None],
    *, keep_all: bool = False, pause: Callable[[], None] = lambda: time.sleep(PAUSE),
) -> tuple[Take, ...]:  # fmt: skip
    """Walk through a protocol with a session that is running; its takes.

    Every jump whose analysis is not refused is kept as a file, the others are discarded and done again. It ends when
    the protocol is done, when the devices end, or with KeyboardInterrupt, which loses nothing that was jumped.

    protocol : None for the session's own. say : is told what is next and what happened, a line each. keep_all : also
    what was refused. pause : waits between two looks.

    Raises
    ------
    UsageError : the protocol cannot be read.
    """
    if protocol is not None:
        session.follow(protocol)
    session.arm()
    if not session.zeroed:
        say("Stay off the plates: they are zeroed.")
        session.zero()
    ended = False
    try:
        while not ended and not (session.walk is not None and session.walk.over and _decided(session)):
            events = session.poll()
            ended = any(isinstance(one, Ended) for one in events)
            _hear(session, events, say, keep_all)
            pause()
    finally:
        _hear(session, session.settle(), say, keep_all)  # analysed: kept or discarded
        _hear(session, session.settle(), say, keep_all)  # written
    return session.takes


def _decided(session: Session) -> bool:
    """Whether every take is in its file or forgotten."""
    return all(take.decided and take.state != SAVING for take in session.takes)


def _hear(session: Session, events: Sequence[Event], say: Callable[[str], None], keep_all: bool) -> None:
    for one in events:
        match one:
            case Next(slot=None):
                say("That was the last one.")
            case Next() if session.walk is not None and one.slot is not None:
                rest = f" after a rest of {clock(one.rest)}" if one.rest > 0.0 else ""
                told = f" {one.slot.say}." if one.slot.repetition == 1 and one.slot.say else ""
                say(f"Next: {session.walk.headline(session.seconds).partition(', rest')[0]}{rest}.{told}")
            case Zeroed():
                say("The plates are zeroed.")
            case RestOver():
                say("The rest is over: go.")
            case Reached():
                say(f"Target reached: {label(one.field)}.")
            case Warned() | Fault():
                say(f"{one.text[:1].upper()}{one.text[1:]}.")
            case Taken(take=take) if take.state == ANALYSED:
                _decide(session, take, say, keep_all)
            case Taken(take=take) if take.state == KEPT and take.path is not None:
                say(f"Kept: {clean(take.path.name)}")
            case _:
                pass


def _decide(session: Session, take: Take, say: Callable[[str], None], keep_all: bool) -> None:
    """Keep a jump; discard one that the analysis refused. One that it could not do at all may still be of use."""
    refused = take.analysis is not None and take.analysis.status == REFUSED
    try:
        if take.trial is None or (refused and not keep_all):
            session.discard(take.number)
            why = take.why or (take.analysis.why if take.analysis is not None else "") or "it holds no samples"
            say(f"Jump {take.number} is not kept: {why}.")
            return
        session.keep(take.number)
        say(f"Jump {take.number}: {_numbers(take) or take.why or 'no numbers'}.")
    except HipdriveError as why:
        say(f"{why}.")


def _numbers(take: Take) -> str:
    """The first numbers of a jump in words."""
    from hipdrive.analysis.registry import headline

    if take.analysis is None or not take.analysis.reps:
        return ""
    rep = take.analysis.reps[-1]
    known = [name for name in headline(take.analysis.test) if name in rep and math.isfinite(rep[name].value)]
    return ", ".join(f"{label(name)} {shown(rep[name])}" for name in known[:TOLD])
