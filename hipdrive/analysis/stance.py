"""Standing: the stretch of a record in which somebody stands on the plate, and its centre of pressure (METRICS.md 9).

Rule for `auto`: a record is balance where it has no flight, the loaded stretch lasts 10 s or more and is still (SD of
its 10 ms means at most `weigh_sd_warn` of the weight), and a centre of pressure was measured; a record with a pull, a
jump or a landing in it is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from hipdrive.analysis.cop import Pressure, fourth_difference, pressure, resampled, smoothed
from hipdrive.analysis.curve import Curve
from hipdrive.analysis.events import Instants
from hipdrive.analysis.facts import NO_TIER, NUMBER, Facts, even, no_drift
from hipdrive.analysis.locate import Located
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene
from hipdrive.analysis.segment import LOADED, Candidates, Runs
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, gather
from hipdrive.analysis.uncertainty import COVERAGE, SWAY_SHARED, T95, student
from hipdrive.analysis.weighing import QUARTER, Still
from hipdrive.trial import LEFT, RIGHT, Trial

DRAWS = 12
"""Pairs of copies with the plate's noise once more on the centre of pressure, raised and lowered."""

STEP_OFF = 1.0
"""s at the end of a stance that is not counted where somebody steps off the plate."""

EXTREMES = 2.5
"""Growth of an extreme with all of the noise, over what its growth with a little more of it says (simulated)."""

BIAS = 0.965
"""Part of the bias as it is estimated that there really is (simulated: 0.93 to 0.97)."""

ONE_SIDE = 1.7
"""Standard uncertainties on one side of which 95 % lie, with what the bias itself is uncertain by (simulated)."""

LEVELS = 0.5
"""Share of the median force above which somebody stands on the plate."""


class Stance(Rep):
    """Stances as metrics see them: weight and forces as every repetition, and the centre of pressure beside them.

    trials : one a row. cop : (n, k, 3, samples), m (third row N*m), NaN outside each stance. zeroed : rows whose plate
    was empty at some time. farthest : largest distance of a 10 ms mean from the weight, N.
    """

    more = tuple(f"noise{i + 1}" for i in range(DRAWS))

    def __init__(
        self, facts: Facts, curve: Curve, ends: tuple[Floats, Floats], found: Sequence[Pressure],
        trials: Sequence[Trial], zeroed: Bools, farthest: Floats,
    ) -> None:  # fmt: skip
        super().__init__(facts, curve=curve)
        self.trials, self.zeroed, self.farthest = trials, zeroed, farthest
        for name, times in zip(("stance_start", "stance_end"), ends, strict=True):
            self.moments[name] = np.repeat(times[:, np.newaxis], self.k, axis=1)
        self.pressures = found
        self.cop = self._with_noise(found)
        self.step = 1.0 / self.profile.cop_rate

    def _with_noise(self, found: Sequence[Pressure]) -> Floats:
        """Column 0 as measured; then each draw of the noise added and taken away.

        All draws together are as large as the noise, so that their half differences add up to what noise does.
        """
        size = max(one.values.shape[1] for one in found)
        cop = np.full((self.n, self.k, 3, size), np.nan)
        width = T95[DRAWS] / COVERAGE / np.sqrt(DRAWS)
        first = 1 + 2 * self.inputs.index(self.more[0])
        for row, one in enumerate(found):
            count = one.values.shape[1]
            cop[row, :, :, :count] = one.values
            draws = _draws(count, self.facts.block.rate, self.profile.cop_cutoff, self.profile.cop_rate)
            added = width * np.nan_to_num(one.noise)[:, np.newaxis] * draws
            cop[row, first::2, :, :count] += added
            cop[row, first + 1 :: 2, :, :count] -= added
        return cop

    def refuse(self, *rows: int) -> None:
        """Refuse the stances that lack one of the rows of `cop`, for the first reason there is."""
        for row in rows:
            for code in {one.code[row] for one in self.pressures} - {""}:
                self.require(np.array([one.code[row] != code for one in self.pressures]), code)


@lru_cache(maxsize=4)
def _draws(count: int, rate: float, cutoff: float, target: float) -> Floats:
    """White noise of SD 1 as the filter and the lower rate leave it, (draws, 3, count): the same at each call."""
    samples = int(np.ceil((count - 1) * rate / target)) + 2
    phases = np.random.default_rng(9).uniform(0.0, 2.0 * np.pi, (3 * DRAWS, samples // 2 + 1))
    # as strong at every frequency as white noise is on average: few draws would have too much or too little of some
    white = np.fft.irfft(np.sqrt(samples) * np.exp(1j * phases), samples, axis=1)
    quiet = resampled(smoothed(white, rate, cutoff), rate, 0, samples, target)
    return np.nan_to_num(quiet[:, :count]).reshape(DRAWS, 3, count)


def stances(scene: Scene) -> Found:
    """One stance a record: the longest loaded stretch, without its first `balance_skip` seconds."""
    block, profile = scene.block, scene.profile
    n = len(block.lengths)
    nothing, code = np.zeros(n, dtype=np.int64), np.full(n, NUMBER["no_stance"])
    first, last, off = _loaded(block, profile)
    rate, fine = block.rate, scene.refused == 0
    one_leg = np.array([bool(trial.side) for trial in scene.trials])
    longest = np.where(one_leg, profile.single_leg_time, profile.balance_time)
    skip = round(profile.balance_skip * rate)
    end = np.minimum(last - np.where(off, round(STEP_OFF * rate), 0), first + np.round(longest * rate).astype(np.int64))
    start = first + skip
    fine &= (end - start) >= profile.balance_min * rate
    if not fine.any():
        return Found((), nothing, code)
    rows = np.flatnonzero(fine)
    rep = _stance(block, [scene.trials[i] for i in rows], rows, start[rows], end[rows], scene)
    weight = rep.facts.weight
    bad = (weight < profile.weight_min) | (weight > profile.weight_max)
    wrong = np.where(bad, NUMBER["bad_weight"], 0)
    if scene.given.test == "auto":
        wrong = np.where(bad | ~_stands_to_be_measured(scene, rep), NUMBER["no_flight"], 0)
    found = FoundReps(rep, wrong, np.ones(len(rows), dtype=np.int64))
    return Found((found,), nothing, code)


def _stands_to_be_measured(scene: Scene, rep: Stance) -> Bools:
    """Which stances that nobody named are ones: still, with a centre of pressure, in a record without a jump."""
    weight, still = rep.facts.weight, rep.facts.located.still
    quiet = (still.sd <= scene.profile.weigh_sd_warn * weight) & (rep.farthest <= scene.profile.balance_moved * weight)
    jumps = np.isin(rep.facts.record, scene.runs.record[scene.runs.flight])
    placed = np.array([any(not code for code in one.code[:2]) for one in rep.pressures])
    return np.asarray(quiet & placed & ~jumps)


def _loaded(block: Block, profile: Profile) -> tuple[Ints, Ints, Bools]:
    """Samples [first, last) of each record's longest loaded stretch, and whether somebody steps off at its end.

    The first sample above half of the median force begins it.
    """
    means = np.where(np.isfinite(block.means), block.means, -np.inf)
    n = len(means)
    bounds, brief = np.zeros((3, n), dtype=np.int64), profile.empty_before / block.cell_time
    for i, row in enumerate(means):
        some = row[row > LOADED]
        if not some.size:
            continue
        level = LEVELS * float(np.median(some))
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row > level, [False]]).astype(np.int8)))
        # who is off for a moment only has not ended the stance: those samples are masked, and a check says so
        apart = edges[2::2] - edges[1:-1:2] > brief
        starts, ends = edges[::2][np.r_[True, apart]], edges[1::2][np.r_[apart, True]]
        best = int(np.argmax(ends - starts))
        first, last = int(starts[best]) * block.cell, min(int(ends[best]) * block.cell, int(block.lengths[i]))
        if first:
            # the step on is seen to the sample
            near = block.total[i, first - block.cell : first + block.cell]
            first += int(np.argmax(near > level)) - block.cell
        whole = ends[best] * block.cell >= block.lengths[i] - block.cell
        bounds[:, i] = first, int(block.lengths[i]) if whole else last, not whole
    return bounds[0], bounds[1], bounds[2] > 0


def _stance(block: Block, trials: Sequence[Trial], record: Ints, start: Ints, end: Ints, scene: Scene) -> Stance:
    profile, rate = scene.profile, block.rate
    level, noise, count = _empty(scene.runs, record)
    known = np.isfinite(level)
    zero = np.where(known & (np.abs(level) > profile.offset_min), level, 0.0)
    still = _still(block, record, start, end)
    width = int((end - start).max())
    force = gather(block.total, record, start, width)
    force = np.where(np.arange(width) < (end - start)[:, np.newaxis], force, np.nan)
    own = fourth_difference(force)
    noise = np.where(known, noise, own)
    weight = still.mean - zero
    nothing = np.full(len(record), np.nan)
    mean_u = SWAY_SHARED * np.sqrt(still.mean_variance) * student(still.blocks.astype(np.float64))
    facts = Facts(
        block=block, record=record, test="balance", profile=profile, zero=zero, level=np.where(known, level, 0.0),
        noise=noise, zero_u=np.where(known, noise / np.sqrt(np.maximum(count, 1)), 0.0), weight=weight,
        weight_u=mean_u, events={}, u={}, bias={}, reasons={}, anchor=nothing, anchor_at="",
        anchor_velocity=np.zeros(len(record)), start_u=np.zeros(len(record)), **no_drift(len(record)),
        tail=np.zeros(len(record)),
        origin="stance_start", located=nowhere(record, start, end, still, zero, weight, noise),
        plate_zero={}, plate_noise={},
        box_height=scene.given.box_height[record], given_weight=scene.given.weight[record],
        load=scene.given.load[record],
        tier=np.full(len(record), NO_TIER), two_plate_velocity=nothing,
    )  # fmt: skip
    zeros = np.array([_plate_zeros(trial, scene.runs, r) for trial, r in zip(trials, record.tolist(), strict=True)])
    if {LEFT, RIGHT} <= set(block.names):
        left = np.where(zero != 0.0, zeros[:, block.names.index(LEFT)], 0.0)
        facts = replace(facts, plate_zero={"left": left, "right": zero - left}, plate_noise=even(noise))
    found = [
        pressure(trial, z, int(a), int(b), float(w), profile)
        for trial, z, a, b, w in zip(trials, zeros, start, end, weight, strict=True)
    ]
    net = np.nan_to_num(force - (zero + weight)[:, np.newaxis])
    cells = net[:, : width // block.cell * block.cell].reshape(len(record), -1, block.cell).mean(axis=2)
    farthest = np.abs(cells).max(axis=1)
    ends = start / rate, (end - 1) / rate
    return Stance(facts, Curve.of(net, start, rate, twice=True), ends, found, trials, known, farthest)


def _empty(runs: Runs, record: Ints) -> tuple[Floats, Floats, Ints]:
    """Level, noise and samples of the longest unloaded run of each record; NaN where the plate is never empty."""
    level, noise = np.full(len(record), np.nan), np.full(len(record), np.nan)
    count = np.zeros(len(record), dtype=np.int64)
    for i, r in enumerate(record.tolist()):
        of = np.flatnonzero(runs.record == r)
        if of.size:
            best = of[np.argmax(runs.end[of] - runs.start[of])]
            level[i], noise[i], count[i] = runs.level[best], runs.noise[best], runs.count[best]
    return level, noise, count


def _plate_zeros(trial: Trial, runs: Runs, record: int) -> Floats:
    """Zero of each plate in the longest unloaded run; zero where there is none."""
    of = np.flatnonzero(runs.record == record)
    if not of.size:
        return np.zeros(len(trial.plates))
    best = of[np.argmax(runs.end[of] - runs.start[of])]
    trim = (runs.end[best] - runs.start[best]) // 5
    return np.asarray(trial.fz[:, runs.start[best] + trim : runs.end[best] - trim].mean(axis=1))


def _still(block: Block, record: Ints, start: Ints, end: Ints) -> Still:
    """The stance as a weighing: its mean, SD, slope and the scatter of its quarter seconds."""
    rows = []
    quarter = round(QUARTER * block.rate)
    for r, a, b in zip(record.tolist(), start.tolist(), end.tolist(), strict=True):
        part = block.total[r, a:b]
        count = (b - a) // quarter
        means = part[: count * quarter].reshape(count, quarter).mean(axis=1)
        x = np.arange(count) - 0.5 * (count - 1)
        slope = float(x @ means / (x @ x)) / QUARTER
        rows.append((part.mean(), part.std(ddof=1), slope, count, means.std(ddof=1)))
    mean, sd, slope, count, block_sd = np.array(rows).T
    return Still(start, end, mean, sd, slope, count.astype(np.int64), block_sd, np.zeros(len(rows)))


def nowhere(record: Ints, start: Ints, end: Ints, still: Still, zero: Floats, weight: Floats, noise: Floats) -> Located:
    """What a jump would have: a stance has no flight, no edges and no onset, but it is weighed."""
    n = len(record)
    none, nothing = np.full(n, np.nan), np.zeros(n, dtype=np.int64)
    edge, false = Instants(none, none, none), np.zeros(n, dtype=bool)
    found = Candidates(record, start, end, start, end, zero, noise, nothing, false, nothing - 1)
    missing = still.only(false)
    return Located(
        found, zero, np.zeros(n), weight, still, still, missing, nothing, none, start, none, none, none, edge, edge,
        edge, false, false, weight, np.zeros(n), np.full(n, np.inf), np.zeros(n), none,
    )  # fmt: skip


def path_doubt(length: Floats) -> Floats:
    """What u95 of a length of path has beyond its copies, as a standard uncertainty, (n,): noise only ever lengthens.

    Length grows as √(a² + bσ²) with the noise σ; the second differences of the copies tell b, and so a.
    """
    measured, grown = length[:, 0], _grown(length)
    return _one_sided(length, measured - np.sqrt(np.maximum(measured**2 - 2.0 * measured * grown, 0.0)))


def spread_doubt(size: Floats) -> Floats:
    """The same of a root mean square or an area, which grow with the noise's square."""
    return _one_sided(size, _grown(size))


def extreme_doubt(span: Floats) -> Floats:
    """The same of a difference of extremes: the largest of many noisy samples grows nearly as the noise itself."""
    return _one_sided(span, EXTREMES * _grown(span))


def _pairs(values: Floats) -> tuple[Floats, Floats]:
    """A number in the copies with noise added, and with the same noise taken away, (n, DRAWS)."""
    first = 1 + 2 * (values.shape[1] // 2 - DRAWS)
    return values[:, first::2], values[:, first + 1 :: 2]


def _grown(values: Floats) -> Floats:
    """How much once more the noise makes a number larger on average, (n,)."""
    more, less = _pairs(values)
    second = (0.5 * (more + less) - values[:, :1]).sum(axis=1)
    return np.asarray(np.maximum(second, 0.0) * (COVERAGE / T95[DRAWS]) ** 2)


def _one_sided(values: Floats, bias: Floats) -> Floats:
    """The spread that makes u95 as wide as bias and 1.5 random errors, where that is wider than 1.96 of them."""
    more, less = _pairs(values)
    random = ((0.5 * (more - less)) ** 2).sum(axis=1)
    whole = (BIAS * bias + ONE_SIDE * np.sqrt(random)) / COVERAGE
    return np.asarray(np.sqrt(np.maximum(whole**2 - random, 0.0)))
