"""Metrics of steps over plates (METRICS.md 11): times, lengths, impulses, ratio of forces, velocity, stiffness.

docs/steps.md says what the literature leaves open and what was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hipdrive.analysis.asymmetry import bilateral_index
from hipdrive.analysis.contacts import SMOOTH, Contact
from hipdrive.analysis.footsteps import Step, Steps
from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided
from hipdrive.analysis.uncertainty import COVERAGE, T95
from hipdrive.errors import sentence
from hipdrive.results import Results, Value
from hipdrive.trial import LEFT, RIGHT

STEPS = ("steps",)
SOURCE = "derived (METRICS.md 11)"
ON, OFF, NEXT = "first_contact", "takeoff", "next_contact"
FORWARD, UP = 0, 2

SIDES = (LEFT, RIGHT)
METHOD = "means_of_both_feet"

PEAK, MOMENT = 0.08, 0.001
"""Share of the contact on each side of the peak that its parabola spans; s that a component may have a sign unseen."""

LEG = 0.53
"""Leg length as a share of stature (Winter 1979), where no leg length was given."""


def _steps(rep: Rep) -> Steps:
    assert isinstance(rep, Steps)
    return rep


def _whole(rep: Rep) -> Steps:
    """The steps, refused where a contact is cut off or not all on the plates."""
    steps = _steps(rep)
    steps.needs_whole()
    return steps


# --- times ----------------------------------------------------------------------------------------------------------


@metric(
    "step_contact_time", unit="s", tests=STEPS, source=SOURCE, headline=1, method="threshold_crossings", group="times"
)
def step_contact_time(rep: Rep) -> Floats:
    """Time on the ground, between crossings of `step_threshold`."""
    steps = _steps(rep)
    steps.require(np.array([not one.contact.cut for one in steps.steps]), "cut_contact")
    return rep.duration(ON, OFF)


@metric(
    "step_flight_time", unit="s", tests=STEPS, source=SOURCE, headline=2, method="threshold_crossings", group="times"
)
def step_flight_time(rep: Rep) -> Floats:
    """Time in the air after the contact."""
    _steps(rep).needs_next()
    return rep.duration(OFF, NEXT)


@metric("step_rate", unit="Hz", tests=STEPS, source=SOURCE, headline=3, method="inverse_step_time", group="times")
def step_rate(rep: Rep) -> Floats:
    """Steps a second: one over contact and flight time."""
    _steps(rep).needs_next()
    return divided(1.0, rep.duration(ON, NEXT))


# --- places ---------------------------------------------------------------------------------------------------------


def _length(one: Step) -> tuple[float, float]:
    """How far the next contact is ahead of this one, m, and its standard uncertainty."""
    if one.after is None:
        return np.nan, np.nan
    return (float(one.after.place[FORWARD] - one.contact.place[FORWARD]),
            float(np.hypot(one.after.place_u, one.contact.place_u)))  # fmt: skip


def _belt(steps: Steps) -> float:
    """Speed of the belt under a run that stays in one place, m/s; zero on the ground."""
    return float(steps.profile.belt_speed)


def _lengths(steps: Steps) -> tuple[Floats, Floats]:
    """Step lengths in every copy, and what their places add to the uncertainty; refused where they are not known."""
    steps.needs_places()
    belt = _belt(steps)
    steps.require(np.array([one.run.placed or belt > 0.0 for one in steps.steps]), "no_cop")
    steps.require(np.array([not one.run.still or belt > 0.0 for one in steps.steps]), "treadmill")
    length, u = np.array([_length(one) for one in steps.steps]).T
    placed = np.array([one.run.placed for one in steps.steps])
    moved = steps.of(np.where(placed, length, 0.0))
    return moved + belt * steps.duration(ON, NEXT), np.where(placed, u, 0.0)


@metric("step_length", unit="m", tests=STEPS, source=SOURCE, headline=4, method="cop_to_cop", group="places")
def step_length(rep: Rep) -> tuple[Floats, Floats]:
    """How far apart this contact and the next are along the run, by their force-weighted mean centres of pressure."""
    steps = _steps(rep)
    if _belt(steps) > 0.0:
        steps.says("cop_and_belt")
    return _lengths(steps)


@metric("step_width", unit="m", tests=STEPS, source=SOURCE, method="cop_to_cop", group="places")
def step_width(rep: Rep) -> tuple[Floats, Floats]:
    """How far this contact and the next are apart across the run."""
    steps = _steps(rep)
    steps.needs_places()
    steps.require(np.array([one.run.placed for one in steps.steps]), "no_cop")
    across = [abs(float(one.after.place[1] - one.contact.place[1])) if one.after is not None else np.nan
              for one in steps.steps]  # fmt: skip
    return steps.of(across), np.array([_length(one)[1] for one in steps.steps])


@metric("step_side", unit="class", tests=STEPS, source=SOURCE, labels=SIDES, method="side_of_line",
        group="places")  # fmt: skip
def step_side(rep: Rep) -> Floats:
    """Which foot is on the ground: by the plate of one foot, else left and right of the line of the run."""
    steps = _steps(rep)
    steps.require(np.array([bool(one.side) for one in steps.steps]), "side_unknown")
    return steps.of([float(SIDES.index(one.side)) if one.side else np.nan for one in steps.steps])


# --- impulses -------------------------------------------------------------------------------------------------------


def _impulses(steps: Steps, axis: int, sign: int = 0) -> tuple[Floats, Floats]:
    """Impulses in every copy, and their standard uncertainty, found once for all that ask."""
    contacts = [one.contact for one in steps.steps]
    found = steps.recalled(("step", axis, sign), lambda: np.array([
        (one.impulse(axis, sign), one.walk(axis, _seconds(one, axis, sign))) for one in contacts
    ]))  # fmt: skip
    return steps.of(found[:, 0]), found[:, 1]


def _seconds(one: Contact, axis: int, sign: int) -> float:
    """For how long a component has a sign, s; one that never has it might have it for a moment."""
    if not sign:
        return one.time
    times, values = one.curve(axis)
    return MOMENT + float(np.diff(times)[(sign * 0.5 * (values[1:] + values[:-1])) > 0.0].sum())


@metric("braking_impulse_x", unit="N*s", tests=STEPS, source=SOURCE, method="zero_in_flight", group="impulses")
def braking_impulse_x(rep: Rep) -> tuple[Floats, Floats]:
    """Integral of the forward force where it is negative."""
    steps = _whole(rep)
    steps.needs_horizontal()
    return _impulses(steps, FORWARD, -1)


@metric("propulsive_impulse_x", unit="N*s", tests=STEPS, source=SOURCE, method="zero_in_flight", group="impulses")
def propulsive_impulse_x(rep: Rep) -> tuple[Floats, Floats]:
    """Integral of the forward force where it is positive."""
    steps = _whole(rep)
    steps.needs_horizontal()
    return _impulses(steps, FORWARD, 1)


@metric("net_impulse_x", unit="N*s", tests=STEPS, source=SOURCE, headline=5, method="zero_in_flight", group="impulses")
def net_impulse_x(rep: Rep) -> tuple[Floats, Floats]:
    """Integral of the forward force over the contact: what it changes of the speed, times the mass."""
    steps = _whole(rep)
    steps.needs_horizontal()
    return _impulses(steps, FORWARD)


@metric("effective_vertical_impulse", unit="N*s", tests=STEPS, source=SOURCE, method="less_weight",
        group="impulses")  # fmt: skip
def effective_vertical_impulse(rep: Rep) -> tuple[Floats, Floats]:
    """Integral of the vertical force less the weight over the contact."""
    steps = _whole(rep)
    steps.note("weight")
    gross, u = _impulses(steps, UP)
    return gross - steps.weight * steps.duration(ON, OFF), u


@metric("ratio_of_forces_step", unit="%", tests=STEPS, source="Morin 2011", headline=6, method="means_over_contact",
        group="impulses")  # fmt: skip
def ratio_of_forces_step(rep: Rep) -> tuple[Floats, Floats]:
    """Mean forward force over the resultant of mean forward and vertical force."""
    steps = _whole(rep)
    steps.needs_horizontal()
    x, x_u = _impulses(steps, FORWARD)
    z, z_u = _impulses(steps, UP)
    whole = np.hypot(x, z)
    by_x, by_z = divided(z * z, whole**3)[:, 0], divided(x * z, whole**3)[:, 0]
    return 100.0 * divided(x, whole), 100.0 * np.hypot(by_x * x_u, by_z * z_u)


@metric("braking_impulse_share", unit="%", tests=STEPS, source=SOURCE, method="of_both_sizes", group="impulses")
def braking_impulse_share(rep: Rep) -> tuple[Floats, Floats]:
    """Size of the braking impulse in per cent of braking and propulsive impulse together."""
    steps = _whole(rep)
    steps.needs_horizontal()
    back, back_u = _impulses(steps, FORWARD, -1)
    ahead, ahead_u = _impulses(steps, FORWARD, 1)
    both = ahead - back
    spread = divided(np.hypot(ahead[:, 0] * back_u, back[:, 0] * ahead_u), both[:, 0] ** 2)
    return divided(-100.0 * back, both), 100.0 * spread


# --- forces, velocity, stiffness ------------------------------------------------------------------------------------


def _peak(one: Contact) -> tuple[float, float]:
    """Top of the parabola around the largest force, N, and its standard uncertainty."""
    reach = max(2, round(max(SMOOTH, PEAK * one.time) * one.rate))
    kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
    middle = int(np.argmax(np.convolve(one.push[UP], kernel, "same")))
    middle = min(max(middle, reach), one.push.shape[1] - reach - 1)
    x = np.arange(-reach, reach + 1.0)
    a, b, c = np.polyfit(x, one.push[UP][middle - reach : middle + reach + 1], 2)
    top = c - b * b / (4.0 * a) if a < 0.0 and abs(b / (2.0 * a)) <= reach else float(one.push[UP].max())
    m = float(reach)
    # of a quadratic fit at its middle (Savitzky & Golay 1964)
    share = 3.0 * (3.0 * m * m + 3.0 * m - 1.0) / ((2.0 * m - 1.0) * (2.0 * m + 1.0) * (2.0 * m + 3.0))
    return float(top), float(np.hypot(one.noise[UP] * np.sqrt(share), one.doubt[UP]))


@metric("step_peak_force", unit="N", tests=STEPS, source=SOURCE, method="parabola", group="forces")
def step_peak_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest vertical force of the contact: the top of a parabola over a sixth of it."""
    steps = _whole(rep)
    top, u = np.array([_peak(one.contact) for one in steps.steps]).T
    return steps.of(top), u


@metric("step_velocity", unit="m/s", tests=STEPS, source=SOURCE, method="entry_and_impulses", group="velocity")
def step_velocity(rep: Rep) -> tuple[Floats, Floats]:
    """Speed after the contact by impulses from `entry_velocity`; where that is not given, length times rate."""
    steps = _steps(rep)
    entry = float(steps.profile.entry_velocity)
    if _belt(steps) > 0.0 or entry <= 0.0:
        steps.says("length_times_rate" if _belt(steps) <= 0.0 else "belt_and_places")
        lengths, u = _lengths(steps)
        times = steps.duration(ON, NEXT)
        return divided(lengths, times), divided(u, times[:, 0])
    steps.needs_whole()
    steps.needs_horizontal()
    steps.note("weight")
    gained, doubt, known = _gained(steps)
    steps.require(known, "gap_before")
    return entry + divided(steps.of(gained), steps.mass), divided(doubt, steps.mass[:, 0])


def _gained(steps: Steps) -> tuple[list[float], Floats, list[bool]]:
    """Forward impulse up to the end of each row's contact, its standard uncertainty, and whether all is known."""
    totals, variances, known = [], [], []
    run, total, variance, whole = None, 0.0, 0.0, True
    for one in steps.steps:
        if one.run is not run:
            run, total, variance, whole = one.run, 0.0, 0.0, True
        total += one.contact.impulse(FORWARD)
        variance += one.contact.walk(FORWARD, one.contact.time) ** 2
        whole = whole and not one.contact.cut and not one.partial
        totals.append(total)
        variances.append(variance)
        known.append(whole)
        whole = whole and not one.missed
    return totals, np.sqrt(variances), known


@metric("vertical_stiffness_run", unit="N/m", tests=STEPS, source="McMahon & Cheng 1990; Morin 2005",
        method="peak_over_lowering", group="stiffness")  # fmt: skip
def vertical_stiffness_run(rep: Rep) -> tuple[Floats, Floats]:
    """Peak vertical force over how far the centre of mass sinks, as high at the end of the contact as at its start."""
    steps = _whole(rep)
    steps.note("weight")
    peaks = np.array([_peak(one.contact) for one in steps.steps])
    rows = list(zip(steps.steps, steps.weight[:, 0].tolist(), strict=True))
    sunk, sunk_u = np.array([_lowered(one.contact, w, steps.g) for one, w in rows]).T
    more = np.array([_lowered(one.contact, w * 1.001, steps.g)[0] for one, w in rows])
    by_weight = divided(more - sunk, 0.001 * steps.weight[:, 0]) * np.nan_to_num(steps.facts.weight_u)
    value = divided(peaks[:, 0], sunk)
    parts = divided(peaks[:, 1], peaks[:, 0]), divided(by_weight, sunk), divided(sunk_u, sunk)
    return steps.of(value), value * np.sqrt(sum(part * part for part in parts))


def _lowered(one: Contact, weight: float, g: float) -> tuple[float, float]:
    """How far the centre of mass sinks in a contact at whose ends it is equally high, m, and its standard uncertainty.

    An end that moves by d moves the chord between the ends by v·d there, and by half of that in the middle; white noise
    of the force, integrated twice between fixed ends, scatters there by √(T³/48), a constant one by T²/8.
    """
    if not np.isfinite(weight) or weight <= 0.0:
        return np.nan, np.nan
    times, force = one.curve(UP)
    mass = weight / g
    t, a = times - times[0], (force - weight) / mass
    step, span = np.diff(t), float(t[-1])
    v = np.r_[0.0, np.cumsum(0.5 * step * (a[1:] + a[:-1]))]
    s = np.r_[0.0, np.cumsum(step * v[:-1] + step**2 * (a[:-1] / 3.0 + a[1:] / 6.0))]
    path, down = s - s[-1] * t / span, -s[-1] / span
    noise = one.noise[UP] * np.sqrt(span**3 / 48.0 / one.rate), one.doubt[UP] * span**2 / 8.0
    ends = 0.5 * down * one.start_u, 0.5 * (v[-1] + down) * one.end_u
    return float(-path.min()), float(np.sqrt(ends[0] ** 2 + ends[1] ** 2 + (noise[0] ** 2 + noise[1] ** 2) / mass**2))


@metric("leg_stiffness_running", unit="N/m", tests=STEPS, source="Morin 2005", method="sine_model", group="stiffness")
def leg_stiffness_running(rep: Rep) -> Floats:
    """Leg stiffness by contact and flight time, mass, leg length and speed (sine model); not for the first steps."""
    steps = _whole(rep)
    steps.needs_next()
    leg = np.array([_leg(one.height, steps.profile.leg_length) for one in steps.trials])
    steps.require(np.isfinite(leg), "no_leg_length")
    steps.note("weight")
    speed, contact, flight = rep["step_velocity"], rep.duration(ON, OFF), rep.duration(OFF, NEXT)
    rep.note("step_velocity")
    mass, g, leg = steps.mass, steps.g, leg[:, np.newaxis]
    force = mass * g * np.pi / 2.0 * (divided(flight, contact) + 1.0)
    sink = force * contact**2 / (mass * np.pi**2) - g * contact**2 / 8.0
    inside = leg**2 - (0.5 * speed * contact) ** 2
    return divided(force, leg - np.sqrt(np.where(inside > 0.0, inside, np.nan)) + sink)


def _leg(height: float | None, leg: float) -> float:
    """Leg length, m: as given, else a share of the stature; NaN where neither was given."""
    if leg > 0.0:
        return leg
    return np.nan if height is None else LEG * height


# --- over the steps: left against right ------------------------------------------------------------------------------


def _register_sides() -> None:
    for field in ("step_contact_time", "step_flight_time", "step_length", "braking_impulse_x", "propulsive_impulse_x",
                  "net_impulse_x"):  # fmt: skip

        def index(reps: Sequence[Results], field: str = field) -> Value:
            return _index(reps, field)

        index.__doc__ = f"Left against right, of the means of `{field}` over the steps of each foot."
        metric(f"asym_{field}", unit="%", tests=STEPS, source="Bishop 2018", method=METHOD, group="left and right",
               scope="summary")(index)  # fmt: skip


def _index(reps: Sequence[Results], field: str) -> Value:
    """The index of the means of both feet, and its u95 by the spread of the steps."""
    sides = {side: [r[field].value for r in reps if r["step_side"].label == side and np.isfinite(r[field].value)]
             for side in SIDES}  # fmt: skip
    counts = [len(values) for values in sides.values()]
    if min(counts) < 1:
        code = next((r["step_side"].code or r[field].code for r in reps if r["step_side"].code or r[field].code), "")
        code = code or "no_spread"
        return Value(np.nan, "%", method=METHOD, why=sentence(code), code=code)
    left, right = (float(np.mean(values)) for values in sides.values())
    errors = [_mean_u(values) for values in sides.values()]
    if left * right <= 0.0 or abs(left + right) <= COVERAGE * float(np.hypot(errors[0], errors[1])):
        # a share of a sum that may be nothing, or of parts that cancel, says nothing
        return Value(np.nan, "%", method=METHOD, why=sentence("undefined"), code="undefined")
    value = float(bilateral_index(np.array([left]), np.array([right]))[0])
    if min(counts) < 2:
        return Value(value, "%", method=METHOD)
    spread = 200.0 * np.hypot(right * errors[0], left * errors[1]) / (left + right) ** 2
    factor = float(T95[min(sum(counts) - 2, len(T95) - 1)])
    return Value(value, "%", max(factor, COVERAGE) * float(spread), METHOD)


def _mean_u(values: Sequence[float]) -> float:
    """Standard uncertainty of the mean of some steps, by their spread; zero of a single one."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


_register_sides()
