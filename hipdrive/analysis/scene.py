"""What a finder looks at, and what it gives back: the seam between records and the repetitions of a test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.locate import Given, Located
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.segment import Runs, Survey
from hipdrive.analysis.signal import Block, Bools, Floats, Ints
from hipdrive.trial import Trial


@dataclass(frozen=True, eq=False)
class Scene:
    """Records side by side, and what was seen in them before anybody asked which test they hold.

    trials : as analysed, one a record. seen, runs : weight and unloaded stretches. located : every possible flight with
    weight, edges and onset. given : what the trials say themselves; `given.test` is the test that was asked for.
    refused : reason number of records whose samples cannot be trusted, 0 where they can.
    """

    block: Block
    trials: tuple[Trial, ...]
    seen: Survey
    runs: Runs
    located: Located
    given: Given
    refused: Ints
    profile: Profile


@dataclass(frozen=True, eq=False)
class FoundReps:
    """Repetitions of one test: code is the reason number of refused ones, number counts within each record from 1.

    fits : whether a repetition of the test was there at all, refused or not; None where all were.
    """

    rep: Rep
    code: Ints
    number: Ints
    fits: Bools | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What a finder claims; `auto` decides which test a record has. others : flights that are none of its tests.

    code : why a record without repetitions has none, where the finder knows better than the flights tell; else 0.
    """

    groups: tuple[FoundReps, ...]
    others: Ints
    code: Ints | None = None


def numbers(record: Ints, time: Floats) -> Ints:
    """Repetition numbers within each record, from 1, in time."""
    order = np.lexsort((time, record))
    ordered = record[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    within = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    counted = np.empty(len(order), dtype=np.int64)
    counted[order] = within + 1
    return counted
