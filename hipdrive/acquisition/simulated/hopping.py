"""Simulated athletes who rebound: a series of hops, and a countermovement jump with one rebound.

Contacts are phases of `motion`, so every contact, flight and stiffness is known in closed form; truth follows
METRICS.md 5 and 6 on the movement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.interpolate import PPoly

from hipdrive.acquisition.simulated import athlete
from hipdrive.acquisition.simulated.motion import Edge, Motion, bump, constant, crossings, extreme, gain, phase, solve
from hipdrive.errors import UsageError
from hipdrive.trial import Truth

G = athlete.G
FASTEST, SELECTED, FIRST = 0.25, 5, 10
"""The 10/5 rule: s of contact at most, hops that count, hops they are chosen from (Harper 2011)."""

SLOW = 0.4
"""Share of series with one contact that is too slow for the 10/5."""

Edges = Callable[[bool], Edge]


# --- movements ---------------------------------------------------------------------------------------------------


def hops(
    rng: Generator, edges: Edges, drop: float, standing: float, settle: float, *, count: int | None, start: str | None
) -> athlete.Movement:
    """Standing (on the plate or on a box), the first push or the fall, `count` contacts, the last landing."""
    number = int(rng.integers(8, 15)) if count is None else count
    boxed = bool(rng.random() < 0.3) if start is None else start == "box"
    speeds = rng.uniform(1.7, 2.3) * (1.0 + rng.uniform(-0.06, 0.06, number))
    contacts = np.minimum(rng.uniform(0.15, 0.22) * (1.0 + rng.uniform(-0.10, 0.10, number)), 0.245)
    if rng.random() < SLOW:
        contacts[rng.integers(0, number)] = rng.uniform(0.26, 0.32)
    marks = {"start": standing, "hops": float(number)}
    if boxed:
        phases, v_in, height = _from_box(rng, standing)
        marks["first_contact"] = _length(phases)
    else:
        phases, v_in, height = _from_standing(rng, edges, drop, standing, rng.uniform(1.6, 2.2), marks)
        marks["leave_0"] = _length(phases[:-1])
    for i, (contact, v_out) in enumerate(zip(contacts.tolist(), speeds.tolist(), strict=True), 1):
        marks[f"contact_{i}"] = _length(phases)
        tall = rng.uniform(0.08, 0.13)
        phases.append(_contact(rng, edges, v_in, v_out, contact, tall - height))
        marks[f"leave_{i}"] = _length(phases)
        if i < number:
            phases.append(constant(_airborne(v_out, drop), -1.0))
            v_in, height = _landing_speed(v_out, drop), tall - drop
    return athlete._fly_and_land(rng, edges, phases, v_out, tall, drop, settle, marks)


def cmj_rebound(rng: Generator, edges: Edges, drop: float, standing: float, settle: float) -> athlete.Movement:
    """A countermovement jump whose landing is at once the next jump."""
    marks = {"start": standing}
    phases, v_in, height = _from_standing(rng, edges, drop, standing, rng.uniform(2.0, 3.1), marks)
    marks["first_takeoff"], marks["rebound"] = _length(phases[:-1]), _length(phases)
    v_out, tall, contact = rng.uniform(1.9, 2.9), rng.uniform(0.08, 0.14), rng.uniform(0.17, 0.32)
    phases.append(_contact(rng, edges, v_in, v_out, contact, tall - height))
    return athlete._fly_and_land(rng, edges, phases, v_out, tall, drop, settle, marks)


def _from_standing(
    rng: Generator, edges: Edges, drop: float, standing: float, v_to: float, marks: dict[str, float]
) -> tuple[list[PPoly], float, float]:
    """A countermovement jump and its flight; velocity and height (above standing) at touchdown."""
    s_to = rng.uniform(0.08, 0.14)
    v_pn, dip = -v_to * rng.uniform(0.40, 0.50), rng.uniform(0.60, 0.85)
    length = 2.0 * -v_pn / (G * dip)
    down = phase(length, [], [bump(0.0, length * rng.uniform(0.45, 0.6), length)], [-dip])
    push = athlete._push(rng, edges(True), v_pn, v_to, s_to - gain(down, G)[1])
    marks["peak_negative_velocity"] = standing + length
    flight = constant(_airborne(v_to, drop), -1.0)
    return [constant(standing, 0.0), down, push, flight], _landing_speed(v_to, drop), s_to - drop


def _from_box(rng: Generator, standing: float) -> tuple[list[PPoly], float, float]:
    """Standing on a box and stepping off it; velocity and height at first contact."""
    v_td = -float(np.sqrt(2.0 * G * rng.uniform(0.20, 0.35)))
    time = rng.uniform(0.35, 0.5)
    off = phase(time, [Edge(12.0, 12.0, 0.0).fall(time)])
    return [constant(standing, 0.0), off, constant((gain(off, G)[0] - v_td) / G, -1.0)], v_td, rng.uniform(0.06, 0.10)


def _contact(rng: Generator, edges: Edges, v_in: float, v_out: float, length: float, rise: float) -> PPoly:
    """A contact from one velocity to another that ends `rise` higher than it began.

    Raises
    ------
    UsageError : the force would have to pull.
    """
    impact = athlete._scaled(bump(0.0, 0.020, 0.05), rng.uniform(0.0, 1.0))
    fixed = [edges(False).rise(), edges(True).fall(length), impact]
    free = [bump(0.0, 0.3 * length, length), bump(0.0, 0.7 * length, length)]
    net = solve(length, fixed, free, v_out - v_in, rise - v_in * length, G)
    if extreme(net, 0.0, length, np.argmin)[1] < -1.0 - 1e-9:
        raise UsageError("simulate", "simulate: nobody can bounce like that; give a posture nearer to zero")
    return net


def _length(phases: Sequence[PPoly]) -> float:
    return float(sum(p.x[-1] for p in phases))


def _airborne(v_to: float, drop: float) -> float:
    return float(v_to + np.sqrt(v_to**2 + 2.0 * G * drop)) / G


def _landing_speed(v_to: float, drop: float) -> float:
    return v_to - G * _airborne(v_to, drop)


# --- truth of hops -----------------------------------------------------------------------------------------------


def hops_truth(movement: athlete.Movement, settings: Mapping[str, Any]) -> Truth:
    """What METRICS.md 6 says of the series under `values`, of each hop under `reps`."""
    motion, marks, first = movement.motion, movement.marks, settings["phase"]
    number = int(marks["hops"])
    each = [_hop(motion, marks, i, settings["mass"]) for i in range(1, number + 1)]
    contact, flight, peak, mean = (np.array([values[name] for values, _ in each])
                                   for name in ("hop_contact_time", "hop_flight_time", "hop_peak_force",
                                                "hop_mean_force"))  # fmt: skip
    values = {"system_weight": settings["mass"] * G, "hop_peak_force_max": float(peak.max()),
              "hop_mean_force_mean": float(mean.mean()), **_series(contact, flight)}  # fmt: skip
    last = _ends(marks, number)
    events = {"series_start": marks["contact_1"] - first, "series_end": last[2] - first, "rest": marks["rest"] - first}
    start = "box" if "first_contact" in marks else "standing"
    return Truth(
        values=MappingProxyType(values),
        events=MappingProxyType(events),
        settings=MappingProxyType({**settings, "start": start, "hops": number}),
        reps=tuple({"values": values, "events": {name: t - first for name, t in times.items()}}
                   for values, times in each),
    )  # fmt: skip


def _ends(marks: Mapping[str, float], i: int) -> tuple[float, float, float]:
    """First contact, take-off and touchdown of hop i."""
    down, leave = marks[f"contact_{i}"], marks[f"leave_{i}"]
    return down, leave, marks.get(f"contact_{i + 1}", marks["touchdown"])


def _between(poly: PPoly, start: float, end: float) -> PPoly:
    """The pieces of a polynomial over a stretch: of a long record each hop needs only its own."""
    first = max(int(np.searchsorted(poly.x, start, "right")) - 1, 0)
    last = min(int(np.searchsorted(poly.x, end, "left")), len(poly.x) - 1)
    return PPoly(poly.c[:, first:last], poly.x[first : last + 1])


def _hop(motion: Motion, marks: Mapping[str, float], i: int, mass: float) -> tuple[dict[str, float], dict[str, float]]:
    """Numbers and events of hop i."""
    down, leave, land = _ends(marks, i)
    weight, t_c, t_f = mass * G, leave - down, land - leave
    net, speed = _between(motion.net, down, leave), _between(motion.velocity, down, leave)
    change = float(speed(np.nextafter(leave, 0.0)) - speed(down))
    peak = extreme(net, down, leave)
    values = {
        "hop_contact_time": t_c,
        "hop_flight_time": t_f,
        "jump_height_ft": G * t_f**2 / 8.0,
        "hop_rsi": G * t_f**2 / 8.0 / t_c,
        "hop_rsi_ft": t_f / t_c,
        "hop_rate": 1.0 / (t_c + t_f),
        "hop_peak_force": weight * (1.0 + peak[1]),
        "hop_mean_force": weight * (1.0 + change / G / t_c),
        "system_weight": weight,
        "vertical_stiffness_dalleau": mass * np.pi * (t_f + t_c) / (t_c**2 * ((t_f + t_c) / np.pi - t_c / 4.0)),
        "ssc_class": float(t_c <= FASTEST),
    }
    before = down - marks[f"leave_{i - 1}"] if f"leave_{i - 1}" in marks else np.nan
    # half of each flight goes up and half comes down; what the contact's impulse lacks is a constant force
    v_in = -0.5 * G * before if before == before else 0.5 * G * t_f - change
    extra = (0.5 * G * t_f - v_in - change) / t_c
    velocity = _shifted(speed, down, v_in - float(speed(down)), extra)
    low = float(crossings(velocity, 0.0, down, leave)[0])
    path = velocity.antiderivative()
    values |= {
        "touchdown_velocity": v_in,
        "braking_time": low - down,
        "propulsion_time": leave - low,
        "contact_displacement": float(path(low) - path(down)),
        "force_at_zero_velocity": weight * (1.0 + float(net(low))),
    }
    if before == before:
        values["vertical_stiffness_peak"] = values["hop_peak_force"] / -values["contact_displacement"]
    return values, {"first_contact": down, "zero_velocity": low, "takeoff": leave, "touchdown": land}


def _shifted(velocity: PPoly, start: float, constant: float, slope: float) -> PPoly:
    """A velocity plus a constant and a line that is zero at `start`."""
    c = velocity.c.copy()
    c[-2] += slope
    c[-1] += constant + slope * (velocity.x[:-1] - start)
    return PPoly(c, velocity.x)


def _series(contact: Any, flight: Any) -> dict[str, float]:
    """METRICS.md 6 over the series, written for reading: lists, sorted by hand."""
    height, rsi = G * flight**2 / 8.0, G * flight**2 / 8.0 / contact
    valid = [i for i in range(min(FIRST, len(contact))) if contact[i] <= FASTEST]
    best = sorted(valid, key=lambda i: -rsi[i])[:SELECTED]
    values = {"hop_count": float(len(contact)), "hop_valid_count": float(len(valid)),
              "hop_total_contact_time": float(contact.sum()), "hop_total_flight_time": float(flight.sum()),
              "hop_rsi_ft_mean": float((flight / contact).mean()),
              "hop_rsi_max": float(rsi.max()), "jump_height_ft_max": float(height.max())}  # fmt: skip
    if len(valid) >= SELECTED:
        values["rsi_10_5"] = float(np.mean([rsi[i] for i in best]))
        for name, curve in (("contact_time", contact), ("flight_time", flight), ("jump_height_ft", height),
                            ("rsi", rsi)):  # fmt: skip
            chosen = np.array([curve[i] for i in best])
            values[f"hop_mean_{name}"] = float(chosen.mean())
            values[f"hop_cv_{name}"] = float(100.0 * chosen.std(ddof=1) / chosen.mean())
    if len(rsi) >= 7:
        early, late = rsi[1:4].mean(), rsi[-3:].mean()
        values["hop_fatigue_index"] = float(100.0 * (late - early) / early)
    for top in (3, 5):
        high = sorted(range(len(height)), key=lambda i: -height[i])[:top]
        if len(height) >= top:
            values[f"hop_top{top}_rsi"] = float(np.mean([rsi[i] for i in high]))
            values[f"hop_top{top}_contact_time"] = float(np.mean([contact[i] for i in high]))
            values[f"hop_top{top}_jump_height_ft"] = float(np.mean([height[i] for i in high]))
    return values


# --- truth of a countermovement jump with rebound ----------------------------------------------------------------


def rebound_truth(movement: athlete.Movement, settings: Mapping[str, Any]) -> Truth:
    """The first jump by its plain names, the second contact as a drop jump under `cmj_rebound_`."""
    motion, marks, first = movement.motion, movement.marks, settings["phase"]
    weight = settings["mass"] * G
    leave, down = marks["first_takeoff"], marks["rebound"]
    values = {"system_weight": weight, **_flight(motion, leave, down, settings["mass"])}
    events = {"takeoff": leave, "touchdown": down}
    athlete._jump_truth(motion, {**marks, "takeoff": leave, "touchdown": down}, weight, settings, values, events)
    second = _flight(motion, marks["takeoff"], marks["touchdown"], settings["mass"])
    times: dict[str, float] = {}
    athlete._drop_truth(motion, {**marks, "first_contact": down}, weight, settings, second, times)
    for other in ("touchdown_velocity_backward",):
        del second[other]
    values |= {f"cmj_rebound_{name}": value for name, value in second.items()}
    land = marks["touchdown"]
    events |= {"rebound_zero_velocity": times["zero_velocity"], "rebound_takeoff": marks["takeoff"],
               "rebound_touchdown": land}  # fmt: skip
    peak = extreme(motion.net, land, min(land + 0.3, marks["end"]))
    values |= {"peak_landing_force": weight * (1.0 + peak[1]), "time_to_peak_landing_force": peak[0] - land}
    events["landing_zero_velocity"] = float(crossings(motion.velocity, 0.0, land, marks["rest"] - 1e-9)[0])
    return Truth(
        values=MappingProxyType(values),
        events=MappingProxyType({name: t - first for name, t in events.items()}),
        settings=MappingProxyType(dict(settings)),
    )


def _flight(motion: Motion, leave: float, land: float, mass: float) -> dict[str, float]:
    """Take-off velocity, heights and time of a flight."""
    v_to = float(motion.velocity(np.nextafter(leave, 0.0)))
    return {"takeoff_velocity": v_to, "jump_height_tov": v_to**2 / (2.0 * G), "flight_time": land - leave,
            "jump_height_ft": G * (land - leave) ** 2 / 8.0, "jump_momentum": mass * v_to}  # fmt: skip
