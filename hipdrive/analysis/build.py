"""Repetitions of one test, ready for metrics: which test a movement was, its phases, its start of integration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hipdrive.analysis.consistency import closure_doubt, height_doubt
from hipdrive.analysis.curve import Curve
from hipdrive.analysis.facts import BACKWARD, BY_BOX, FLIGHT_ANCHORED, NO_TIER, NUMBER, TWO_PLATE, Facts
from hipdrive.analysis.locate import Given, Located, with_onset
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rep import Rep, newton
from hipdrive.analysis.signal import (
    Block,
    Bools,
    Floats,
    Ints,
    divided,
    gather,
    line,
)
from hipdrive.analysis.swaying import stance
from hipdrive.analysis.weighing import Where, calmest_before
from hipdrive.trial import BOX

CROSSING = 1.4
"""Noise over slope, times this, is the doubt of a crossing that is picked next to the lowest velocity (simulated)."""

DIP = -0.10
"""m/s: a movement that never goes down faster has no countermovement to speak of."""


def facts_of(block: Block, located: Located, test: str, given: Given, profile: Profile) -> Facts:
    """What all tests share; the anchor is the onset until a test says otherwise."""
    rate, record = block.rate, located.record
    times = {"takeoff": located.takeoff.at / rate, "touchdown": located.touchdown.at / rate}
    u = {"takeoff": located.takeoff.u, "touchdown": located.touchdown.u}
    bias = {"takeoff": located.takeoff.bias, "touchdown": located.touchdown.bias}
    own = located.source <= 3
    known = stance(block, located, profile)
    zeroed = np.asarray(0.5 * (located.found.start + located.found.end) / rate, dtype=np.float64)
    if all(np.all(part == 0.0) for part in bias.values()):
        bias = {}
    facts = Facts(
        block=block, record=record, test=test, profile=profile, zero=located.zero, level=located.found.level,
        noise=located.found.noise, zero_u=located.zero_u, weight=located.weight,
        weight_u=np.where(own, np.hypot(known.weight, known.shared), np.nan),
        events=times, u=u, bias=bias, reasons={}, anchor=np.full(len(record), np.nan), anchor_at="",
        anchor_velocity=np.zeros(len(record)), start_u=np.where(own, np.nan_to_num(known.velocity), 0.0),
        start_weight=np.zeros(len(record)), drift=known.drift, drift_u=known.drift_u,
        weighed_at=np.where(own, located.still.centre / rate, zeroed), zeroed_at=zeroed,
        tail=np.zeros(len(record)), origin="takeoff", located=located,
        plate_zero=_plate_zero(block, located), plate_noise=_plate_noise(block, located),
        box_height=given.box_height[record],
        given_weight=given.weight[record], load=given.load[record],
        tier=np.full(len(record), NO_TIER), two_plate_velocity=np.full(len(record), np.nan),
    )  # fmt: skip
    return with_reason(facts, "weight", ~np.isfinite(located.weight), "no_weight")


def with_shared_sway(facts: Facts, rows: Bools, sign: float) -> Facts:
    """The facts in which the weight's error by sway and the anchor's velocity are one: the same waves made both."""
    known = stance(facts.block, facts.located, facts.profile)
    rows = rows & (known.shared > 0.0)
    return replace(
        facts,
        weight_u=np.where(rows, known.weight, facts.weight_u),
        start_weight=np.where(rows, sign * known.shared, 0.0),
    )


def with_reason(facts: Facts, name: str, rows: Bools, code: str) -> Facts:
    """The facts with the reason why an event or the weight is missing in some rows; an earlier reason stays."""
    if not rows.any():
        return facts
    old = facts.reasons.get(name, np.zeros(len(rows), dtype=np.int64))
    return replace(facts, reasons={**facts.reasons, name: np.where((old == 0) & rows, NUMBER[code], old)})


def following(facts: Facts, name: str, cause: str) -> Facts:
    """The facts in which an event is missing for the reason of the event that it hangs on."""
    reason = facts.reasons.get(cause)
    return facts if reason is None else replace(facts, reasons={name: reason, **facts.reasons})


def mean_of(block: Block, name: str, record: Ints, start: Ints, end: Ints) -> Floats:
    """Mean force of one plate over the middle three fifths of samples [start, end), N: its zero during a flight."""
    plate, trim = block.names.index(name), (end - start) // 5
    rows = zip(record.tolist(), (start + trim).tolist(), (end - trim).tolist(), strict=True)
    return np.array([np.add.reduce(block.plates[r][plate, a:b]) / max(b - a, 1) for r, a, b in rows])


def _plate_zero(block: Block, located: Located) -> dict[str, Floats]:
    """Zero level of each foot's plate in the flight, so that left and right add up to the total."""
    if not {"left", "right"} <= set(block.names):
        return {}
    found = located.found
    level = mean_of(block, "left", found.record, found.start, found.end)
    level = np.where(located.zero != 0.0, level, 0.0)
    return {"left": level, "right": located.zero - level}


def _plate_noise(block: Block, located: Located) -> dict[str, Floats]:
    """SD of each foot's plate in the middle of the flight, N, whose squares add up to the total's."""
    if not {"left", "right"} <= set(block.names):
        return {}
    found, plate = located.found, block.names.index("left")
    trim = (found.end - found.start) // 5
    rows = zip(found.record.tolist(), (found.start + trim).tolist(), (found.end - trim).tolist(), strict=True)
    left = np.array([block.plates[r][plate, a:b].std() for r, a, b in rows])
    # plates that hum together have less, or more, than the rest of the square
    left = np.clip(left, SHARE * found.noise, np.sqrt(1.0 - SHARE**2) * found.noise)
    return {"left": left, "right": np.sqrt(found.noise**2 - left**2)}


SHARE = 0.3
"""Each foot's plate has at least this part of the total's noise."""


# --- countermovement and squat jump ----------------------------------------------------------------------------


def jumps(block: Block, located: Located, given: Given, profile: Profile) -> list[Rep]:
    """Countermovement and squat jumps among repetitions that began on the plate."""
    if not len(located.record):
        return []
    facts = jump_facts(block, located, "cmj", given, profile)
    bare = Rep(facts, copies=False)
    facts = _doubted(facts, bare)
    slowest = bare.time_of_min("velocity", "onset", "takeoff")
    dip = bare.quantity("velocity", slowest)[:, 0]
    low = upward_zero(bare, slowest[:, 0], bare.facts.events["takeoff"])
    depth = bare.quantity("displacement", low[:, np.newaxis])[:, 0]
    fast, deep = dip < profile.cmj_velocity, depth < profile.cmj_depth
    squat = ~fast & ~deep & np.isfinite(dip)
    if given.test != "auto":
        squat = np.full(len(squat), given.test == "sj")
    reps = []
    if (~squat).any():
        keep = ~squat
        whole = bare if keep.all() else None
        part = facts if keep.all() else facts.where(keep)
        reps.append(_countermovement(part, bare.curve.where(keep), slowest[keep, 0], dip[keep], whole))
    if squat.any():
        doubt = facts.start_u[squat]
        reps.append(_squat(block, located.where(squat), bare.curve.where(squat), fast[squat], doubt, given, profile))
    return reps


def jump_facts(block: Block, located: Located, test: str, given: Given, profile: Profile) -> Facts:
    """What jumps from standing share: integrated from the onset."""
    facts = facts_of(block, located, test, given, profile)
    onset = located.onset / block.rate
    anchor, anchor_at = onset, "onset"
    if profile.integration_start == "weigh_start":
        # from where the athlete was weighed, if that was before the movement
        before = (located.source == 0) & np.isfinite(onset)
        anchor, anchor_at = np.where(before, located.still.start / block.rate, onset), ""
    facts = replace(
        facts,
        events={"onset": onset, **facts.events},
        u={"onset": located.onset_u, **facts.u},
        bias={"onset": np.zeros(len(onset)), **facts.bias} if facts.bias else {},
        anchor=anchor,
        anchor_at=anchor_at,
        origin="onset",
    )
    facts = with_shared_sway(facts, located.source == 0, 1.0)
    facts = following(facts, "onset", "weight")
    return with_reason(facts, "onset", ~np.isfinite(onset), "no_onset")


def _countermovement(facts: Facts, curve: Curve, slowest: Floats, dip: Floats, like: Rep | None) -> Rep:
    return with_landing_end(descent(facts, curve, slowest, dip, like))


def descent(facts: Facts, curve: Curve, slowest: Floats, dip: Floats, like: Rep | None = None) -> Rep:
    """A countermovement jump up to its take-off, from the time and the velocity of its fastest descent."""
    time, u, slope = _force_is_weight(facts, curve, slowest)
    down = dip < DIP
    time = np.where(down, time, np.nan)
    events, us = dict(facts.events), dict(facts.u)
    facts = replace(
        facts,
        events={"onset": events.pop("onset"), "peak_negative_velocity": time, **events},
        u={"onset": us.pop("onset"), "peak_negative_velocity": u, **us},
        bias={"peak_negative_velocity": np.zeros(len(time)), **facts.bias} if facts.bias else {},
    )
    facts = following(facts, "peak_negative_velocity", "onset")
    facts = with_reason(facts, "peak_negative_velocity", ~np.isfinite(time), "no_countermovement")
    facts = following(facts, "zero_velocity", "peak_negative_velocity")
    rep = Rep(facts, curve=curve, like=like)
    rep.cross_weight("peak_negative_velocity", slope)
    lowest = rep.time_of_min("force", "onset", "peak_negative_velocity")[:, :1]
    rep.moments["force_min"] = np.repeat(lowest, rep.k, axis=1)
    rep.facts = following(rep.facts, "force_min", "peak_negative_velocity")
    return lowest_point(rep, time)


def _force_is_weight(facts: Facts, curve: Curve, slowest: Floats) -> tuple[Floats, Floats, Floats]:
    """`peak_negative_velocity`: the interpolated F = W crossing next to the lowest velocity, its u, and F's slope."""
    rate = facts.block.rate
    known = np.isfinite(slowest)
    at = np.round(np.where(known, slowest, 0.0) * rate).astype(np.int64) - curve.origin
    at = np.clip(at, 1, curve.values.shape[1] - 2)
    rows = np.arange(len(at))
    at = np.where(curve.values[rows, at] < 0.0, at, at - 1)
    here, there = curve.values[rows, at], curve.values[rows, at + 1]
    part = np.clip(divided(-here, there - here), 0.0, 1.0)
    half = max(1, round(0.010 * rate))
    slope = line(gather(curve.values, rows, at - half, 2 * half + 1), 1.0 / rate)[1]
    u = np.sqrt((CROSSING * divided(facts.noise, slope)) ** 2 + (0.3 / rate) ** 2)
    return np.where(known, (curve.origin + at + part) / rate, np.nan), u, slope


def _doubted(facts: Facts, bare: Rep) -> Facts:
    """The facts with the doubt of velocity that a repetition leaves by contradicting itself."""
    doubt = closure_doubt(bare)
    open_end = np.isnan(doubt)
    if open_end.any():
        doubt = np.where(open_end, height_doubt(bare), doubt)
    return replace(facts, start_u=np.maximum(facts.start_u, doubt)) if doubt.any() else facts


def _squat(
    block: Block, located: Located, curve: Curve, dips: Bools, doubt: Floats, given: Given, profile: Profile
) -> Rep:
    """A squat jump: the onset again, upward only; a real countermovement is refused (Q12)."""
    located = with_onset(block, located, np.ones(len(located.record), dtype=bool), profile)
    facts = jump_facts(block, located, "sj", given, profile)
    facts = replace(facts, start_u=np.maximum(facts.start_u, doubt))
    if dips.any():
        onset = np.where(dips, np.nan, facts.events["onset"])
        facts = replace(facts, events={**facts.events, "onset": onset}, anchor=onset)
        facts = with_reason(facts, "onset", dips, "countermovement_in_sj")
    # upward only, the onset can lie before the movement that was integrated first
    early = (facts.events["onset"] * block.rate < curve.origin + 3).any()
    return with_landing_end(Rep(facts, curve=None if early else curve))


def phases(rep: Rep, start: Floats) -> Rep:
    """Add `zero_velocity` after `start`, and the landing's end."""
    return with_landing_end(lowest_point(rep, start))


def lowest_point(rep: Rep, start: Floats) -> Rep:
    """Add `zero_velocity`: the first upward passage of velocity through zero between `start` and take-off."""
    level = rep.profile.propulsion_velocity
    guess = upward_zero(rep, start, rep.facts.events["takeoff"], level)
    times = newton(rep, guess, level)
    rep.moments["zero_velocity"] = times
    facts = following(rep.facts, "zero_velocity", "weight")
    rep.facts = with_reason(facts, "zero_velocity", ~np.isfinite(times[:, 0]), "no_zero_velocity")
    return rep


def with_landing_end(rep: Rep) -> Rep:
    """Add `landing_zero_velocity`: the first return of velocity to zero after touchdown."""
    begin = rep.facts.events["touchdown"]
    guess = upward_zero(rep, begin, begin + rep.profile.landing_search)
    times = newton(rep, guess, 0.0)
    rep.moments["landing_zero_velocity"] = times
    cause = "onset" if "onset" in rep.facts.reasons else "weight"
    facts = following(rep.facts, "landing_zero_velocity", cause)
    rep.facts = with_reason(facts, "landing_zero_velocity", ~np.isfinite(times[:, 0]), "no_stillness")
    return rep


def upward_zero(rep: Rep, start: Floats, end: Floats, level: float = 0.0) -> Floats:
    """First time after `start` at which the measured velocity passes `level` upwards, s."""
    return rep.first_upward(start, end, level)


# --- drop jump ----------------------------------------------------------------------------------------------------


def drops(block: Block, located: Located, given: Given, profile: Profile) -> Rep | None:
    """Drop jumps: contacts that began from an empty plate."""
    if not len(located.record):
        return None
    rate = block.rate
    facts = facts_of(block, located, "dj", given, profile)
    contact = located.first_contact
    after = located.after
    near = after.found & (after.start / rate - facts.events["touchdown"] < 5.0)
    weighed = np.isfinite(located.weight)
    flying = np.isfinite(facts.events["takeoff"]) & np.isfinite(facts.events["touchdown"])
    clear = located.found.start, located.found.end
    two_plate, two_plate_u = fall_from_box(block, located, contact.at, clear, profile)
    tier = np.select(
        [
            np.isfinite(two_plate),
            near & (located.source == 1),
            weighed & flying,
            weighed & np.isfinite(facts.box_height),
        ],
        [TWO_PLATE, BACKWARD, FLIGHT_ANCHORED, BY_BOX],
        NO_TIER,
    )
    down = contact.at / rate
    box = -np.sqrt(2.0 * profile.g * facts.box_height)
    anchor = np.select([tier == BACKWARD, tier == NO_TIER], [after.start / rate, np.nan], down)
    velocity = np.select([tier == TWO_PLATE, tier == BY_BOX], [two_plate, box], 0.0)
    window = (after.end - after.start) / rate
    facts = replace(
        facts,
        events={"first_contact": down, **facts.events},
        u={"first_contact": contact.u, **facts.u},
        bias={"first_contact": contact.bias, **facts.bias} if facts.bias else {},
        anchor=anchor,
        anchor_velocity=velocity,
        start_u=np.select([tier == TWO_PLATE, tier == BY_BOX], [two_plate_u, np.nan], facts.start_u),
        tail=np.where(tier == BACKWARD, window / 12.0, 0.0),
        origin="first_contact",
        tier=tier,
        two_plate_velocity=two_plate,
    )
    # the weighing begins where the velocity is taken to be zero, so a body that rises gains less in it
    facts = with_shared_sway(facts, (tier == BACKWARD) & (located.source == 1), -1.0)
    facts = with_reason(facts, "first_contact", ~np.isfinite(down), "no_first_contact")
    facts = with_reason(facts, "", tier == NO_TIER, "no_weight")
    rep = Rep(facts)
    doubt = np.where(tier == BACKWARD, height_doubt(rep), 0.0)
    if doubt.any():
        rep = Rep(replace(facts, start_u=np.hypot(facts.start_u, doubt)), curve=rep.curve)
    return phases(rep, down + 0.5 / rate)


def fall_from_box(
    block: Block, located: Located, contact: Floats, clear: tuple[Ints, Ints], profile: Profile
) -> tuple[Floats, Floats]:
    """Velocity at `contact` (samples) from quiet standing on the box, both plates summed; and its standard u.

    clear : samples [start, end) in which nobody is on the box, whose plate is zeroed there.
    """
    nothing = np.full(len(located.record), np.nan)
    if BOX not in block.names:
        return nothing, nothing
    both = block.through(*block.names)
    record, rate = located.record, block.rate
    end = np.floor(np.where(np.isfinite(contact), contact, 0.0)).astype(np.int64)
    start = np.maximum(end - round(8.0 * rate), 0)
    on_box = Where(record, start, end, np.zeros(len(record)), located.found.noise)
    still = calmest_before(both, on_box, profile, limit=profile.weigh_sd_pass)
    width = max(int((end - still.end).max(initial=1)), 1) + 2
    net = gather(both.total, record, still.end, width) - still.mean[:, np.newaxis]
    curve = Curve.of(np.nan_to_num(net), still.end, rate)
    empty = mean_of(block, BOX, record, *clear)
    mass = (still.mean - located.zero - empty) / profile.g
    velocity = curve.read((contact / rate)[:, np.newaxis])[1][:, 0] / mass
    falling = still.found & (mass > 10.0) & (velocity < -0.3)
    length = (end - still.end) / rate
    u = np.sqrt((still.block_sd / np.sqrt(np.maximum(still.blocks, 1)) * length / mass) ** 2
                + located.found.noise**2 * length / rate / mass**2)  # fmt: skip
    return np.where(falling, velocity, np.nan), np.where(falling, u, np.nan)


def is_drop(rep: Rep) -> Bools:
    """Rows that came down on the plate: by the flight that follows, or by an impact where there is no weight."""
    facts, profile = rep.facts, rep.profile
    flight = facts.events["touchdown"] - facts.events["takeoff"]
    impulse = rep.net_impulse("first_contact", "takeoff")[:, 0]
    down = 0.5 * rep.g * flight - impulse / rep.mass[:, 0]
    early = rep.max("force", "first_contact", rep.t["first_contact"] + profile.impact_time)[:, 0]
    struck = early >= 0.5 * rep.max("force", "first_contact", "takeoff")[:, 0]
    if not np.isfinite(down).all():
        struck &= _falls(rep)
    return np.where(np.isfinite(down), down < profile.drop_velocity, struck)


BOUNCE = 0.5
"""s: a shorter contact after the flight may throw the body up again."""


def _falls(rep: Rep) -> Bools:
    """Whether a contact's impulse stops a fall and throws the body into the flight, by the weight in its landing.

    Whoever walks over the plate twice does neither. The landing weighs what its impulse stops: W (T + flight/2) = ∫F.
    """
    facts, rate = rep.facts, rep.facts.block.rate
    falls = np.zeros(rep.n, dtype=bool)
    until = facts.located.found.until / rate
    for i, (record, level) in enumerate(zip(facts.record.tolist(), facts.level.tolist(), strict=True)):
        down, up, landed = (float(facts.events[name][i]) for name in ("first_contact", "takeoff", "touchdown"))
        if np.isfinite(down + up + landed):
            last = min(float(until[i]), landed + rep.profile.landing_search)
            before, after = (
                float((facts.block.total[record, round(a * rate) : round(b * rate)] - level).sum() / rate)
                for a, b in ((down, up), (landed, last))
            )
            weight = after / (last - landed + 0.5 * (landed - up))
            # out of a brief contact somebody bounces again, and weighs less than it seems
            falls[i] = last - landed < BOUNCE or before > weight * (
                up - down + 0.5 * (landed - up) - rep.profile.drop_velocity / rep.g
            )
    return falls


def no_jump(rep: Rep) -> Ints:
    """Why a flight is none, 0 where it is one: its time fits the take-off velocity, or else the plate is empty.

    A step off and on again has no take-off velocity; a squat without a flight has a force that never was zero.
    """
    facts, profile = rep.facts, rep.profile
    flight = facts.events["touchdown"] - facts.events["takeoff"]
    by_flight = rep.g * flight**2 / 8.0
    speed = rep.quantity("velocity", "takeoff")[:, 0]
    if facts.test == "dj":
        # the other tiers take the height from the flight or the box, so they prove nothing
        speed = np.where(facts.tier <= BACKWARD, speed, np.nan)
    by_impulse = np.maximum(speed, 0.0) ** 2 / (2.0 * rep.g)
    empty = np.abs(facts.level) <= profile.level_max * facts.located.rough
    unknown = empty & (flight >= profile.flight_min_unweighed)
    if facts.test != "dj":
        # a brief contact between two empty plates, neither weighed nor a fall, is a step
        unknown &= ~facts.located.drop
    agree = (np.abs(by_flight - by_impulse) <= np.maximum(0.10, 0.5 * by_flight)) & (speed > SLOWEST_JUMP)
    known = np.isfinite(by_impulse)
    return np.where(known, np.where(agree, 0, NUMBER["not_ballistic"]), np.where(unknown, 0, NUMBER["no_flight"]))


SLOWEST_JUMP = 0.3
"""m/s: whoever leaves the plate more slowly (half a centimetre) has not jumped."""


def implausible(rep: Rep) -> Bools:
    """Rows that rise or sink farther than a body can: the clock is wrong, since lengths grow with its square."""
    facts, profile = rep.facts, rep.profile
    flight = facts.events["touchdown"] - facts.events["takeoff"]
    far = rep.g * flight**2 / 8.0 > profile.height_max
    if facts.test == "sj":
        return far
    if facts.test == "dj":
        far |= rep.quantity("velocity", "first_contact")[:, 0] ** 2 / (2.0 * rep.g) > profile.drop_max
    depth = rep.quantity("displacement", "zero_velocity")[:, 0]
    return far | (depth < -profile.depth_max)
