"""Simulated sprint starts, from blocks, standing or on three points, whose every number is known in closed form.

The forces of `pushing` carry the centre of mass: together they hold the weight in the set position, and their sum less
the weight is mass times acceleration from then on. Truth is what METRICS.md 10 gives on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq

from hipdrive.acquisition.simulated.further import further, without
from hipdrive.acquisition.simulated.pushing import Hands, Push, largest
from hipdrive.trial import Floats, Signal, Trial, Truth

G = 9.80665
ONSET_FLOOR, ONSET_SDS, EXIT_FLOOR = 10.0, 5.0, 20.0
"""The default rules, whose answers on the noiseless forces are the true events (METRICS.md 10)."""

FIXED = 50.0
"""N above the set level: the fixed rule."""

STARTS = ("blocks", "standing", "three_point")
HAND_SHARE = {"blocks": (0.45, 0.65), "standing": (0.0, 0.0), "three_point": (0.15, 0.3)}
"""Kind of start -> share of the weight on the hands in the set position."""

RANGES: Mapping[str, tuple[float, float, str]] = {
    "reaction": (-0.2, 0.6, " s"),
    "velocity": (1.5, 5.0, " m/s"),
    "distance": (0.0, 100.0, " m"),
    "roll": (-500.0, 500.0, " N/s"),
}
"""Further setting of a start -> least and largest value, and unit."""

GUNS = ("step", "sound", "none")
BLOCKS = ("apart", "shared")
TAIL = 0.8
"""s of record after the front foot is gone."""


@dataclass(frozen=True)
class Start:
    """One start: the gun, s, and the forces."""

    gun: float
    front: Push
    rear: Push
    hands: Hands
    weight: float

    @property
    def parts(self) -> dict[str, Push | Hands]:
        """Plate -> its forces."""
        return {"front": self.front, "rear": self.rear} | ({"hands": self.hands} if self.hands.held[1] else {})

    def feet(self, t: Any) -> Floats:
        """Sum of both feet's resultants: what the onset is found by, N."""
        return self.front.whole(t) + self.rear.whole(t)

    def impulse(self, a: float, b: float, axis: int) -> float:
        """Impulse of all of it between two times, N*s."""
        return sum(one.impulse(a, b, axis) for one in self.parts.values())


def simulate(settings: Mapping[str, Any], more: Mapping[str, Any]) -> Trial:
    """A trial of a sprint start; `settings` are those of every simulated athlete, `more` the start's own.

    more : start (`STARTS`, "blocks"), reaction s from the gun to the first foot's start, velocity m/s at the exit, gun
        "step" (a voltage), "sound" (a microphone, `distance` m away) or "none", roll N/s by which the feet are loaded
        before the start, blocks "apart" or "shared" (one plate for both feet), hand_plate whether there is one.

    Raises
    ------
    UsageError : a setting is not one of a start, or lies outside its range.
    """
    asked = _checked(settings, more)
    rng = np.random.default_rng([int(settings["seed"]), *map(ord, "block_start")])
    mass = float(rng.uniform(50.0, 110.0)) if settings["mass"] is None else float(settings["mass"])
    quiet = float(rng.uniform(1.6, 2.4)) if settings["quiet"] is None else float(settings["quiet"])
    made = _drawn(rng, asked, quiet, mass)
    phase = float(rng.uniform(0.0, 1.0)) / settings["rate"]
    offsets = rng.uniform(-10.0, 10.0, 6) if settings["offset"] is None else np.full(6, settings["offset"])
    times = np.arange(phase, made.front.end + TAIL, 1.0 / settings["rate"])
    told = {**settings, **asked, "mass": mass, "quiet": quiet, "phase": phase, "gun_time": made.gun - phase}
    return _record(rng, times, made, offsets, told)


def _checked(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    without("a sprint start", settings, ("posture", "edge"))
    known = {"start": settings["start"] or "blocks", "reaction": None, "velocity": None, "gun": "step",
             "distance": 0.0, "roll": 0.0, "blocks": "apart", "hand_plate": True}  # fmt: skip
    choices = {"start": STARTS, "gun": GUNS, "blocks": BLOCKS, "hand_plate": (True, False)}
    return further("a sprint start", known, {"start": known["start"], **more}, RANGES, choices)


def _drawn(rng: Generator, asked: Mapping[str, Any], quiet: float, mass: float) -> Start:
    """One start of a body of this mass, whose gun goes off after the quiet time."""
    weight, blocks = mass * G, asked["start"] == "blocks"
    share = float(rng.uniform(*HAND_SHARE[asked["start"]]))
    reaction = float(rng.uniform(0.115, 0.18)) if asked["reaction"] is None else float(asked["reaction"])
    speed = asked["velocity"] or float(rng.uniform(3.0, 3.7) if blocks else rng.uniform(2.2, 3.0))
    length, early = float(rng.uniform(0.33, 0.38)), float(rng.uniform(-0.01, 0.02))
    first = quiet + reaction
    rear_length = length * float(rng.uniform(0.46, 0.58))
    front_start, rear_start = first + max(early, 0.0), first + max(-early, 0.0)
    front_part = float(rng.uniform(0.5, 0.65)) * (1.0 - share)
    held_x = (float(rng.uniform(0.08, 0.14)) * weight, float(rng.uniform(0.06, 0.11)) * weight)
    held_x = held_x if share else (0.05 * weight, -0.05 * weight)
    powers = float(rng.uniform(1.0, 1.6)), float(rng.uniform(1.0, 1.5))
    hands = Hands(first - float(rng.uniform(0.02, 0.05)), float(rng.uniform(0.12, 0.17)),
                  (-sum(held_x) if share else 0.0, share * weight))  # fmt: skip
    end = front_start + length
    rear_x = mass * speed * float(rng.uniform(0.25, 0.40))
    up = mass * float(rng.uniform(0.4, 0.9)) + weight * (end - first) - hands.impulse(first, end, 1)
    rear_z = min(rear_x * float(rng.uniform(0.45, 0.7)), 0.4 * up)
    rear = _push(rear_start, rear_length, (held_x[1], (1.0 - share - front_part) * weight), (rear_x, rear_z), powers[1])
    front_x = mass * speed - rear_x - hands.impulse(first, end, 0)
    front = _push(front_start, length, (held_x[0], front_part * weight), (front_x, up - rear_z), powers[0])
    return Start(quiet, front, rear, hands, weight)


def _push(start: float, length: float, held: tuple[float, float], wanted: tuple[float, float], power: float) -> Push:
    """A push whose impulse from its start on is as wanted."""
    sizes = [(j / length - 0.5 * p) * (power + 1.0) * (power + 2.0) for j, p in zip(wanted, held, strict=True)]
    return Push(start, length, held, (sizes[0], sizes[1]), power)


# --- what the plates see --------------------------------------------------------------------------------------------


def _record(rng: Generator, times: Floats, made: Start, offsets: Floats, told: dict[str, Any]) -> Trial:
    forces: dict[str, Floats] = {}
    waves = [np.sin(2 * np.pi * (rng.uniform(0.15, 0.6) * times + rng.random())) for _ in range(3)]
    still = np.clip((made.gun - 0.05 - times) / 0.2, 0.0, 1.0)
    sway = told["sway"] * np.sqrt(2.0 / 3.0) * np.sum(waves, axis=0) * still
    rolling = told["roll"] * np.clip(times - (made.gun - 1.0), 0.0, None) * (times < made.front.start)
    for plate, one in made.parts.items():
        for axis, letter in enumerate("xz"):
            forces[f"{plate}.f{letter}"] = one.part(times, axis)
    forces["front.fz"] = forces["front.fz"] + sway + rolling
    if "hands.fz" in forces:
        forces["hands.fz"] = forces["hands.fz"] - rolling
    elapsed = times - times[0]
    for role, offset in zip(tuple(forces), offsets, strict=False):
        forces[role] = forces[role] + offset + told["drift"] * elapsed + rng.normal(0.0, told["noise"], len(times))
    if not told["hand_plate"]:
        forces = {role: values for role, values in forces.items() if not role.startswith("hands")}
    if told["blocks"] == "shared":
        forces = {f"plate1.f{x}": sum(v for r, v in forces.items() if r.endswith(x)) for x in "xz"}  # type: ignore[misc]
    plates = tuple(dict.fromkeys(role.partition(".")[0] for role in forces))
    gun = _gun(rng, times, made.gun, told)
    return Trial.from_forces(
        np.array([forces[f"{plate}.fz"] for plate in plates]), told["rate"], plates, test="block_start",
        components={role: values for role, values in forces.items() if role.endswith("fx")},
        signals=() if gun is None else (gun,), mass=told["mass"], start=told["start"],
        athlete=f"simulated-{told['seed']}", truth=_truth(made, told), file=f"simulated block_start {told['seed']}",
    )  # fmt: skip


def _gun(rng: Generator, times: Floats, at: float, told: Mapping[str, Any]) -> Signal | None:
    """The start signal as it was sampled: a voltage that goes up, or the sound of a gun."""
    if told["gun"] == "none":
        return None
    if told["gun"] == "sound":
        since = times - at - told["distance"] / 343.0
        size = np.where(since >= 0.0, 3.0 * np.exp(-np.clip(since, 0.0, None) / 0.04), 0.0)
        values = size * np.cos(2.0 * np.pi * 180.0 * since) + rng.normal(0.0, 0.02, len(times))
    else:
        values = 5.0 * ((times >= at) & (times < at + 0.3)) + rng.normal(0.0, 0.005, len(times))
    return Signal(name="gun", values=values, rate=told["rate"], unit="V")


# --- truth ----------------------------------------------------------------------------------------------------------


def _truth(made: Start, told: Mapping[str, Any]) -> Truth:
    """METRICS.md 10 on the forces themselves; event times from the first sample."""
    noise, first = told["noise"], min(made.front.start, made.rear.start)
    set_level = float(made.feet(first - 1.0))
    theta = max(ONSET_SDS * noise * np.sqrt(2.0), ONSET_FLOOR)
    exit_level = max(EXIT_FLOOR, ONSET_SDS * noise)

    def rises(level: float) -> float:
        return float(brentq(lambda t: float(made.feet(t)) - set_level - level, first, _crest(made, first), xtol=1e-13))

    onset = rises(theta)
    events = {"gun": made.gun, "push_onset": onset, "push_onset_fixed": rises(FIXED)}
    events |= {"rear_exit": made.rear.falls_to(exit_level), "front_exit": made.front.falls_to(exit_level)}
    own = max(ONSET_SDS * noise, ONSET_FLOOR)
    for name, foot in (("front", made.front), ("rear", made.rear)):
        events[f"{name}_onset"] = foot.rises_by(own)
    if "hands" in made.parts and told["hand_plate"]:
        events["hand_onset"] = made.hands.changes_by(own)
    values = _values(made, events, told)
    if told["gun"] == "none":
        del events["gun"]
        values = {k: v for k, v in values.items() if not k.startswith(("reaction_time", "total_block", "hand_rea"))}
    if told["blocks"] == "shared":
        values = {k: v for k, v in values.items() if not k.endswith(("front", "rear")) and "rear_" not in k}
        events = {k: v for k, v in events.items() if not k.startswith("rear_") and k != "front_onset"}
    begin = told["phase"]
    return Truth(values=MappingProxyType(values), events=MappingProxyType({k: t - begin for k, t in events.items()}),
                 settings=MappingProxyType(dict(told)))  # fmt: skip


def _crest(made: Start, first: float) -> float:
    """Where the feet's sum is largest soon after the start."""
    return largest(lambda t: float(made.feet(t)), first, first + 0.8 * made.front.length)[0]


def _values(made: Start, events: Mapping[str, float], told: Mapping[str, Any]) -> dict[str, float]:
    on, rear_off, off, mass = events["push_onset"], events["rear_exit"], events["front_exit"], made.weight / G
    push = off - on
    values = {
        "system_weight": made.weight, "reaction_time": on - made.gun, "push_time": push,
        "total_block_time": off - made.gun, "rear_push_time": rear_off - on,
        "rear_push_share": 100.0 * (rear_off - on) / push,
        "rear_to_front_delay": events["front_onset"] - events["rear_onset"],
        "reaction_time_fixed": events["push_onset_fixed"] - made.gun,
    }  # fmt: skip
    if "hand_onset" in events:
        values["hand_reaction_time"] = events["hand_onset"] - made.gun
    for name, foot, end in (("front", made.front, off), ("rear", made.rear, rear_off)):
        top, (jx, jz) = foot.peak()[1], (foot.impulse(on, end, axis) for axis in (0, 1))
        values |= {
            f"peak_force_{name}": top, f"peak_force_{name}_rel": top / made.weight,
            f"mean_force_{name}": _mean_whole(foot, on, end), f"rfd_{name}": foot.steepest(),
            f"impulse_x_{name}": jx, f"impulse_z_{name}": jz,
            f"ratio_of_forces_block_{name}": 100.0 * jx / float(np.hypot(jx, jz)),
            f"force_direction_block_{name}": float(np.degrees(np.arctan2(jz, jx))),
            **{f"rfd_{name}_0_{ms}ms": float(foot.whole(on + ms / 1000.0) - foot.whole(on)) / (ms / 1000.0)
               for ms in (50, 100)},
        }  # fmt: skip
    along = _without(made, told)
    ends = {"front": off, "rear": rear_off, "hands": off}
    jx, jz = (sum(one.impulse(on, ends[name], axis) for name, one in along.parts.items()) for axis in (0, 1))
    vx = jx / mass
    values |= {
        "impulse_x_total": jx, "block_velocity_x": vx, "block_acceleration": vx / push,
        "ahep": mass * vx * vx / (2.0 * push), "ahep_rel": vx * vx / (2.0 * push),
        "rear_impulse_share": 100.0 * values["impulse_x_rear"] / (values["impulse_x_rear"] + values["impulse_x_front"]),
        "block_power_peak": _peak_power(along, on, off, mass),
        "ratio_of_forces_block": 100.0 * jx / float(np.hypot(jx, jz)),
        "force_direction_block": float(np.degrees(np.arctan2(jz, jx))),
    }  # fmt: skip
    if along is made:
        vz = (made.impulse(on, off, 1) - made.weight * push) / mass
        values |= {"block_velocity_z": vz, "projection_angle": float(np.degrees(np.arctan2(vz, vx)))}
    return values


def _without(made: Start, told: Mapping[str, Any]) -> Start:
    """The start as its plates know it: without hands where no plate is under them."""
    if told["hand_plate"] or "hands" not in made.parts:
        return made
    return Start(made.gun, made.front, made.rear, Hands(made.hands.start, made.hands.length, (0.0, 0.0)), made.weight)


def _mean_whole(foot: Push, a: float, b: float) -> float:
    """Mean resultant between two times, by quadrature on fine pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.unique(np.r_[np.linspace(a, b, 40), np.clip(foot.start, a, b)])
    half, middle = 0.5 * np.diff(edges)[:, np.newaxis], 0.5 * (edges[1:] + edges[:-1])[:, np.newaxis]
    return float((half * weights * foot.whole(middle + half * nodes)).sum() / (b - a))


def _peak_power(made: Start, on: float, off: float, mass: float) -> float:
    """Largest product of the horizontal force and the velocity that it has given."""

    def power(t: float) -> float:
        return sum(float(one.part(t, 0)) for one in made.parts.values()) * made.impulse(on, t, 0) / mass

    return largest(power, on, off)[1]
