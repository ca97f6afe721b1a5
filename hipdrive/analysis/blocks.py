"""Trials in blocks: from records side by side to the repetitions of each one's test, and why there are none.

A block holds records of one rate and one set of plates, and fits the cache. A long record is cut into pieces, whose
blocks come one after the other, so that memory is bounded by the block and not by the record or the number of trials.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np

from hipdrive.analysis import quality, segment, touched
from hipdrive.analysis.auto import Claim, chosen, claims_of, found
from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.filtering import filtered
from hipdrive.analysis.group import Group, group_of
from hipdrive.analysis.leg import EMPTY, of_one_leg
from hipdrive.analysis.locate import Given, locate
from hipdrive.analysis.pieces import Piece, pieces_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.repair import of_whole, repaired
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.segment import Runs, Survey
from hipdrive.analysis.signal import Block, Bools, Floats, Ints
from hipdrive.analysis.units import unloaded_code
from hipdrive.trial import Trial

BLOCK_SAMPLES = 1_500_000
"""Samples analysed side by side: enough to share the cost of each step, few enough for memory (about 50 MB)."""

PIECE_SAMPLES = BLOCK_SAMPLES // 2
"""Samples of the pieces of a long record that are analysed side by side."""

HELD_SAMPLES = 4 * BLOCK_SAMPLES
"""Samples of trials that are held to find those of like length among them."""

SHORTEST = 0.5
"""s: nothing shorter can hold a jump."""


@dataclass(frozen=True, eq=False)
class Batch:
    """One block's outcome: its groups, and for each of its trials checks and the reason of a refusal."""

    trials: Ints
    groups: tuple[Group, ...]
    checks: quality.Seen
    code: Ints
    others: Ints
    """Flights of each trial that are no repetitions of its test."""


class Record(NamedTuple):
    """A trial on its way: its number in the call, the test asked for, the share of the other leg, its pieces."""

    number: int
    trial: Trial
    test: str
    share: float
    pieces: tuple[Piece, ...]

    @property
    def kind(self) -> tuple[float, tuple[str, ...], str, bool]:
        """What the records of one block have in common."""
        return self.trial.rate, self.trial.plates, self.test, self.trial.samples < SHORTEST * self.trial.rate


def batches(trials: Iterable[tuple[Trial, str]], profile: Profile) -> Iterator[Batch]:
    """Trials and the tests asked for, in blocks of one rate, plates and test; those of like length together."""
    held: list[Record] = []
    samples = 0
    for number, (trial, test) in enumerate(trials):
        leg = of_one_leg(filtered(trial, profile))
        whole, mended = of_whole(leg.trial, profile)
        if pieces := pieces_of(whole, profile):
            yield _in_pieces(Record(number, whole, test, leg.share, pieces), mended, profile)
            continue
        held.append(Record(number, leg.trial, test, leg.share, ()))
        samples += trial.samples
        if samples >= HELD_SAMPLES:
            yield from _side_by_side(held, profile)
            held, samples = [], 0
    yield from _side_by_side(held, profile)


def _block_size(lengths: Sequence[int], most: int) -> int:
    """How many of the records, ordered by length, go into one block: little padding, bounded memory."""
    size = 1
    while size < len(lengths) and lengths[size] * (size + 1) <= most and lengths[size] <= 1.25 * lengths[0]:
        size += 1
    return size


def _blocks(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places of the records of each block, in their order."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    while order:
        size = _block_size([lengths[i] for i in order], most)
        yield sorted(order[:size])
        order = order[size:]


# --- short records ------------------------------------------------------------------------------------------------


def _side_by_side(records: Sequence[Record], profile: Profile) -> Iterator[Batch]:
    """Records that are one piece each."""
    for (_, _, test, short), alike in groupby(sorted(records, key=lambda r: r.kind), key=lambda r: r.kind):
        members = list(alike)
        if short:
            yield _refused(members, "too_short")
            continue
        for places in _blocks([r.trial.samples for r in members], BLOCK_SAMPLES):
            yield _batch([members[i] for i in places], test, profile)


def _refused(members: Sequence[Record], code: str) -> Batch:
    n = len(members)
    index = np.array([r.number for r in members])
    return Batch(index, (), {}, np.full(n, NUMBER[code]), np.zeros(n, dtype=np.int64))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _batch(members: Sequence[Record], test: str, profile: Profile, *, again: bool = False) -> Batch:
    seen = _look([r.trial for r in members], test, profile)
    index = np.array([r.number for r in members])
    keep, others = chosen(claims_of(seen.found, np.arange(len(index))), seen.others)
    groups = []
    for one, kept in zip(seen.claimed, keep, strict=True):
        if kept.any():
            group = group_of(one.rep, index, one.code, one.number)
            groups.append(group if kept.all() else group.where(kept))
    if not all(kept.all() for kept in keep):
        groups = _counted(groups, [group.trial for group in groups], profile)
    held = np.isin(index, np.concatenate([index[:0], *(group.trial for group in groups)]))
    code = np.where((seen.code == 0) & ~held, _why_none(seen, others, test, profile), seen.code)
    if seen.spoiled.any() and not again:
        groups, spoiled = touched.refused(
            seen.trials, index, groups, seen.spoiled, lambda trial: _alone(trial, test, profile)
        )
        code = np.where((code == 0) | (spoiled > 0), spoiled, code)
    other = quality.other_leg(np.array([r.share for r in members]), EMPTY)
    return Batch(index, tuple(groups), {**seen.checks, "other_leg": other}, code, others)


def _alone(trial: Trial, test: str, profile: Profile) -> tuple[Group, ...]:
    """The repetitions of one trial that nothing is known against."""
    batch = _batch([Record(0, trial, test, 0.0, ())], test, profile, again=True)
    return batch.groups if not batch.code.any() else ()


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a block holds: unloaded runs and weights of its rows, what the finders claim, checks, untrusted rows.

    trials : as analysed, after repair. spoiled : reason of rows with samples that spoil only the numbers they touch.
    """

    trials: Sequence[Trial]
    block: Block
    survey: Survey
    runs: Runs
    found: tuple[Found, ...]
    checks: quality.Seen
    code: Ints
    spoiled: Ints

    @property
    def claimed(self) -> list[FoundReps]:
        """Every group of every finder, in the order of the claims."""
        return [one for found in self.found for one in found.groups]

    @property
    def others(self) -> Ints:
        """Flights that are none of a finder's tests, (finders, rows)."""
        return np.array([found.others for found in self.found])


def _look(trials: Sequence[Trial], test: str, profile: Profile, pieces: Sequence[Piece] = ()) -> _Seen:
    """One block: its survey, its flights, and what the finders make of them."""
    trials, block, mended = repaired(trials, Block.of(trials), profile, whole=not pieces)
    given = Given(
        np.array([np.nan if t.mass is None else (t.mass + t.load) * profile.g for t in trials]),
        np.array([np.nan if t.box_height is None else t.box_height for t in trials]),
        test,
        np.array([t.load for t in trials]),
        np.array([piece.stood for piece in pieces]) if pieces else None,
    )
    survey = segment.survey(block)
    if pieces:
        survey = survey.where_known(np.array([p.level for p in pieces]), np.array([p.rough for p in pieces]))
    located, runs = locate(block, survey, given, profile)
    if pieces:
        first, last = (np.array([getattr(p, edge) - p.start for p in pieces]) for edge in ("first", "last"))
        start, row = located.found.start, located.record
        located = located.where((start >= first[row]) & (start < last[row]))
    empty = segment.empty_runs(runs, test)
    checks = quality.of_records(block, trials, empty, survey.rough_weight, profile, _standing(runs, test, len(trials)))
    code = _upside_down(block, _record_code(checks))
    spoiled = np.where(touched.local(code), code, 0)
    code = np.where(spoiled > 0, 0, code)
    scene = Scene(block, tuple(trials), survey, runs, located, given, code, profile)
    return _Seen(trials, block, survey, runs, found(scene), {**checks, **mended}, code, spoiled)


def _standing(runs: Runs, test: str, n: int) -> Bools:
    """Rows in which nobody jumps, so that a flat top is no clipping and a slow clock does no harm."""
    flies = np.zeros(n, dtype=bool)
    flies[runs.record[runs.flight]] = True
    return ~flies if test == "auto" else np.full(n, test == "balance")


def _counted(groups: Sequence[Group], who: Sequence[Ints], profile: Profile) -> list[Group]:
    """The groups with repetitions counted within each trial, and each weight against those of the same athlete."""
    if not groups:
        return []
    edges = np.cumsum([len(group.trial) for group in groups])[:-1]
    tests = sorted({g.test for g in groups})
    each = np.concatenate([g.trial * len(tests) + tests.index(g.test) for g in groups])
    number = numbers(each, np.concatenate([g.rep for g in groups]))
    weight = np.concatenate([g.checks["system_weight"][0] for g in groups])
    deviation, level = quality.session(np.concatenate(who), weight, profile)
    parts = zip(groups, *(np.split(values, edges) for values in (number, deviation, level)), strict=True)
    return [replace(g, rep=n, checks={**g.checks, "session_weight_deviation": (d, w)}) for g, n, d, w in parts]


# --- long records -------------------------------------------------------------------------------------------------


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _in_pieces(record: Record, mended: quality.Seen, profile: Profile) -> Batch:
    """A record that is cut: block after block of its pieces, then the decision, then the count.

    mended : what was put right in the record as a whole.
    """
    pieces, trial, rate = record.pieces, record.trial, record.trial.rate
    start = np.array([piece.start for piece in pieces])
    athlete = np.array([piece.athlete for piece in pieces])
    groups: list[Group] = []
    claims: list[Claim] = []
    who: list[Ints] = []
    order: list[int] = []
    checks: list[quality.Seen] = []
    codes, others, why = [], [], []
    for places in _blocks([piece.end - piece.start for piece in pieces], PIECE_SAMPLES):
        mine, at = [pieces[i] for i in places], np.array(places)
        seen = _look([piece.of(trial) for piece in mine], record.test, profile, mine)
        claims += claims_of(seen.found, np.zeros(len(at), dtype=np.int64))
        tries = _tries(seen, mine, record.test, profile)
        for one in seen.claimed:
            row = at[one.rep.facts.record]
            group = group_of(one.rep, np.full(len(at), record.number), one.code, row * MOST + one.number,
                             start[row] / rate)  # fmt: skip
            groups.append(touched.unsure(group.slim(), one.rep.facts.record, seen.spoiled, tries))
            who.append(athlete[row])
        others.append(seen.others.sum(axis=1, keepdims=True))
        why.append(_why_none(seen, seen.others.max(axis=0), record.test, profile))
        codes.append(seen.code)
        checks.append(seen.checks)
        order += places
    keep, other = chosen(claims, np.sum(others, axis=0))
    kept = [(group.where(k), w[k]) for group, w, k in zip(groups, who, keep, strict=True) if k.any()]
    groups = _counted([group for group, _ in kept], [w for _, w in kept], profile)
    code = 0 if groups else _why(np.concatenate(codes), np.concatenate(why))
    names = dict.fromkeys(name for one in checks for name in one)
    seen_checks = {name: _worst([c[name] for c in checks if name in c]) for name in names}
    share = quality.other_leg(np.array([record.share]), EMPTY)
    athletes = quality.athletes(len({a for a in athlete.tolist() if a >= 0}))
    said = {**seen_checks, **mended, "other_leg": share, "athletes": athletes}
    return Batch(np.array([record.number]), tuple(groups), said, np.array([code]), other)


def _tries(seen: _Seen, pieces: Sequence[Piece], test: str, profile: Profile) -> dict[int, tuple[Group, ...]]:
    """Row of a piece with lost or clipped samples -> all repetitions of it as it may have been."""
    tries = {}
    for row in np.flatnonzero(seen.spoiled).tolist():
        trial = seen.trials[row]
        filled, piece = touched.as_it_may_have_been(trial, seen.spoiled[row]), pieces[row].filled(trial.gaps)
        again = _look([filled], test, profile, [piece if filled.samples > trial.samples else pieces[row]])
        here = np.zeros(1, dtype=np.int64)
        tries[row] = tuple(group_of(one.rep, here, one.code, one.number) for one in again.claimed)
    return tries


MOST = 1_000_000
"""More repetitions than a piece can hold: until they are counted, numbers are ordered by piece, then within it."""


def _worst(checks: Sequence[tuple[Floats, Ints]]) -> tuple[Floats, Ints]:
    """The most serious of a check's values over the pieces of a record; of equals the largest."""
    value, level = (np.concatenate([part[k] for part in checks]) for k in (0, 1))
    at = np.lexsort((np.nan_to_num(np.abs(value), nan=-1.0), level))[-1:]
    return value[at], level[at]


def _why(untrusted: Ints, none: Ints) -> int:
    """Why a record has no repetition: samples that cannot be trusted, or else what was nearest to a jump."""
    if untrusted.any():
        return int(untrusted[untrusted > 0][0])
    near = [NUMBER[code] for code in ("not_this_test", "no_jump", "ends_in_air", "no_flight", "no_load")]
    return min(map(int, none), key=lambda code: near.index(code) if code in near else -1)


# --- reasons ------------------------------------------------------------------------------------------------------


def _upside_down(block: Block, code: Ints) -> Ints:
    """Refuse records whose force only ever pulls; a plate zeroed under load still has its peaks above zero."""
    low, high = np.fmin.reduce(block.means, axis=1), np.fmax.reduce(block.means, axis=1)
    return np.where((code == 0) & (low < -2.0 * segment.LOADED) & (high < -0.1 * low), NUMBER["upside_down"], code)


def _record_code(checks: quality.Seen) -> Ints:
    """Why samples of a record cannot be trusted, 0 where they can."""
    code = np.zeros(len(checks["dropped_samples"][0]), dtype=np.int64)
    for check, reason in (("dropped_samples", "gaps"), ("peak_saturation", "saturated"),
                          ("plate_drift_rate", "zero_changed")):  # fmt: skip
        code = np.where((code == 0) & (checks[check][1] == quality.FAILED), NUMBER[reason], code)
    return code


def _why_none(seen: _Seen, others: Ints, test: str, profile: Profile) -> Ints:
    """Why a row holds no repetition."""
    block, survey, runs = seen.block, seen.survey, seen.runs
    code = np.full(len(survey.rough_weight), NUMBER["no_flight"])
    if len(runs.record):
        last = np.r_[runs.record[1:] != runs.record[:-1], True] & (runs.end >= block.lengths[runs.record])
        brief = last & (runs.end - runs.start < 1.3 * block.rate) & (runs.start > 0)
        code[runs.record[brief]] = NUMBER["ends_in_air"]
    code = np.where(others > 0, NUMBER["no_jump" if test == "auto" else "not_this_test"], code)
    if len(seen.found) == 1 and (known := seen.found[0].code) is not None:
        code = np.where(known > 0, known, code)
    standing = np.isfinite(survey.rough_weight) | (survey.empty_level > segment.LOADED)
    if not standing.all():
        code[~standing] = unloaded_code(block, np.flatnonzero(~standing), profile)
    return code
