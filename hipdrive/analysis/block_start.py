"""Metrics of a sprint start (METRICS.md 10): times, forces and impulses of each foot, block velocity, power.

Every impulse runs from the onset of the push to the exit of its own foot; velocity is zero at the onset. docs/
block-start.md says what the literature leaves open and what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hipdrive.analysis import starting
from hipdrive.analysis.registry import metric
from hipdrive.analysis.relative import over_mass, over_weight
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided
from hipdrive.analysis.startpush import DRAWS, FEET, FRONT, HANDS, REAR, quiet_of, slopes, smooth_of
from hipdrive.analysis.starts import Starts

START = ("block_start",)
SOURCE = "derived (METRICS.md 10)"
ON, OFF = "push_onset", "front_exit"
EXITS = {FRONT: "front_exit", REAR: "rear_exit", FEET: "front_exit", HANDS: "front_exit"}
"""The event at which the impulse of a plate ends."""


READ_TWICE, STEEPEST = 1.5, 1.15
"""Noise of a rise between two readings, the first at an event that noise moves, too, in SDs of a sample; spread of the
steepest slope over what redrawn noise says of it (both simulated)."""


def _start(rep: Rep) -> Starts:
    assert isinstance(rep, Starts)
    return rep


def _apart(rep: Rep) -> Starts:
    """The starts, refused where front and rear foot cannot be told apart."""
    start = _start(rep)
    start.require(np.array([push.apart for push in start.pushes]), "one_plate_start")
    return start


def _measured(start: Starts, axis: str, *plates: str) -> None:
    """Refuse starts that lack a component of a plate."""
    for plate in plates:
        start.require(start.has(plate, axis), "no_horizontal" if axis == "x" else "no_vertical")


# --- times --------------------------------------------------------------------------------------------------------


@metric("reaction_time", unit="s", tests=START, source="World Athletics TR16.6", headline=1, method="slope_then_level",
        group="times")  # fmt: skip
def reaction_time(rep: Rep) -> Floats:
    """From the start signal to the onset of the push on the blocks: a lab's number, never the official one."""
    method = [f"gun_{push.gun_method}, slope_then_level" for push in _start(rep).pushes]
    rep.says(np.array(method, dtype=object))
    return rep.duration("gun", ON)


@metric("push_time", unit="s", tests=START, source="Bezodis 2010", headline=2, method="onset_to_front_exit",
        aliases=["block_time"], group="times")  # fmt: skip
def push_time(rep: Rep) -> Floats:
    """From the onset of the push to the exit of the front foot ("block time" in many papers)."""
    return rep.duration(ON, OFF)


def _register_alternatives() -> None:
    told = {"slope": "the instant at which the slope becomes steep", "5sd": "set level and 5 SD",
            "3sd": "set level and 3 SD", "fixed": "set level and a fixed force (`onset_fixed`)"}  # fmt: skip
    for name, text in told.items():

        def reaction(rep: Rep, name: str = name) -> tuple[Floats, Floats]:
            start = _start(rep)
            start.note("gun")
            return start.moments[f"push_onset_{name}"] - start.moments["gun"], start.unknown

        reaction.__doc__ = f"Reaction time by another rule for the onset: {text}."
        metric(f"reaction_time_{name}", unit="s", tests=START, source="Brazil 2017; Bezodis 2019 family",
               method=f"onset_by_{name}", group="other rules for the onset")(reaction)  # fmt: skip


_register_alternatives()


@metric("hand_reaction_time", unit="s", tests=START, source="Milloz 2021", method="onset_of_hands",
        group="times")  # fmt: skip
def hand_reaction_time(rep: Rep) -> Floats:
    """From the start signal to the first change of the force of the hands: the earliest sign of a start."""
    return rep.duration("gun", "hand_onset")


@metric("false_start_flag", unit="bool", tests=START, source="World Athletics TR16.6",
        method="below_limit", group="times")  # fmt: skip
def false_start_flag(rep: Rep) -> Floats:
    """Whether the reaction time is below the limit (`false_start_limit`, 0.100 s): possibly a false start."""
    time = rep["reaction_time"]
    rep.note("reaction_time")
    return np.where(np.isfinite(time), time < rep.profile.false_start_limit, np.nan)


@metric("total_block_time", unit="s", tests=START, source="Bezodis 2010", method="gun_to_exit", group="times")
def total_block_time(rep: Rep) -> Floats:
    """From the start signal to the exit of the front foot: reaction time and push time together."""
    return rep.duration("gun", OFF)


@metric("rear_push_time", unit="s", tests=START, source=SOURCE, method="onset_to_rear_exit", group="times")
def rear_push_time(rep: Rep) -> Floats:
    """From the onset of the push to the exit of the rear foot."""
    return _apart(rep).duration(ON, "rear_exit")


@metric("rear_push_share", unit="%", tests=START, source=SOURCE, method="rear/whole push", group="times")
def rear_push_share(rep: Rep) -> Floats:
    """Rear push time in per cent of the push time."""
    start = _apart(rep)
    return 100.0 * divided(start.duration(ON, "rear_exit"), start.duration(ON, OFF))


@metric("rear_to_front_delay", unit="s", tests=START, source=SOURCE, method="own_onsets", group="times")
def rear_to_front_delay(rep: Rep) -> Floats:
    """Onset on the front block less onset on the rear block, each by the rule of the push on its own force."""
    return _apart(rep).duration("rear_onset", "front_onset")


# --- set position ---------------------------------------------------------------------------------------------------


@metric("set_hold_stability", unit="N", tests=START, source=SOURCE, method="sample_sd", group="set position")
def set_hold_stability(rep: Rep) -> tuple[Floats, Floats]:
    """Largest SD of the resultant of a block in the half second before the gun."""
    start = _start(rep)
    return np.repeat(starting.set_position(start)[0][:, np.newaxis], rep.k, axis=1), rep.unknown


def _register_shares() -> None:
    for plate in (FRONT, REAR, HANDS):

        def share(rep: Rep, plate: str = plate) -> tuple[Floats, Floats]:
            start = _start(rep) if plate == HANDS else _apart(rep)
            if plate == HANDS:
                start.require(np.full(start.n, start.hands), "no_hand_plate")
            _measured(start, "z", plate)
            start.note("weight")
            held = [quiet_of(start.under(row, plate).z, push.set_window, start.curve.rate)[0]
                    for row, push in enumerate(start.pushes)]  # fmt: skip
            return 100.0 * divided(np.array(held)[:, np.newaxis], start.weight), start.unknown

        share.__doc__ = f"Share of the weight on {'the hands' if plate == HANDS else f'the {plate} block'} in the " \
                        "set position."  # fmt: skip
        metric(f"set_share_{plate}", unit="%", tests=START, source=SOURCE, method="set position/weight",
               group="set position")(share)  # fmt: skip


_register_shares()


# --- forces of each foot --------------------------------------------------------------------------------------------


def _largest(
    start: Starts, row: int, values: Floats, noise: float, of: Callable[[Floats], Floats]
) -> tuple[float, float]:
    """Largest of what `of` makes of values, and its spread: the noise is drawn again on the smoothed values."""
    if len(values) < 5 or np.isnan(values).all():
        return float("nan"), float("nan")
    base = smooth_of(values, start.curve.rate)
    drawn = base + noise * np.random.default_rng(12).standard_normal((DRAWS, len(base)))
    off = np.array([np.nanmax(of(one)) for one in drawn]) - np.nanmax(of(base))
    return float(np.nanmax(of(values))), float(np.sqrt(np.mean(off * off)))


def _over_rows(start: Starts, find: Callable[[int], tuple[float, float]]) -> tuple[Floats, Floats]:
    """A number and its spread of each row, the number in every copy."""
    found = np.array([find(row) for row in range(start.n)])
    return np.repeat(found[:, :1], start.k, axis=1), found[:, 1]


def _feet() -> tuple[tuple[str, str], ...]:
    return (FRONT, "front_exit"), (REAR, "rear_exit")


def _register_foot(plate: str, end: str) -> None:
    where = f"the {plate} block"

    def peak(rep: Rep) -> tuple[Floats, Floats]:
        start = _apart(rep)

        def one(row: int) -> tuple[float, float]:
            foot = start.under(row, plate)
            top, spread = _largest(start, row, foot.whole[start.samples_of(row, ON, end)], foot.spread, lambda v: v)
            return top, float(np.hypot(spread, foot.doubt))

        return _over_rows(start, one)

    def mean(rep: Rep) -> tuple[Floats, Floats]:
        start = _apart(rep)

        a, b, curve = start.times(ON), start.times(end), start.whole_of(plate)
        area, time = curve.read(b)[1] - curve.read(a)[1], b - a
        feet = [start.under(row, plate) for row in range(start.n)]
        noise, zero_u = (np.array(column) for column in zip(*((f.spread, f.doubt) for f in feet), strict=True))
        return divided(area, time), np.hypot(noise * np.sqrt(divided(1.0, time[:, 0] * start.curve.rate)), zero_u)

    def rate(rep: Rep) -> tuple[Floats, Floats]:
        start = _apart(rep)
        rep.says(f"least_squares_{1000.0 * rep.profile.rfd_window:g}ms")
        window = rep.profile.rfd_window

        def one(row: int) -> tuple[float, float]:
            foot, part = start.under(row, plate), start.samples_of(row, ON, end)
            early = max(0, part.start - round(window * start.curve.rate))
            values = foot.whole[early : part.stop]
            top, spread = _largest(start, row, values, foot.spread, lambda v: slopes(v, start.curve.rate, window))
            return top, STEEPEST * spread

        return _over_rows(start, one)

    def along(rep: Rep) -> Floats:
        start = _apart(rep)
        _measured(start, "x", plate)
        return start.impulse_of(f"{plate}_x", ON, end)

    def upward(rep: Rep) -> Floats:
        start = _apart(rep)
        _measured(start, "z", plate)
        return start.impulse_of(f"{plate}_z", ON, end)

    def ratio(rep: Rep) -> Floats:
        start = _apart(rep)
        _measured(start, "x", plate)
        _measured(start, "z", plate)
        x, z = (start.impulse_of(f"{plate}_{axis}", ON, end) for axis in "xz")
        return 100.0 * divided(x, np.hypot(x, z))

    def direction(rep: Rep) -> Floats:
        start = _apart(rep)
        _measured(start, "x", plate)
        _measured(start, "z", plate)
        return np.degrees(np.arctan2(start.impulse_of(f"{plate}_z", ON, end), start.impulse_of(f"{plate}_x", ON, end)))

    peak.__doc__ = f"Largest resultant of forward and vertical force on {where}."
    mean.__doc__ = f"Mean resultant on {where} from the onset of the push to the exit of its own foot."
    rate.__doc__ = f"Largest least-squares slope of the resultant on {where} over a 20 ms window."
    along.__doc__ = f"Forward impulse on {where} from the onset of the push to the exit of its own foot."
    upward.__doc__ = f"Vertical impulse on {where} (gross: the weight is shared, so no foot has a net one)."
    ratio.__doc__ = f"Forward impulse on {where} over the size of its whole impulse: impulses, not a mean over time."
    direction.__doc__ = f"Direction of the impulse on {where} above the horizontal."
    common: dict[str, Any] = {"tests": START, "group": f"{plate} block"}
    metric(f"peak_force_{plate}", unit="N", source="Willwacher 2013", method="sample_maximum", **common)(peak)
    over_weight([(f"peak_force_{plate}", START)], source="Willwacher 2013", group=f"{plate} block")
    metric(f"mean_force_{plate}", unit="N", source=SOURCE, method="onset_to_own_exit", **common)(mean)
    metric(f"rfd_{plate}", unit="N/s", source="Maffiuletti 2016", method="least_squares_20ms", **common)(rate)
    for ms in (50, 100):
        _register_rise(plate, ms, where, common)
    metric(f"impulse_x_{plate}", unit="N*s", source=SOURCE, method="onset_to_own_exit", **common)(along)
    metric(f"impulse_z_{plate}", unit="N*s", source=SOURCE, method="onset_to_own_exit, gross", **common)(upward)
    metric(f"ratio_of_forces_block_{plate}", unit="%", source="Morin 2011; Otsuka 2014", method="impulse_based",
           **common)(ratio)  # fmt: skip
    metric(f"force_direction_block_{plate}", unit="deg", source=SOURCE, method="impulse_based", **common)(direction)


def _register_rise(plate: str, ms: int, where: str, common: dict[str, Any]) -> None:
    def rise(rep: Rep) -> tuple[Floats, Floats]:
        start = _apart(rep)
        dt = ms / 1000.0
        time = start.times(ON)
        values = [start.under(row, plate).whole for row in range(start.n)]
        rate = start.curve.rate

        def at(times: Floats) -> Floats:
            return np.array([np.interp(t * rate, np.arange(len(v)), v) for t, v in zip(times, values, strict=True)])

        noise = np.array([start.under(row, plate).spread for row in range(start.n)])
        return (at(time + dt) - at(time)) / dt, READ_TWICE * noise / dt

    rise.__doc__ = (
        f"Rise of the resultant on {where} over the first {ms} ms from the onset of the push, over that time."
    )
    metric(f"rfd_{plate}_0_{ms}ms", unit="N/s", source="Maffiuletti 2016", method="since_push_onset", **common)(rise)


for _plate, _end in _feet():
    _register_foot(_plate, _end)


# --- the whole push -------------------------------------------------------------------------------------------------


def _total(rep: Rep, axis: str) -> Floats:
    """Impulse of all plates, each foot until its own exit and hands until the last one, N*s, (n, k)."""
    start = _start(rep)
    _measured(start, axis, *start.feet)
    parts = [start.impulse_of(f"{plate}_{axis}", ON, EXITS[plate]) for plate in start.feet]
    if start.hands:
        parts.append(start.impulse_of(f"{HANDS}_{axis}", ON, OFF))
    return np.asarray(sum(parts))


@metric("impulse_x_total", unit="N*s", tests=START, source=SOURCE, method="onset_to_exits", group="impulse")
def impulse_x_total(rep: Rep) -> Floats:
    """Forward impulse of both feet, and of the hands where a plate measures it."""
    start = _start(rep)
    with_hands = start.has(HANDS, "x")
    rep.says(np.where(with_hands, "feet_and_hands", "feet_alone"))
    return _total(rep, "x")


@metric("block_velocity_x", unit="m/s", tests=START, source="Bezodis 2010", headline=3, method="impulse/mass",
        aliases=["block_velocity"], group="outcome")  # fmt: skip
def block_velocity_x(rep: Rep) -> Floats:
    """Forward velocity at the exit of the front foot: forward impulse over mass. It rewards long pushes."""
    rep.note("weight")
    rep.note("impulse_x_total")
    return rep["impulse_x_total"] / rep.mass


@metric("block_velocity_z", unit="m/s", tests=START, source=SOURCE, method="net impulse/mass", group="outcome")
def block_velocity_z(rep: Rep) -> Floats:
    """Vertical velocity at the exit of the front foot: impulse of all vertical forces less the weight, over mass."""
    start = _start(rep)
    start.note("weight")
    _measured(start, "z", *start.feet)
    whole = np.array([(HANDS in push.plates and push.plates[HANDS].has[1]) or trial.start == "standing"
                      for push, trial in zip(start.pushes, start.trials, strict=True)])  # fmt: skip
    start.require(whole | (start.weighed == 1), "no_hand_plate")
    up = sum(start.impulse_of(f"{plate}_z", ON, OFF) for plate in (*start.feet, HANDS))
    start.says(
        np.where(start.weighed == 1, "net impulse/mass, weight set_position", "net impulse/mass, weight given_mass")
    )
    return np.asarray((up - start.weight * start.duration(ON, OFF)) / start.mass)


@metric("projection_angle", unit="deg", tests=START, source=SOURCE, headline=4, method="direction_of_velocity",
        group="outcome")  # fmt: skip
def projection_angle(rep: Rep) -> Floats:
    """Direction of the centre of mass at the exit, above the horizontal; not the lean of the body."""
    up, along = rep["block_velocity_z"], rep["block_velocity_x"]
    for name in ("block_velocity_z", "block_velocity_x"):
        rep.note(name)
    return np.degrees(np.arctan2(up, along))


@metric("block_acceleration", unit="m/s^2", tests=START, source=SOURCE, method="velocity/push time", group="outcome")
def block_acceleration(rep: Rep) -> Floats:
    """Mean forward acceleration over the push."""
    rep.note("block_velocity_x")
    return divided(rep["block_velocity_x"], rep["push_time"])


@metric("ahep", unit="W", tests=START, source="Bezodis 2010", method="kinetic energy/push time", group="power")
def ahep(rep: Rep) -> Floats:
    """Average horizontal external power: forward kinetic energy at the exit over the push time."""
    rep.note("block_velocity_x")
    return divided(rep.mass * rep["block_velocity_x"] ** 2, 2.0 * rep["push_time"])


@metric("ahep_rel", unit="W/kg", tests=START, source="Bezodis 2010", headline=5, repeats="ahep", method="over_mass",
        group="power")  # fmt: skip
def ahep_rel(rep: Rep) -> Floats:
    """Average horizontal external power for each kilogram."""
    rep.note("ahep")
    return rep["ahep"] / rep.mass


def _length(rep: Rep) -> tuple[Floats, Floats]:
    """Length that normalises power, m, and whether it is the stature, (n,)."""
    start = _start(rep)
    leg = rep.profile.leg_length
    stature = np.array([np.nan if t.height is None else t.height for t in start.trials])
    start.require((leg > 0.0) | np.isfinite(stature), "no_leg_length")
    return np.where(leg > 0.0, leg, stature), np.full(start.n, 0.0 if leg > 0.0 else 1.0)


@metric("nahep", unit="1", tests=START, source="Bezodis 2010 (modified Hof 1996)", method="hof_length",
        group="power")  # fmt: skip
def nahep(rep: Rep) -> Floats:
    """Average horizontal external power over m·g^1.5·l^0.5, l the length of the leg, or else the stature.

    Not confirmed: which length the original used (METRICS.md 21). Never compare across bases (`nahep_basis`).
    """
    length, stature = _length(rep)
    rep.note("ahep")
    rep.says(np.where(stature > 0.0, "hof_length, by_stature", "hof_length, by_leg"))
    scale = rep.mass * rep.g**1.5 * np.sqrt(length)[:, np.newaxis]
    return divided(rep["ahep"], scale)


@metric("nahep_basis", unit="class", tests=START, source="Bezodis 2010 (modified Hof 1996)", labels=("leg", "stature"),
        method="as_given", group="power")  # fmt: skip
def nahep_basis(rep: Rep) -> Floats:
    """Which length normalises the power."""
    length, stature = _length(rep)
    return np.repeat(np.where(np.isfinite(length), stature, np.nan)[:, np.newaxis], rep.k, axis=1)


@metric("ratio_of_forces_block", unit="%", tests=START, source="Morin 2011; Otsuka 2014", method="impulse_based",
        group="impulse")  # fmt: skip
def ratio_of_forces_block(rep: Rep) -> Floats:
    """Forward impulse of the push over the size of its whole (gross) impulse; not a mean of ratios over time."""
    x, z = _total(rep, "x"), _total(rep, "z")
    return 100.0 * divided(x, np.hypot(x, z))


@metric("force_direction_block", unit="deg", tests=START, source=SOURCE, method="impulse_based", group="impulse")
def force_direction_block(rep: Rep) -> Floats:
    """Direction of the whole (gross) impulse of the push above the horizontal."""
    return np.degrees(np.arctan2(_total(rep, "z"), _total(rep, "x")))


@metric("rear_impulse_share", unit="%", tests=START, source=SOURCE, headline=6, method="rear/both feet",
        group="impulse")  # fmt: skip
def rear_impulse_share(rep: Rep) -> Floats:
    """Share of the rear foot in the forward impulse of both feet."""
    start = _apart(rep)
    _measured(start, "x", FRONT, REAR)
    front, rear = (start.impulse_of(f"{plate}_x", ON, EXITS[plate]) for plate in (FRONT, REAR))
    return 100.0 * divided(rear, front + rear)


@metric("block_power_peak", unit="W", tests=START, source=SOURCE, method="sample_maximum", group="power")
def block_power_peak(rep: Rep) -> tuple[Floats, Floats]:
    """Largest product of forward force and forward velocity during the push."""
    start = _start(rep)
    _measured(start, "x", *start.feet)
    start.note("weight")
    rate = start.curve.rate

    def one(row: int) -> tuple[float, float]:
        push, part = start.pushes[row], start.samples_of(row, ON, OFF)
        x = sum(plate.x for plate in push.plates.values())[part]  # type: ignore[index]
        mass = start.mass[row, 0]
        if len(x) < 5 or not np.isfinite(mass):
            return float("nan"), float("nan")
        steps = np.r_[0.0, 0.5 * (x[1:] + x[:-1])] / rate
        early = part.start / rate - start.moments[ON][row, 0]
        speed = (np.cumsum(steps) + early * x[0]) / mass
        noise = float(np.sqrt(sum(plate.noise[0] ** 2 for plate in push.plates.values() if plate.has[0])))
        return _largest(start, row, x, noise, lambda v: v * speed)

    top, spread = _over_rows(start, one)
    # velocity is impulse over mass
    moved = rep["block_velocity_x"]
    return top * divided(moved, moved[:, :1]), spread


over_mass([("block_power_peak", START)], unit="W/kg", source=SOURCE, group="power")


# --- centre of pressure on the face of a block ----------------------------------------------------------------------


def _register_cop(plate: str, end: str) -> None:
    def place(rep: Rep) -> tuple[Floats, Floats]:
        start = _apart(rep)
        angle = getattr(rep.profile, f"block_angle_{plate}")
        base = getattr(rep.profile, f"block_base_{plate}")
        known = [trial.components.get(f"{plate}.copx") for trial in start.trials]
        start.require(np.array([one is not None and angle > 0.0 for one in known]), "no_block_geometry")
        _measured(start, "x", plate)
        _measured(start, "z", plate)

        def one(row: int) -> tuple[float, float]:
            ground, foot, part = known[row], start.under(row, plate), start.samples_of(row, ON, end)
            if ground is None or part.stop <= part.start:
                return float("nan"), float("nan")
            at = part.start + int(np.argmax(foot.whole[part]))
            normal = np.sin(np.radians(angle)) * foot.x[at] + np.cos(np.radians(angle)) * foot.z[at]
            return float((base - ground[at]) * foot.z[at] / normal), float("nan")

        return _over_rows(start, one)

    place.__doc__ = f"Where the force meets the face of the {plate} block at its peak, from the face's lower edge up."
    metric(f"cop_on_block_{plate}", unit="m", tests=START, source="Nagahara & Ohshima 2019", method="at_peak_force",
           group=f"{plate} block")(place)  # fmt: skip


for _plate, _end in _feet():
    _register_cop(_plate, _end)
