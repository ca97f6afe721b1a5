"""Simulated athletes whose every number is known: countermovement, squat and drop jumps, drop landings.

The movement is a smooth acceleration of the centre of mass in closed form (`motion`); the plates then see its
force with noise, offset, drift and a share for each foot. Truth is what the definitions of METRICS.md give on the
movement itself, without noise or sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.interpolate import PPoly
from scipy.optimize import brentq

from hipdrive.acquisition.simulated import exact, fall, pull, runner, starter
from hipdrive.acquisition.simulated import sway as standing_sway
from hipdrive.acquisition.simulated.exact import Exact, shares
from hipdrive.acquisition.simulated.motion import (
    Edge,
    Motion,
    bump,
    constant,
    crossings,
    extreme,
    gain,
    join,
    phase,
    scaled,
    solve,
)
from hipdrive.acquisition.simulated.waves import Waves, swaying
from hipdrive.errors import UsageError
from hipdrive.trial import BOX, LEFT, RIGHT, Trial, Truth

G = 9.80665
BALANCE, BLOCK_START, STEPS = "balance", "block_start", "steps"
BACK_SHIFT, ONSET_FLOOR, ONSET_SDS = 0.030, 10.0, 5.0
"""The default onset rule, whose answer on the noiseless movement is the true time to take-off (METRICS.md 1)."""


@dataclass(frozen=True)
class Movement:
    """A movement and its landmarks, s from the start of the motion."""

    motion: Motion
    marks: Mapping[str, float]


RANGES: Mapping[str, tuple[float, float, str]] = {
    "rate": (50.0, 100_000.0, " Hz"),
    "noise": (0.0, 100.0, " N"),
    "offset": (-10_000.0, 10_000.0, " N"),
    "drift": (-10_000.0, 10_000.0, " N/s"),
    "sway": (0.0, 20.0, " N"),
    "mass": (20.0, 300.0, " kg"),
    "left_share": (0.0, 1.0, ""),
    "share_swing": (0.0, 0.3, ""),
    "posture": (-0.04, 0.2, " m"),
    "quiet": (0.0, 600.0, " s"),
    "settle": (0.0, 600.0, " s"),
}
"""Setting of `simulate` -> least and largest value, and unit."""

CHOICES: Mapping[str, tuple[object, ...]] = {
    "edge": ("steep", "soft"), "plates": (1, 2), "box_plate": (False, True), "start": ("standing", "box"),
    "cop": ("moments", "given", "none"),
}  # fmt: skip
"""Setting of `simulate` -> what it may be."""

MOST_HOPS = 200

DRAWN = frozenset({"offset", "mass", "left_share", "posture", "edge", "quiet", "hops", "start"})
"""Settings that the seed decides where they are None."""


def simulate(
    test: str,
    *,
    seed: int = 0,
    rate: float = 1000.0,
    noise: float = 1.5,
    offset: float | None = None,
    drift: float = 0.0,
    sway: float = 0.0,
    mass: float | None = None,
    left_share: float | None = None,
    share_swing: float = 0.0,
    posture: float | None = None,
    edge: str | None = None,
    plates: int = 2,
    box_plate: bool = False,
    quiet: float | None = None,
    settle: float = 2.5,
    hops: int | None = None,
    start: str | None = None,
    cop: str = "moments",
    joints: bool = False,
    **unknown: object,
) -> Trial:
    """A trial of a simulated athlete; `trial.truth` holds the exact answers.

    Parameters
    ----------
    test : "cmj", "sj", "dj", "cmj_rebound", "hops", "landing", "balance" (quiet standing), "isometric" (whose further
        settings `pull.simulate` names), "block_start" (`starter.simulate`) or "steps" (`runner.simulate`); with joints
        "cmj", "sj", "dj" or "squat".
    seed : picks the athlete, the movement and the noise; the same seed gives the same trial.
    rate : sampling rate, Hz.
    noise : SD of the total force, N (white, independent between plates).
    offset : zero error, N in total; drawn within 10 N where not given. drift : its growth, N/s.
    sway : SD of slow force variation while standing, N; it fades out before the movement, but not the velocity that
        it gives.
    mass, left_share, posture : kg; fraction of force on the left plate; how much lower than at take-off
        the centre of mass is at touchdown, m. Drawn from the seed where not given.
    share_swing : how far that fraction goes to and fro in push-off and landing, at most.
    edge : "steep", "soft", or None to draw each edge by the seed.
    plates : 1 or 2. box_plate : dj and landing only, a further plate under the box sees the step-off.
    quiet, settle : s of standing before the movement (balance: of standing at all), and after the landing.
    hops, start : hops only: how many, and from "standing" or from a "box"; drawn from the seed where not given.
    cop : balance only, whether the plates measure "moments", have the centre of pressure "given", or "none".
    joints : a linkage of segments, whose joint angles and points are in `trial.tracks`; of the settings above it knows
        seed, rate, noise, mass, quiet and settle, and has further ones (`linkage.Settings`).

    Raises
    ------
    UsageError : the test or a setting is not known, or a setting lies outside its range (`RANGES`, `CHOICES`).

    >>> trial = simulate("cmj", seed=1)
    >>> trial.fz.shape[0], round(trial.truth["takeoff_velocity"], 2)
    (2, 2.98)
    """
    settings = {"seed": seed, "rate": rate, "noise": noise, "offset": offset, "drift": drift, "sway": sway,
                "mass": mass, "left_share": left_share, "share_swing": share_swing, "posture": posture, "edge": edge,
                "plates": plates, "box_plate": box_plate, "quiet": quiet, "settle": settle, "hops": hops,
                "start": start, "cop": cop}  # fmt: skip
    if joints:
        return _jointed(test, settings, unknown)
    if test == BLOCK_START:
        _check(test, {**settings, "start": None}, {})
        return starter.simulate(settings, unknown)
    if test == STEPS:
        _check(test, settings, {})
        return runner.simulate(settings, unknown)
    _check(test, settings, {} if test == "isometric" else unknown)
    if test == "isometric":
        return pull.simulate({name: value for name, value in settings.items() if name != "share_swing"}, unknown)
    rng = np.random.default_rng([seed, *map(ord, test)])
    mass = float(rng.uniform(50.0, 110.0)) if mass is None else mass
    share = float(rng.uniform(0.44, 0.56)) if left_share is None else left_share
    if test == BALANCE:
        zero = float(rng.uniform(-10.0, 10.0)) if offset is None else offset
        said = {"seed": seed, "rate": rate, "noise": noise, "offset": zero, "drift": drift, "sway": sway}
        return standing_sway.stand(
            rng, rate=rate, noise=noise, offset=zero, drift=drift, sway=sway, mass=mass, share=share, plates=plates,
            seconds=30.0 if quiet is None else quiet, cop=cop, g=G, settings=said,
        )  # fmt: skip
    drop = float(rng.uniform(-0.01, 0.03)) if posture is None else posture
    standing = float(rng.uniform(1.5, 2.5)) if quiet is None else quiet
    only: dict[str, Any] = {"count": hops, "start": start} if test == "hops" else {}
    movement = MAKERS[test](rng, _edges(rng, edge), drop, standing, settle, **only)
    zero = float(rng.uniform(-10.0, 10.0)) if offset is None else offset
    phase_shift = float(rng.uniform(0.0, 1.0)) / rate
    times = np.arange(phase_shift, movement.marks["end"], 1.0 / rate)
    waves = Waves.drawn(rng, sway / (mass * G))
    marks = movement.marks
    left = PPoly(np.array([[share]]), np.array([0.0, marks["end"]]))
    if test in MOVING:
        movement = replace(movement, motion=swaying(movement.motion, waves, marks["start"], marks["rest"], G))
        left = shares(np.random.default_rng([seed, 7]), share, share_swing, marks)
    force = mass * G * (1.0 + movement.motion.net(times))
    if test not in MOVING:
        force += mass * G * waves.around(times, marks["start"], marks["rest"])
    return _record(test, rng, times, force, movement, left, plates, box_plate,
                   {"seed": seed, "rate": rate, "noise": noise, "offset": zero, "drift": drift, "sway": sway,
                    "mass": mass, "left_share": share,
                    "share_swing": share_swing, "posture": drop, "phase": phase_shift})  # fmt: skip


def _jointed(test: str, settings: Mapping[str, object], further: Mapping[str, object]) -> Trial:
    """The athlete with joints, who knows only some of the settings.

    Raises
    ------
    UsageError : a setting is given that a linkage does not have.
    """
    from hipdrive.acquisition.simulated import linkage

    shared = ("seed", "rate", "noise", "mass", "quiet", "settle")
    usual = {one.name: one.default for one in signature(simulate).parameters.values()}
    for name, value in settings.items():
        if name not in shared and value != usual[name]:
            raise UsageError("simulate", f"simulate: an athlete with joints has no {name}; leave it out")
    return linkage.simulate_motion(test, **{name: settings[name] for name in shared}, **further)


def _check(test: str, settings: Mapping[str, object], unknown: Mapping[str, object]) -> None:
    """Refuse what cannot be simulated.

    Raises
    ------
    UsageError : with the value and what is allowed.
    """
    if test not in SIMULATED:
        raise UsageError("test_unknown", f"test {test!r} cannot be simulated; choose one of {', '.join(SIMULATED)}")
    for name, value in unknown.items():
        raise UsageError("simulate", f"simulate: {name}={value!r} is no setting; there are {', '.join(settings)}")
    if test != "hops" and (settings["hops"] is not None or settings["start"] is not None):
        raise UsageError("simulate", f"simulate: a {test} has no number of hops and no start; leave them out")
    if test not in MOVING and settings["share_swing"] != 0.0:
        raise UsageError("simulate", f"simulate: the feet of a {test} keep their share; leave share_swing out")
    number = settings["hops"]
    if number is not None and not (isinstance(number, Integral) and 1 <= int(number) <= MOST_HOPS):
        raise UsageError("simulate", f"simulate: {number!r} hops are not possible; give 1 to {MOST_HOPS}")
    seed = settings["seed"]
    if not isinstance(seed, Integral) or seed < 0:
        raise UsageError("simulate", f"simulate: a seed of {seed!r} is not possible; give a whole number from 0 on")
    given = {name: value for name, value in settings.items() if value is not None or name not in DRAWN}
    for name, (low, high, unit) in RANGES.items():
        value = given.get(name, low)
        if not (isinstance(value, Real) and low <= float(value) <= high):
            raise UsageError("simulate", f"simulate: {name} {value!r} is not possible; give {low:g} to {high:g}{unit}")
    for name, choices in CHOICES.items():
        value = given.get(name, choices[0])
        if value not in choices:
            raise UsageError(
                "simulate", f"simulate: {name} {value!r} is not possible; give {' or '.join(map(repr, choices))}"
            )


def _edges(rng: Generator, kind: str | None) -> Callable[[bool], Edge]:
    """A source of edges: `edges(True)` a take-off, `edges(False)` a touchdown, steep or soft by `kind` or by lot.

    The slopes and toes are those of the open recordings (METRICS.md 20 mixes both kinds).
    """

    def draw(takeoff: bool) -> Edge:
        soft = kind == "soft" or (kind is None and bool(rng.random() < 0.5))
        slope = rng.uniform(30.0, 45.0) if takeoff else rng.uniform(60.0, 120.0)
        corner = slope * rng.uniform(0.35, 0.65)
        toe = rng.uniform(0.005, 0.010) if takeoff else rng.uniform(0.004, 0.008)
        return Edge(slope, corner, toe, rng.uniform(0.45, 0.55)) if soft else Edge(slope, slope, 0.0)

    return draw


def _cmj(rng: Generator, edges: Callable[[bool], Edge], drop: float, standing: float, settle: float) -> Movement:
    v_to, s_to = rng.uniform(2.0, 3.1), rng.uniform(0.08, 0.14)
    v_pn, dip = -v_to * rng.uniform(0.40, 0.50), rng.uniform(0.60, 0.85)
    length = 2.0 * -v_pn / (G * dip)
    down = phase(length, [], [bump(0.0, length * rng.uniform(0.45, 0.6), length)], [-dip])
    s_pn = gain(down, G)[1]
    push = _push(rng, edges(True), v_pn, v_to, s_to - s_pn)
    before = [constant(standing, 0.0), down, push]
    marks = {"start": standing, "peak_negative_velocity": standing + length}
    return _fly_and_land(rng, edges, before, v_to, s_to, drop, settle, marks)


def _sj(rng: Generator, edges: Callable[[bool], Edge], drop: float, standing: float, settle: float) -> Movement:
    v_to, distance = rng.uniform(1.9, 2.9), rng.uniform(0.30, 0.45)
    push = _push(rng, edges(True), 0.0, v_to, distance)
    rise = rng.uniform(0.08, 0.14)
    return _fly_and_land(rng, edges, [constant(standing, 0.0), push], v_to, rise, drop, settle, {"start": standing})


def _push(rng: Generator, edge: Edge, v_start: float, v_end: float, distance: float) -> PPoly:
    """The push-off from one velocity to another over a distance: its duration is solved for."""
    skew, late = rng.uniform(0.35, 0.55), rng.uniform(0.0, 0.6)

    def push(length: float) -> PPoly:
        main = bump(0.0, length * skew, length)
        base = [edge.fall(length)]
        second = bump(length * 0.35, length * 0.72, length)
        alone = solve(length, base, [main], v_end - v_start, None, G)
        # a second hump takes over a part of the impulse, as ankles do late in the push
        part = late * gain(alone, G)[0]
        share = part / gain(phase(length, [second]), G)[0] * 0.4
        return solve(length, [*base, scaled(second, share)], [main], v_end - v_start, None, G)

    def miss(length: float) -> float:
        return v_start * length + gain(push(length), G)[1] - distance

    return push(float(brentq(miss, 0.12, 1.5, xtol=1e-12)))


def _dj(rng: Generator, edges: Callable[[bool], Edge], drop: float, standing: float, settle: float) -> Movement:
    height, contact = rng.uniform(0.20, 0.50), rng.uniform(0.16, 0.28)
    v_td, v_to = -np.sqrt(2.0 * G * height), rng.uniform(2.0, 2.9)
    off_time = rng.uniform(0.35, 0.5)
    off = phase(off_time, [Edge(12.0, 12.0, 0.0).fall(off_time)])
    fall_time = (gain(off, G)[0] - v_td) / G
    step = [constant(standing, 0.0), off, constant(fall_time, -1.0)]
    touch, leave = edges(False), edges(True)
    fixed = [touch.rise(), leave.fall(contact)]
    impact = scaled(bump(0.0, 0.022, 0.055), rng.uniform(0.0, 1.5))
    press = solve(
        contact,
        [*fixed, impact],
        [bump(0.0, contact * rng.uniform(0.35, 0.55), contact)],
        v_to - v_td,
        None,
        G,
    )
    start = standing + off_time + fall_time
    marks = {"start": standing, "first_contact": start}
    return _fly_and_land(rng, edges, [*step, press], v_to, rng.uniform(0.08, 0.14), drop, settle, marks)


def _fly_and_land(
    rng: Generator, edges: Callable[[bool], Edge], before: list[PPoly], v_to: float, s_to: float, drop: float,
    settle: float, marks: dict[str, float],
) -> Movement:  # fmt: skip
    """Flight, a landing that ends at rest at standing height, and quiet standing."""
    flight = (v_to + np.sqrt(v_to**2 + 2.0 * G * drop)) / G
    v_td, height = v_to - G * flight, s_to - drop
    length, impact = rng.uniform(1.0, 1.3), rng.uniform(1.0, 2.5)
    fixed = [edges(False).rise(), scaled(bump(0.0, 0.04, 0.10), impact)]
    free = [bump(0.0, 0.14, 0.45), bump(0.4, 0.7, length)]
    land = solve(length, fixed, free, -v_td, -height - v_td * length, G)
    phases = [*before, constant(flight, -1.0), land, constant(settle, 0.0)]
    ends = np.cumsum([p.x[-1] for p in phases])
    marks |= {"takeoff": ends[-4], "touchdown": ends[-3], "rest": ends[-2], "end": ends[-1]}
    return Movement(Motion.from_net(join(phases), G), marks)


def _landing(rng: Generator, edges: Callable[[bool], Edge], drop: float, standing: float, settle: float) -> Movement:
    phases, marks = fall.drop_landing(rng, edges(False), standing, settle, G)
    return Movement(Motion.from_net(join(phases), G), marks)


def _hopping() -> Any:
    # it is made of the pieces above
    from hipdrive.acquisition.simulated import hopping

    return hopping


MAKERS: Mapping[str, Callable[..., Movement]] = {
    "cmj": _cmj, "sj": _sj, "dj": _dj, "cmj_rebound": lambda *given: _hopping().cmj_rebound(*given),
    "hops": lambda *given, **only: _hopping().hops(*given, **only), "landing": _landing,
}  # fmt: skip
"""Test -> the maker of its movement."""

MOVING = ("cmj", "sj", "dj")
"""Tests whose athlete takes the velocity of the sway into the movement, on feet whose share may swing."""

SIMULATED = (*MAKERS, BALANCE, "isometric", BLOCK_START, STEPS)
"""Every test that can be simulated."""


def _record(
    test: str, rng: Generator, times: Any, force: Any, movement: Movement, left: PPoly, plates: int,
    box_plate: bool, settings: dict[str, Any],
) -> Trial:  # fmt: skip
    """What the plates see, and the truth beside it."""
    on_box = times < movement.marks.get("first_contact", -1.0)
    ground, box = np.where(on_box, 0.0, force), np.where(on_box, force, 0.0)
    rows, names = [(ground, np.ones(1))], ["plate1"]
    if plates == 2:
        share = left(times)
        rows, names = [(ground, share), (ground, 1.0 - share)], [LEFT, RIGHT]
    if box_plate and "first_contact" in movement.marks:
        rows, names = [*rows, (box, np.ones(1))], [*names, BOX]
    elapsed = times - times[0]
    ground_plates = plates
    fz = []
    for values, part in rows:
        size = settings["noise"] / np.sqrt(ground_plates)
        error = (settings["offset"] + settings["drift"] * elapsed) / ground_plates
        fz.append(values * part + error + rng.normal(0.0, size, len(times)))
    truth = _truth(test, movement, settings, left)
    box_height = truth.values.get("drop_height")
    return Trial.from_forces(
        np.array(fz), settings["rate"], names, test=test, athlete=f"simulated-{settings['seed']}", truth=truth,
        box_height=None if box_height is None else round(box_height + float(rng.uniform(-0.02, 0.04)), 2),
        file=f"simulated {test} {settings['seed']}",
    )  # fmt: skip


def _truth(test: str, movement: Movement, settings: Mapping[str, Any], left: PPoly) -> Truth:
    """The definitions of METRICS.md on the movement itself; event times from the first sample."""
    if test in WHOLE_TRUTHS:
        return WHOLE_TRUTHS[test](movement, settings)
    motion, marks, weight = movement.motion, movement.marks, settings["mass"] * G
    values, events = {"system_weight": weight}, {"touchdown": marks["touchdown"]}
    if "takeoff" in marks:
        _flight_truth(motion, marks, weight, values, events)
    TRUTHS[test](motion, marks, weight, settings, values, events)
    td = marks["touchdown"]
    landing = extreme(motion.net, td, min(td + 0.3, marks["end"]))
    values["peak_landing_force"] = weight * (1.0 + landing[1])
    values["time_to_peak_landing_force"] = landing[0] - td
    events["landing_zero_velocity"] = float(crossings(motion.velocity, 0.0, td, marks["rest"] - 1e-9)[0])
    if test in MOVING:
        _further(Exact(motion, weight, G), marks, values, events, left)
    first = settings["phase"]
    return Truth(
        values=MappingProxyType(values),
        events=MappingProxyType({name: t - first for name, t in events.items()}),
        settings=MappingProxyType(dict(settings)),
    )


def _flight_truth(motion: Motion, marks: Any, weight: float, values: Any, events: Any) -> None:
    """Of a movement with a flight: take-off and heights."""
    to, td = marks["takeoff"], marks["touchdown"]
    v_to, flight = float(motion.velocity(np.nextafter(to, 0.0))), td - to
    values |= {
        "takeoff_velocity": v_to,
        "jump_height_tov": v_to**2 / (2 * G),
        "flight_time": flight,
        "jump_height_ft": G * flight**2 / 8,
        "jump_momentum": weight / G * v_to,
    }
    events["takeoff"] = to


def _further(x: Exact, marks: Mapping[str, float], values: dict[str, float], events: Any, left: PPoly) -> None:
    """Phases, rates, landing and feet; what is known already stays."""
    to, td = marks["takeoff"], marks["touchdown"]
    on, low, pnv = (events.get(name) for name in ("onset", "zero_velocity", "peak_negative_velocity"))
    down = events.get("first_contact")
    more = exact.common(x, on if low is None else low, to, td, events["landing_zero_velocity"], marks["end"])
    if on is not None:
        more |= exact.jump(x, on, on if low is None else low, to)
    if on is not None and low is None:
        more |= exact.squat(x, on, to)
    if pnv is not None:
        more |= exact.countermovement(x, on, pnv, low, to)
    if down is not None:
        more |= exact.drop(x, down, low, to)
    for name, value in more.items():
        values.setdefault(name, value)
    values.update(exact.feet(x, left, values, events, td))


def _jump_truth(motion: Motion, marks: Any, weight: float, settings: Any, values: Any, events: Any) -> None:
    """From standing or from the squat: onset by the default rule, phases, forces, work and power."""
    to = marks["takeoff"]
    theta = max(ONSET_SDS * float(np.hypot(settings["noise"], settings["sway"])), ONSET_FLOOR) / weight
    crossed = np.r_[crossings(motion.net, theta, marks["start"], to), crossings(motion.net, -theta, marks["start"], to)]
    if not crossed.size:
        raise UsageError("simulate", f"simulate: a noise of {settings['noise']:g} N hides the start of this movement; "
                         f"give at most {weight / 20:.0f} N")  # fmt: skip
    onset = events["onset"] = float(crossed.min()) - BACK_SHIFT
    values["time_to_takeoff"] = to - onset
    values["rsi_modified"] = values["jump_height_tov"] / values["time_to_takeoff"]
    low = to
    if "peak_negative_velocity" in marks:
        pnv = events["peak_negative_velocity"] = marks["peak_negative_velocity"]
        v_pn, s_0 = float(motion.velocity(pnv)), float(motion.displacement(onset))
        low = events["zero_velocity"] = float(crossings(motion.velocity, 0.0, pnv, to)[0])
        values |= {
            "peak_negative_velocity_value": v_pn,
            "countermovement_depth": float(motion.displacement(low)) - s_0,
            "unweighting_time": pnv - onset,
            "braking_time": low - pnv,
            "propulsion_time": to - low,
            "braking_net_impulse": -weight / G * v_pn,
            "force_at_zero_velocity": weight * (1.0 + float(motion.net(low))),
            "min_force": weight * (1.0 + extreme(motion.net, onset, pnv, np.argmin)[1]),
            "jump_height_total": values["jump_height_tov"] + float(motion.displacement(to)) - s_0,
        }
        values["mean_braking_rfd"] = (values["force_at_zero_velocity"] - weight) / values["braking_time"]
    start = onset if low == to else low
    values |= {
        "takeoff_displacement": float(motion.displacement(to) - motion.displacement(onset)),
        "peak_propulsive_force": weight * (1.0 + extreme(motion.net, start, to)[1]),
        "peak_power": extreme(motion.power(G, weight / G), start, to)[1],
        "peak_velocity": extreme(motion.velocity, start, to)[1],
    }


def _drop_truth(motion: Motion, marks: Any, weight: float, settings: Any, values: Any, events: Any) -> None:
    """From the box: contact, drop height and reactive strength."""
    down, to = marks["first_contact"], marks["takeoff"]
    v_td, contact = float(motion.velocity(down)), to - down
    low = float(crossings(motion.velocity, 0.0, down, to)[0])
    events |= {"first_contact": down, "zero_velocity": low}
    values |= {
        "contact_time": contact,
        "touchdown_velocity": v_td,
        "touchdown_velocity_backward": v_td,
        "drop_height": v_td**2 / (2 * G),
        "rsi_jh": values["jump_height_ft"] / contact,
        "rsi_jh_tov": values["jump_height_tov"] / contact,
        "rsi_ft": values["flight_time"] / contact,
        "braking_time": low - down,
        "propulsion_time": to - low,
        "contact_displacement": float(motion.displacement(low) - motion.displacement(down)),
        "force_at_zero_velocity": weight * (1.0 + float(motion.net(low))),
        "impulse_ratio": values["takeoff_velocity"] / -v_td,
        "rebound_efficiency": values["jump_height_tov"] * 2 * G / v_td**2,
        "peak_propulsive_force": weight * (1.0 + extreme(motion.net, low, to)[1]),
        "peak_braking_force": weight * (1.0 + extreme(motion.net, down, low)[1]),
        "peak_power": extreme(motion.power(G, weight / G), low, to)[1],
    }


def _landing_truth(motion: Motion, marks: Any, weight: float, settings: Any, values: Any, events: Any) -> None:
    values |= fall.truth(motion, marks, weight, G)
    events |= {"first_contact": marks["first_contact"], "stabilisation": fall.stable(motion, marks)}


TRUTHS: Mapping[str, Callable[..., None]] = {
    "cmj": _jump_truth, "sj": _jump_truth, "dj": _drop_truth, "landing": _landing_truth,
}  # fmt: skip
"""Test -> what adds its own true values and events."""

WHOLE_TRUTHS: Mapping[str, Callable[..., Truth]] = {
    "cmj_rebound": lambda *given: _hopping().rebound_truth(*given),
    "hops": lambda *given: _hopping().hops_truth(*given),
}
"""Test whose truth has a form of its own -> what gives it."""
