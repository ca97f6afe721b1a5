"""Isometric pulls as repetitions: from spans and onsets to facts, and the finder of the test `isometric`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hipdrive.analysis.build import following, mean_of, with_reason
from hipdrive.analysis.events import Instants
from hipdrive.analysis.facts import NO_TIER, NUMBER, Facts, even, no_drift
from hipdrive.analysis.locate import Given, Located
from hipdrive.analysis.pretension import STEADY, UNQUIET, Onsets, longest_run, mean_u, onsets
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.pulls import QUIET, Spans, spans
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.segment import Candidates
from hipdrive.analysis.signal import Block, Floats, Ints
from hipdrive.analysis.weighing import Still, Where, still_before

BEFORE, AFTER, GIVEN, ELSEWHERE, NONE = 0, 1, 5, 6, 7
"""Where the weight of a pull comes from: places in `locate.WEIGHED`."""

SETTLED = 0.3
"""s after a pull before standing begins."""

LEVEL_BAND, LEVEL_SHARE, TRIM = 2.0, 0.0025, 0.3
"""Standing: seconds whose mean lies within so many N, or such a share, of the lowest; s cut off at both ends."""

HOLD_REASONS = ("", "iso_dip", "iso_drift", "no_pretension")
"""Why the onset's numbers of a pull are refused, by the class of its pretension."""


@dataclass(frozen=True, eq=False)
class Pulls(Located):
    """Pulls with their pretension, (n,); what a flight would have is empty."""

    onset_of: Onsets
    cell: Ints
    """1 where the force is a load cell's, which carries no body weight."""
    over: Ints
    """1 where the force came down again within the record."""
    zeroed: Ints
    """1 where the plate was empty in the record, or the cell slack."""
    drift: Floats
    """N/s that the zero moved by, where it was seen twice."""


def pulls(scene: Scene) -> Found:
    """Isometric pulls: mid-thigh pull, isometric squat, one leg or two, or a pull on a load cell.

    The rule, also for `auto`. A pull has no flight. It stands on a quiet second (SD at most `weigh_sd_warn` of what is
    on the plate, which is a person's weight); force rises from it by `iso_rise` of that for `iso_hold`, but not longer
    than `iso_longest`; the rise holds more impulse than `iso_speed` times the mass, with which a free body would leave
    the plate, and no force near zero follows within 0.3 s; then the athlete stands again for 0.3 s within a quarter of
    the level before. So a squat (whose impulse is small), a countermovement or squat jump (flight), quiet standing and
    stepping on are none. Where the test was named, the last condition does not count, so that a record may end with the
    pull; and where nobody stands in the record, a rise of `iso_cell_level` above rest is a pull on a load cell, which
    `auto` never takes for one: somebody stepping on looks the same.
    """
    block, given, profile = scene.block, scene.given, scene.profile
    others = np.zeros(len(block.lengths), dtype=np.int64)
    np.add.at(others, scene.located.record, 1)
    none = np.where(others > 0, NUMBER["not_this_test"], NUMBER["no_pull"])
    found = spans(block, scene.runs, scene.refused == 0, others > 0, profile, declared=given.test == "isometric")
    if not len(found.record):
        return Found((), others, none)
    located = _located(block, found, given.weight, profile)
    rep = _rep(_facts(block, located, found, profile, given))
    code = np.where(found.changed, NUMBER["zero_changed"], 0)
    weight = rep.facts.weight
    code = np.where((weight < profile.weight_min) | (weight > profile.weight_max), NUMBER["bad_weight"], code)
    return Found((FoundReps(rep, code, numbers(found.record, rep.facts.events["half_rise"])),), others, none)


def _top(block: Block, found: Spans) -> tuple[Floats, Ints]:
    """Largest force of each pull, N, and its sample."""
    rows = zip(found.record.tolist(), found.start.tolist(), found.end.tolist(), strict=True)
    at = np.array([a + int(np.nanargmax(block.total[r, a:b])) for r, a, b in rows], dtype=np.int64)
    return block.total[found.record, at], at


def _located(block: Block, found: Spans, given: Floats, profile: Profile) -> Pulls:
    n, rate = len(found.record), block.rate
    top, peak = _top(block, found)
    onset = onsets(block, found, top, profile)
    half = onset.half.astype(np.int64)
    zero = np.where(np.abs(found.zero) > profile.offset_min, found.zero, 0.0)
    before, after = _standing(block, found, onset, profile)
    mass = given[found.record]
    source = np.select([before.found, after.found, np.isfinite(mass)], [BEFORE, AFTER, GIVEN], NONE)
    still = before.filled(after)
    # the zero is that of the pull; while the athlete was weighed it had moved less far
    weight = np.where(still.found, still.mean - zero + found.drift * (onset.half - still.centre) / rate, mass)
    weight, source = _from_others(found.record, weight, source)
    end, end_u = _end(block, found, onset, top)
    none = Instants(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n))
    leave = Instants(end, end_u, np.zeros(n))
    no = np.zeros(n, dtype=bool)
    zeroed = (found.count > 0).astype(np.int64)
    left = np.where(zero == 0.0, found.zero, 0.0)
    zero_u = np.sqrt(onset.noise**2 / np.maximum(found.count, 1) + (left / 1.96) ** 2)
    candidates = Candidates(found.record, half, peak, found.ground, found.until, found.zero, onset.noise, found.count,
                            no, np.full(n, -1))  # fmt: skip
    return Pulls(
        candidates, zero, np.where(zeroed == 1, zero_u, np.nan), weight, still, before, after, source, onset.theta,
        found.ground, onset.at, onset.at, onset.u, leave, none, none, no, no, onset.threshold - zero, np.zeros(n),
        np.full(n, np.inf), np.zeros(n), np.full(n, np.nan),
        onset, found.cell.astype(np.int64), found.over.astype(np.int64), zeroed, found.drift,
    )  # fmt: skip


def _from_others(record: Ints, weight: Floats, source: Ints) -> tuple[Floats, Ints]:
    """A pull whose own stance was not seen has the weight of the others in its record."""
    for row in np.flatnonzero(source == NONE).tolist():
        known = weight[(record == record[row]) & (source <= AFTER)]
        if len(known):
            weight[row], source[row] = float(np.median(known)), ELSEWHERE
    return weight, source


def _standing(block: Block, found: Spans, onset: Onsets, profile: Profile) -> tuple[Still, Still]:
    """Standing without tension before and after the pull: the lowest quiet level, if it is lower than the pretension.

    Before the pull it also counts where it is not lower, if the athlete stepped on in the record: nobody holds on to a
    bar while stepping onto the plate. On a load cell nobody stands.
    """
    level = np.where(onset.quiet.found, onset.quiet.mean, found.base)
    lower = level - np.fmax(profile.onset_floor, profile.onset_sds * onset.quiet.sd)
    same = np.concatenate([[False], found.record[1:] == found.record[:-1]])
    begin = np.where(same, np.roll(found.end, 1) + round(SETTLED * block.rate), found.ground)
    finish = np.where(np.concatenate([same[1:], [False]]), np.roll(found.start, -1), found.until)
    quiet_start = np.where(onset.quiet.found, onset.quiet.start, onset.half).astype(np.int64)
    stepped = (found.ground > 0) & ~same
    last = np.where(stepped, onset.half.astype(np.int64) - round(0.3 * block.rate), quiet_start)
    before = _lowest(block, found, begin, last, onset.noise, profile)
    before = before.only(before.found & ((before.mean < lower) | (stepped & (before.mean < level + 2.0))))
    after = _lowest(block, found, found.end + round(SETTLED * block.rate), finish, onset.noise, profile)
    return before, after.only(after.found & (after.mean < lower))


def _lowest(block: Block, found: Spans, first: Ints, last: Ints, noise: Floats, profile: Profile) -> Still:
    """A still stretch on the lowest quiet level of samples [first, last) of each record."""
    begin, end = first.copy(), first.copy()
    size = round(QUIET / block.cell_time)
    for row in np.flatnonzero(~found.cell).tolist():
        a, b = -(-int(first[row]) // block.cell), int(last[row]) // block.cell
        means = block.means[found.record[row], a:b]
        if len(means) < size:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(means, size)
        mean, sd = windows.mean(axis=1), windows.std(axis=1)
        quiet = (sd <= profile.weigh_sd_pass * (mean - found.zero[row])) & (
            mean - found.zero[row] >= profile.weight_min
        )
        if not quiet.any():
            continue
        low = float(mean[quiet].min())
        start, stop = longest_run(quiet & (mean <= low + max(LEVEL_BAND, LEVEL_SHARE * low)))
        # stepping on before it and taking hold after it reach into its first and last seconds
        trim = min(round(TRIM / block.cell_time), (stop - start - 1) // 2)
        begin[row], end[row] = (a + start + trim) * block.cell, (a + stop - 1 + size - trim) * block.cell
    where = Where(found.record, begin, end, found.zero, noise)
    return still_before(block, where, profile, limit=profile.weigh_sd_pass)


def _end(block: Block, found: Spans, onset: Onsets, top: Floats) -> tuple[Floats, Floats]:
    """Where force falls through half of its rise, samples, and its standard uncertainty, s; the record's end else."""
    base = np.where(onset.quiet.found, onset.quiet.mean, found.base)
    level = 0.5 * (base + top)
    end, slope = np.empty(len(level)), np.empty(len(level))
    for row, (record, start, stop) in enumerate(zip(found.record, found.start, found.end, strict=True)):
        limit = min(int(stop) + round(0.5 * block.rate), int(block.lengths[record]))
        high = np.flatnonzero(block.total[record, start:limit] >= level[row])
        at = int(start) + int(high[-1])
        here, there = block.total[record, at], block.total[record, min(at + 1, limit - 1)]
        fall = max(here - there, 1e-9)
        end[row] = at + (min((here - level[row]) / fall, 1.0) if at + 1 < limit else 0.0)
        far = min(at + round(0.005 * block.rate), limit - 1)
        slope[row] = max(here - block.total[record, far], 1e-9) / max(far - at, 1) * block.rate
    return end, np.hypot(onset.noise / slope, 0.2 * block.dt)


def _facts(block: Block, located: Pulls, found: Spans, profile: Profile, given: Given) -> Facts:
    rate, onset = block.rate, located.onset_of
    held = (onset.hold == STEADY) & np.isfinite(onset.at)
    n, nothing = len(found.record), np.full(len(found.record), np.nan)
    quiet = onset.quiet
    step = mean_u(located.still, onset.noise, rate)
    own = np.isin(located.source, (BEFORE, AFTER))
    start = np.where(held, onset.at / rate, np.nan)
    facts = Facts(
        block=block, record=found.record, test="isometric", profile=profile, zero=located.zero,
        level=np.where(located.zeroed == 1, found.zero, np.nan), noise=onset.noise, zero_u=located.zero_u,
        weight=located.weight, weight_u=np.where(own, step, np.nan),
        events={"iso_onset": start, "half_rise": onset.half / rate, "pull_end": located.takeoff.at / rate},
        u={"iso_onset": onset.u, "half_rise": np.zeros(n), "pull_end": located.takeoff.u},
        bias={}, reasons={}, anchor=nothing, anchor_at="", anchor_velocity=np.zeros(n), start_u=np.zeros(n),
        **no_drift(n), plate_noise=even(onset.noise),
        tail=np.zeros(n), origin="iso_onset", located=located, plate_zero=_plate_zero(block, located),
        box_height=given.box_height[found.record], given_weight=given.weight[found.record],
        load=given.load[found.record], tier=np.full(n, NO_TIER),
        two_plate_velocity=nothing,
    )  # fmt: skip
    weightless = ~np.isfinite(located.weight)
    facts = with_reason(facts, "weight", weightless & (located.cell == 1), "load_cell")
    facts = with_reason(facts, "weight", weightless, "no_standing")
    for number, code in enumerate(HOLD_REASONS):
        if code:
            facts = with_reason(facts, "iso_onset", (onset.hold == number) & ~held, code)
    facts = with_reason(facts, "iso_onset", ~held, "no_onset")
    facts = following(facts, "pretension_start", "iso_onset")
    return replace(facts, reasons={**facts.reasons, **_no_pretension(quiet)})


def _no_pretension(quiet: Still) -> dict[str, Ints]:
    if quiet.found.all():
        return {}
    reason = np.where(quiet.found, 0, NUMBER[HOLD_REASONS[UNQUIET]])
    return {"pretension_start": reason, "pretension_end": reason}


def _plate_zero(block: Block, located: Pulls) -> dict[str, Floats]:
    """Zero of each foot's plate where it was empty, so that left and right add up to the total."""
    if not {"left", "right"} <= set(block.names):
        return {}
    ground = located.found.ground
    level = np.zeros(len(ground))
    seen = (located.zeroed == 1) & (located.zero != 0.0)
    if seen.any():
        before = ground > 0
        first = np.where(before, ground - round(0.5 * block.rate), located.found.until + round(0.1 * block.rate))
        length = block.lengths[located.record]
        last = np.where(before, ground - round(0.05 * block.rate), length)
        first, last = np.clip(first, 0, length - 2), np.clip(last, 1, length)
        level = np.where(seen, mean_of(block, "left", located.record, first, np.maximum(last, first + 1)), 0.0)
    return {"left": level, "right": located.zero - level}


def _rep(facts: Facts) -> Rep:
    """The repetitions, with the instants that follow from the force: its peak, and the edges of the pretension."""
    rep = Rep(facts)
    located = facts.located
    assert isinstance(located, Pulls)
    quiet, rate = located.onset_of.quiet, facts.block.rate
    for name, at in (("iso_peak", located.found.end), ("pretension_start", quiet.start), ("pretension_end", quiet.end)):
        known = quiet.found if name != "iso_peak" else np.ones(rep.n, dtype=bool)
        rep.moments[name] = np.repeat(np.where(known, at / rate, np.nan)[:, np.newaxis], rep.k, axis=1)
    return rep
