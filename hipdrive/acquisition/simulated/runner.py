"""A simulated run over plates whose steps are known exactly: half sines upwards, braking and push in closed form.

Up: A·sin(πu), u from 0 to 1 over the contact, as large as contact and flights need. Forwards: sin(πu)·(P - 2B·cos(πu)),
whose parts below and above zero have closed integrals. The foot rolls 0.1 m forwards while it carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator

from hipdrive.acquisition.simulated.further import further, without
from hipdrive.trial import Floats, Trial, Truth

G = 9.80665
THRESHOLD = 20.0
"""N: contacts begin and end where the vertical force crosses it (METRICS.md 11)."""

ROLL, WIDTH = 0.10, 0.10
"""m that the centre of pressure moves in a contact, and by which left and right feet are apart."""

PLATE = 0.9
"""m: length of a plate; they lie one behind the other."""

LEAD = 0.5
"""s before the first contact, and after the last one."""

RANGES = {"contacts": (2, 40, ""), "plate_count": (1, 40, ""), "velocity": (2.0, 12.0, " m/s"),
          "push": (-20.0, 120.0, " N·s")}  # fmt: skip
WAYS = ("x", "-x", "y", "-y")


@dataclass(frozen=True)
class Foot:
    """One contact: when, how strong (A, P, B, N), and where it lands (m, forwards and to the left)."""

    start: float
    length: float
    up: float
    push: float
    brake: float
    place: tuple[float, float]

    @property
    def end(self) -> float:
        """When it ends, s."""
        return self.start + self.length

    def phase(self, t: Floats) -> Floats:
        """u, 0 before and 1 after."""
        return np.clip((t - self.start) / self.length, 0.0, 1.0)

    def vertical(self, t: Floats) -> Floats:
        """Vertical force, N."""
        return np.asarray(self.up * np.sin(np.pi * self.phase(t)))

    def forward(self, t: Floats) -> Floats:
        """Forward force, N."""
        u = self.phase(t)
        return np.asarray(np.sin(np.pi * u) * (self.push - 2.0 * self.brake * np.cos(np.pi * u)))

    def crossing(self) -> float:
        """U at which the vertical force crosses the threshold; the other crossing is as far from the end."""
        return float(np.arcsin(THRESHOLD / self.up) / np.pi)

    def _ahead(self, a: float, b: float) -> float:
        """Integral of the forward force from u = a to b, N*s."""

        def area(u: float) -> float:
            return float(-self.push * np.cos(np.pi * u) - self.brake * np.sin(np.pi * u) ** 2)

        return float(self.length / np.pi * (area(b) - area(a)))

    def impulses(self) -> tuple[float, float]:
        """Braking and propulsive impulse between the crossings of the threshold, N*s."""
        low = self.crossing()
        if abs(self.push) >= 2.0 * abs(self.brake):
            whole = self._ahead(low, 1.0 - low)
            return min(whole, 0.0), max(whole, 0.0)
        turn = float(np.clip(np.arccos(self.push / (2.0 * self.brake)) / np.pi, low, 1.0 - low))
        parts = self._ahead(low, turn), self._ahead(turn, 1.0 - low)
        return min(parts), max(parts)

    def lift(self) -> float:
        """Vertical impulse between the crossings, N*s."""
        return float(self.up * self.length / np.pi * 2.0 * np.cos(np.pi * self.crossing()))

    def sinks(self, weight: float) -> float:
        """How far the body sinks between the crossings, as high at the one as at the other, m."""
        low = self.crossing()
        half = (0.5 - low) * self.length
        mass, w = weight / G, np.pi / self.length
        # about the middle of the contact force is A·cos(w·t): twice integrated, zero at both ends
        return float((self.up / (mass * w * w)) * (1.0 - np.cos(w * half)) - 0.5 * G * half**2)


def simulate(settings: Mapping[str, Any], more: Mapping[str, Any]) -> Trial:
    """A trial of a run; `settings` are those of every simulated athlete, `more` the run's own.

    more : contacts (6), plate_count (one behind the other; as many as the run needs), treadmill (False; one plate that
        moves below the feet), velocity m/s at the first contact (drawn), push N*s by which each contact changes the
        forward momentum (0: steady), way of the run in the plates' axes ("x", "-x", "y", "-y").

    Raises
    ------
    UsageError : a setting is not one of a run, or lies outside its range.
    """
    asked = _checked(settings, more)
    rng = np.random.default_rng([int(settings["seed"]), *map(ord, "steps")])
    mass = float(rng.uniform(50.0, 100.0)) if settings["mass"] is None else float(settings["mass"])
    speed = float(rng.uniform(4.0, 8.5)) if asked["velocity"] is None else float(asked["velocity"])
    feet = _drawn(rng, asked, mass * G, speed)
    return _record(rng, feet, mass, {**settings, **asked, "mass": mass, "velocity": speed})


def _checked(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    without("a run", settings, ("posture", "edge", "start", "quiet"))
    known = {"contacts": 6, "plate_count": None, "treadmill": False, "velocity": None, "push": 0.0, "way": "x"}
    return further("a run", known, more, RANGES, {"way": WAYS, "treadmill": (True, False)})


def _drawn(rng: Generator, asked: Mapping[str, Any], weight: float, speed: float) -> list[Foot]:
    """The contacts of a run, each with the vertical impulse that its flights need."""
    count = int(asked["contacts"])
    lengths = np.clip(0.9 / speed + 0.02 + rng.normal(0.0, 0.004, count), 0.09, 0.3)
    flights = 0.11 + rng.normal(0.0, 0.006, count + 1)
    feet, t, x, v = [], LEAD + float(rng.uniform(0.0, 0.01)), 0.3, speed
    side = float(rng.choice([-1.0, 1.0]))
    for i in range(count):
        air = 0.5 * (flights[i] + flights[i + 1])
        up = np.pi / 2.0 * weight * (lengths[i] + air) / lengths[i]
        push = np.pi / 2.0 * float(asked["push"]) / lengths[i]
        brake = float(rng.uniform(0.12, 0.22)) * weight
        feet.append(Foot(t, lengths[i], up, push, brake, (x, side * 0.5 * WIDTH)))
        v += float(asked["push"]) / (weight / G)
        t += lengths[i] + flights[i + 1]
        x += v * (lengths[i] + flights[i + 1])
        side = -side
    return feet


def _record(rng: Generator, feet: Sequence[Foot], mass: float, told: dict[str, Any]) -> Trial:
    """What the plates measure: forces, and the centre of pressure in the lab."""
    rate, treadmill = float(told["rate"]), bool(told["treadmill"])
    needed = int(np.ceil((feet[-1].place[0] - feet[0].place[0] + 0.6) / PLATE))
    count = 1 if treadmill else int(told["plate_count"] or needed)
    times = np.arange(0.0, feet[-1].end + LEAD, 1.0 / rate)
    offset = 0.0 if told["offset"] is None else float(told["offset"])
    names = tuple(f"plate{i + 1}" for i in range(count))
    first = feet[0].place[0] - 0.3
    parts = {name: np.zeros((5, len(times))) for name in names}
    for foot in feet:
        u = foot.phase(times)
        x = foot.place[0] + ROLL * (u - 0.5) - (foot.place[0] - feet[0].place[0] if treadmill else 0.0)
        up, ahead = foot.vertical(times), foot.forward(times)
        for i, name in enumerate(names):
            low, high = first + PLATE * i, first + PLATE * (i + 1)
            on = np.ones(len(times), dtype=bool) if treadmill else (x >= low) & (x < high)
            part = parts[name]
            part[0] += np.where(on, ahead, 0.0)
            part[2] += np.where(on, up, 0.0)
            part[3] = np.where(on & (up > 0.0), x, part[3])
            part[4] = np.where(on & (up > 0.0), foot.place[1], part[4])
    components: dict[str, Floats] = {}
    fz = []
    for name in names:
        ahead, left, up, x, y = parts[name]
        noise = [rng.normal(0.0, told["noise"], len(times)) + offset + told["drift"] * times for _ in range(3)]
        axes = _laid(told["way"], ahead, left)
        place = _laid(told["way"], x, y)
        # a plate's place is worth what its force is: 0.3 N·m of noise in its moment
        loaded = up > 10.0
        doubt = [np.where(loaded, rng.normal(0.0, 0.3, len(times)) / np.where(loaded, up, 1.0), 0.0) for _ in range(2)]
        components |= {f"{name}.fx": axes[0] + noise[0], f"{name}.fy": axes[1] + noise[1],
                       f"{name}.copx": np.where(loaded, place[0] + doubt[0], 0.0),
                       f"{name}.copy": np.where(loaded, place[1] + doubt[1], 0.0)}  # fmt: skip
        fz.append(up + noise[2])
    return Trial.from_forces(
        np.array(fz), rate, names, test="steps", components=components, mass=mass,
        athlete=f"simulated-{told['seed']}", truth=_truth(feet, mass, told), file=f"simulated steps {told['seed']}",
    )  # fmt: skip


def _laid(way: str, ahead: Floats, left: Floats) -> tuple[Floats, Floats]:
    """Forward and left in the axes of the plates."""
    return {"x": (ahead, left), "-x": (-ahead, -left), "y": (-left, ahead), "-y": (left, -ahead)}[way]


def _truth(feet: Sequence[Foot], mass: float, told: Mapping[str, Any]) -> Truth:
    """METRICS.md 11 on the forces themselves."""
    weight = mass * G
    on = [foot.start + foot.crossing() * foot.length for foot in feet]
    off = [foot.end - foot.crossing() * foot.length for foot in feet]
    reps, gained = [], 0.0
    for i, foot in enumerate(feet):
        back, ahead = foot.impulses()
        gained += back + ahead
        contact = off[i] - on[i]
        values = {
            "step_contact_time": contact, "braking_impulse_x": back, "propulsive_impulse_x": ahead,
            "net_impulse_x": back + ahead, "effective_vertical_impulse": foot.lift() - weight * contact,
            "ratio_of_forces_step": 100.0 * (back + ahead) / float(np.hypot(back + ahead, foot.lift())),
            "braking_impulse_share": -100.0 * back / (ahead - back), "step_peak_force": foot.up,
            "vertical_stiffness_run": foot.up / foot.sinks(weight),
        }  # fmt: skip
        events = {"first_contact": on[i], "takeoff": off[i]}
        if not told["treadmill"]:
            values["step_velocity_by_impulse"] = told["velocity"] + gained / mass
        if i + 1 < len(feet):
            events["next_contact"] = on[i + 1]
            values |= {"step_flight_time": on[i + 1] - off[i], "step_rate": 1.0 / (on[i + 1] - on[i])}
            if not told["treadmill"]:
                values["step_length"] = feet[i + 1].place[0] - foot.place[0]
                values["step_width"] = WIDTH
        reps.append({"values": MappingProxyType(values), "events": MappingProxyType(events)})
    means: dict[str, float] = {"system_weight": weight}
    for name in ("step_contact_time", "step_flight_time", "step_rate", "step_length", "net_impulse_x",
                 "ratio_of_forces_step"):  # fmt: skip
        known = [rep["values"][name] for rep in reps if name in rep["values"]]
        if known:
            means[f"{name}_mean"] = float(np.mean(known))
    return Truth(values=MappingProxyType(means), settings=MappingProxyType(dict(told)),
                 reps=tuple(reps))  # fmt: skip
