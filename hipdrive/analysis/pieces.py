"""Long recordings in pieces: the visits of athletes to the plate, each analysed like a recording of its own.

A record is cut where the plate stays empty for longer than any flight. What is left between two cuts is a visit: one
athlete steps on, is weighed, jumps and steps off. A visit that goes on for minutes is cut again between two of its
flights, with enough of both sides in both pieces that every flight has its weighing and its rest in its own piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segment import LOADED, survey_of
from hipdrive.analysis.signal import CELL, Bools, Floats, Ints, divided
from hipdrive.analysis.weighing import FARTHEST
from hipdrive.trial import BOX, Gap, Trial

LONG = 12.0
"""s: a shorter record is one piece."""

BESIDE = 5.0
"""s of the empty plate that stay with a visit on each side."""

LONGEST = 60.0
"""s after which a visit is cut at the next opportunity."""

OVERLAP = FARTHEST + 4.0
"""s that two pieces of one visit share on each side of the cut: nothing is looked for farther from a flight."""

APART = 5.0
"""s between two flights that may be cut: no series of hops, and no landing, goes on for so long."""

AT_ONCE = 5_000
"""Cells that are averaged at once, while the processor's cache holds them."""


@dataclass(frozen=True)
class Piece:
    """Samples [start, end) of a record, and what is known of them from the record as a whole.

    first, last : flights that begin in [first, last) are this piece's. visit : its number in the record, from 0.
    level, rough : empty level and rough weight of the whole visit, N; NaN where the piece is all of it.
    athlete : number of the athlete, from 0, told from the others by weight; -1 where nobody could tell.
    stood : weight by other visits of the same athlete, N; NaN where there are none.
    """

    start: int
    end: int
    first: int
    last: int
    visit: int = 0
    level: float = np.nan
    rough: float = np.nan
    athlete: int = 0
    stood: float = np.nan

    def of(self, trial: Trial) -> Trial:
        """The piece as a trial of its own; forces and components are views, not copies."""
        a, b = self.start, self.end
        gaps = tuple(replace(g, first_sample=g.first_sample - a) for g in trial.gaps if a <= g.first_sample < b)
        parts = {name: values[..., a:b] for name, values in trial.components.items()}
        # other devices may have samples of another rate
        part = [slice(a * len(r.values) // trial.samples, b * len(r.values) // trial.samples) for r in trial.raw]
        raw = tuple(replace(r, values=r.values[some], gaps=(), blocks=None)
                    for r, some in zip(trial.raw, part, strict=True))  # fmt: skip
        return replace(trial, fz=trial.fz[:, a:b], components=parts, gaps=gaps, raw=raw)

    def filled(self, gaps: Sequence[Gap]) -> Piece:
        """The piece after its lost samples were put in; gaps count from its start."""

        def moved(at: int) -> int:
            return at + sum(gap.samples for gap in gaps if 0 < gap.first_sample <= at - self.start)

        return replace(self, first=moved(self.first), last=moved(self.last), end=moved(self.end))


def pieces_of(trial: Trial, profile: Profile) -> tuple[Piece, ...]:
    """The pieces of a record in time; none where it is short, or nobody stands on the plate."""
    if trial.samples < LONG * trial.rate:
        return ()
    cell = max(1, round(CELL * trial.rate))
    time = cell / trial.rate
    means = cell_means(trial)
    ground = _loaded(means)
    loaded = ground | _loaded(_means(trial, [BOX], cell)) if BOX in trial.plates else ground
    visits = _visits(loaded, max(1, round(profile.visit_gap / time)))
    if not visits:
        return ()
    stood = np.array([_stance(means[a:b], ~ground[a:b], time, profile) for a, b, _, _ in visits])
    athlete, session = _athletes(stood, profile)
    found = [
        replace(piece, start=piece.start * cell, end=min(piece.end * cell, trial.samples), first=piece.first * cell,
                last=piece.last * cell, athlete=int(athlete[k]), stood=float(session[k]))
        for k, (a, b, begin, end) in enumerate(visits)
        for piece in _parts(Piece(a, b, a, b, k), ground[begin:end], begin, means[a:b], time)
    ]  # fmt: skip
    # the last cell is not a whole one
    if found[-1].end >= (trial.samples // cell) * cell:
        found[-1] = replace(found[-1], end=trial.samples, last=trial.samples)
    whole = len(found) == 1 and found[0].end - found[0].start == trial.samples
    return () if whole else tuple(found)


def cell_means(trial: Trial) -> Floats:
    """Mean of each whole cell of the force on the ground, N."""
    cell = max(1, round(CELL * trial.rate))
    return _means(trial, [name for name in trial.plates if name != BOX], cell)


def _means(trial: Trial, plates: list[str], cell: int) -> Floats:
    """Mean of each whole cell of the sum of some plates, N."""
    rows = [trial.plates.index(name) for name in plates]
    cells = trial.samples // cell
    out = np.empty(cells)
    for a in range(0, cells, AT_ONCE):
        b = min(a + AT_ONCE, cells)
        total = trial.fz[rows, a * cell : b * cell].sum(axis=0)
        out[a:b] = np.einsum("cs->c", total.reshape(-1, cell)) / cell
    return out


def _loaded(means: Floats) -> Bools:
    """Cells in which something stands on a plate."""
    pairs = 0.5 * (means[1:] + means[:-1]) if len(means) > 1 else means
    return np.asarray(means > pairs.min() + LOADED)


def _runs(mask: Bools) -> tuple[Ints, Ints]:
    """Where runs of True begin and end."""
    flips = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    return np.flatnonzero(flips > 0), np.flatnonzero(flips < 0)


def _visits(loaded: Bools, gap: int) -> list[tuple[int, int, int, int]]:
    """Visits in cells: [begin, end) with the empty plate beside, and [begin, end) without."""
    begin, end = _runs(loaded)
    if not len(begin):
        return []
    apart = begin[1:] - end[:-1] >= gap
    begin, end = begin[np.r_[True, apart]], end[np.r_[apart, True]]
    beside = round(BESIDE / CELL)
    before, after = np.r_[0, end[:-1]], np.r_[begin[1:], len(loaded)]
    a, b = np.maximum(before, begin - beside), np.minimum(after, end + beside)
    return list(zip(a.tolist(), b.tolist(), begin.tolist(), end.tolist(), strict=True))


def _parts(visit: Piece, ground: Bools, begin: int, means: Floats, time: float) -> Iterator[Piece]:
    """A visit in pieces, in cells; whole unless it is long and somebody jumps in it again and again."""
    if len(ground) * time <= 2.0 * LONGEST:
        yield visit
        return
    up, down = _runs(~ground)
    up, down = up[1:] if len(up) and up[0] == 0 else up, down
    cuts = _cuts(up + begin, visit.start, visit.end, time)
    seen = survey_of(means[np.newaxis])
    overlap = round(OVERLAP / time)
    edges = [visit.start, *cuts, visit.end]
    for first, last in pairwise(edges):
        yield replace(
            visit, start=max(visit.start, first - overlap), end=min(visit.end, last + overlap), first=first, last=last,
            level=float(seen.empty_level[0]), rough=float(seen.rough_weight[0]),
        )  # fmt: skip


def _cuts(flights: Ints, start: int, end: int, time: float) -> list[int]:
    """Where to cut between flights that lie apart, in cells."""
    cuts, last = [], start
    apart = np.flatnonzero(np.diff(flights) * time >= APART)
    for middle in ((flights[apart] + flights[apart + 1]) // 2).tolist():
        if (middle - last) * time >= LONGEST and (end - middle) * time >= 0.5 * LONGEST:
            cuts.append(middle)
            last = middle
    return cuts


# --- athletes -------------------------------------------------------------------------------------------------------


def _stance(means: Floats, empty: Bools, time: float, profile: Profile) -> float:
    """Weight in the usual still second of a visit, N; NaN where nobody stood still."""
    window, step = max(2, round(profile.weigh_min / time)), max(1, round(0.1 / time))
    if len(means) < window:
        return np.nan
    level = float(np.median(means[empty])) if empty.any() else 0.0
    windows = np.lib.stride_tricks.sliding_window_view(means, window)[::step]
    mean, sd = windows.mean(axis=1) - level, windows.std(axis=1)
    still = (sd <= profile.weigh_sd_warn * mean) & (mean >= profile.weight_min) & (mean <= profile.weight_max)
    return float(np.median(mean[still])) if still.any() else np.nan


def _athletes(stood: Floats, profile: Profile) -> tuple[Ints, Floats]:
    """Number of each visit's athlete in the order of their coming, and their weight by the nearest other visit, N.

    Weights that lie closer than `athlete_weight` are one athlete's. A visit without a stance is that athlete's who came
    both before and after it, or who is the only one.
    """
    known = np.flatnonzero(np.isfinite(stood))
    athlete = np.full(len(stood), -1)
    order = known[np.argsort(stood[known])]
    step = divided(np.diff(stood[order]), stood[order[:-1]]) * 100.0 > profile.athlete_weight
    cluster = np.cumsum(np.r_[0, step]) if len(order) else order
    athlete[order] = cluster
    for k in np.flatnonzero(~np.isfinite(stood)).tolist():
        before, after = known[known < k][-1:], known[known > k][:1]
        beside = set(athlete[np.r_[before, after]].tolist())
        if len(set(cluster.tolist())) == 1 or (len(beside) == 1 and len(before) and len(after)):
            athlete[k] = beside.pop()
    session = np.full(len(stood), np.nan)
    for k in np.flatnonzero(athlete >= 0).tolist():
        others = known[(athlete[known] == athlete[k]) & (known != k)]
        if len(others):
            session[k] = stood[others[np.abs(others - k).argmin()]]
    first_come = list(dict.fromkeys(a for a in athlete.tolist() if a >= 0))
    return np.array([first_come.index(a) if a >= 0 else -1 for a in athlete.tolist()], dtype=np.int64), session
