"""Jumps while they happen: zero, weigh, contact, flight, landing, block by block, with the rules of `events`.

The caller hands over newtons as they come, in blocks of any size; how they are cut makes no difference, because the
work is done in steps of 5 ms counted from the first sample. Every step costs the same, whatever came before. The
numbers are provisional: when the trial is closed, `analyse` runs on it and its numbers replace them.

States
    empty     nobody on the plate                   zeroing   the empty plate is averaged
    weighing  somebody stands there, not yet still  armed     weighed and at rest: ready
    contact   moving on the plate                   flight    in the air
    landed    after a flight, not yet still         closed    still again: the trial is complete
    lost      samples are missing or no numbers; a trial under way is given up, the next clean sample starts anew
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.analysis import provisional
from hipdrive.analysis.build import SLOWEST_JUMP
from hipdrive.analysis.locate import SETTLE
from hipdrive.analysis.profile import Profile, load_profile
from hipdrive.analysis.provisional import FORCE, TOTAL, Edge, Empty
from hipdrive.analysis.rolling import CHANGE, INTEGRAL, SQUARE, SUM, Grid, Rest, Stretch, Tail, still_stretch
from hipdrive.analysis.said import (
    ARMED,
    CLOSED,
    CONTACT,
    EMPTY,
    FLIGHT,
    LANDED,
    LOST,
    SAYS,
    STATES,
    WEIGHING,
    ZEROING,
    Changed,
    Closed,
    Numbers,
    Said,
    Warned,
    Weighed,
    Zeroed,
)  # fmt: skip
from hipdrive.analysis.segment import LOADED
from hipdrive.analysis.signal import CELL, Floats
from hipdrive.errors import UsageError, sentence
from hipdrive.results import Event, Value
from hipdrive.trial import BOX

ZERO_TIME = 1.0
"""s that a plate is averaged for its zero."""

ZERO_NOISE, ZERO_DRIFT = 15.0, 2.0
"""N: SD of an empty plate's samples, and change of its quarter-second means, beyond which somebody touches it."""

PATIENCE = 3.0
"""s on the plate after which a less still stretch will do, as for `analyse`."""

GIVE_UP = 10.0
"""s after a landing without a still stretch: the trial is closed as it is."""

WAIT = 1.0
"""s after the first still stretch of a landing in which a calmer one is looked for."""

BEFORE = 1.0
"""s of the record before the first contact, or before the weighing, that belong to a trial."""

ABSURD = 1e6
"""N: no plate measures this; such a sample is no number."""

RISE = 1.0
"""s of the flight of the still moving foot, and more, that the sample memory holds beyond contact and flight."""


@dataclass
class _Jump:
    """A jump from its first contact or its rest to the end of the landing; positions in samples."""

    number: int
    kind: str
    contact: Edge
    contact_integral: float
    leave: Edge = field(default_factory=Edge)
    land: Edge = field(default_factory=Edge)
    zero: float = 0.0
    impulse: float = math.nan
    """Of the force in contact, N*s."""

    values: dict[str, Value] = field(default_factory=dict)
    highest: float = 0.0


class Live:
    """Feed it blocks of newtons; it answers with what happened.

    Parameters
    ----------
    rate : Hz. plates : names, in the order of the rows; the plate under a `box` does not count.
    profile : rules and thresholds, as for `analyse`. test : "landing" makes a fall onto the plates a trial of its own;
    every other test is found by itself. mass : kg with load, where it is known already.

    >>> import hipdrive as hd
    >>> trial = hd.simulate("dj", seed=1)
    >>> said = Live(trial.rate, trial.plates).feed(trial.fz)
    >>> [one.state for one in said if isinstance(one, Changed)]
    ['empty', 'contact', 'flight', 'landed', 'closed', 'armed']
    >>> numbers = [one for one in said if isinstance(one, Numbers)][-1]
    >>> numbers.kind, round(numbers.values["contact_time"].value, 3), round(float(trial.truth["contact_time"]), 3)
    ('dj', 0.172, 0.172)
    """

    def __init__(
        self, rate: float, plates: Sequence[str] = ("plate1",), profile: str | Path | Profile = "hipdrive", *,
        test: str = "auto", mass: float | None = None,
    ) -> None:  # fmt: skip
        if not (math.isfinite(rate) and rate >= 50.0):
            raise UsageError("rate", f"live: a sampling rate of {rate:g} Hz makes no sense; give 50 Hz or more")
        self.rate, self.plates, self.test = float(rate), tuple(plates), test
        self.profile = rules = load_profile(profile)
        self._brief = replace(rules, weigh_max=rules.weigh_min)
        self._feet = [i for i, name in enumerate(self.plates) if name != BOX or len(self.plates) == 1]
        self._step = max(1, round(0.5 * CELL * rate))
        self._grid = Grid(2 * self._step, self.rate)
        self._gap = self._grid.cells(rules.weigh_gap)
        keep = round((rules.contact_max + rules.flight_max + RISE) * rate)
        self._samples = Tail(2, max(keep, 4 * self._step))
        self._cells = Tail(4, self._grid.cells(rules.weigh_max + 1.0) + self._gap + self._grid.quarter)
        self._pieces: deque[Floats] = deque()
        self._waiting = 0
        self._offsets = np.zeros(len(self.plates))
        self._level, self._noise = 0.0, 0.0
        self._zeroing: list[tuple[Floats, float, int]] | None = None
        self._asked = False
        self._last_force = math.nan
        self._cell_sums = [0.0] * 4
        self._rest = Rest(rules, self._grid)
        self._given = math.nan if mass is None else mass * rules.g
        self._steps = 0
        self.state = EMPTY
        self._said: list[Said] = []
        self._begin(0)

    # --- what a caller does -----------------------------------------------------------------------------------

    @property
    def sample(self) -> int:
        """Number of the next sample that will be fed."""
        return self._samples.end + self._waiting

    @property
    def weight(self) -> float:
        """Weight of the athlete, N, NaN before the weighing."""
        return self._rest.weight if math.isfinite(self._rest.weight) else self._given

    @property
    def offsets(self) -> Floats:
        """Zero of each plate, N, which is subtracted from what is fed."""
        return self._offsets.copy()

    @property
    def nbytes(self) -> int:
        """Memory of the last seconds; it never grows."""
        return self._samples.nbytes + self._cells.nbytes

    def zero(self) -> None:
        """Take the zero of the plates from the next second; refused, with a `Warned`, where somebody stands there."""
        self._asked = True

    def forget(self) -> None:
        """Another athlete: the weight is unknown again."""
        self._given = math.nan
        self._rest = Rest(self.profile, self._grid, origin=self._origin)

    def feed(self, block: ArrayLike, first_sample: int | None = None) -> tuple[Said, ...]:
        """Take newtons, (plates, n), and say what happened in them.

        first_sample : the device's number of the first one, where it counts: a jump in it means samples were lost.

        Raises
        ------
        UsageError : the rows are not the plates, or samples come twice.
        """
        values = np.atleast_2d(np.asarray(block, dtype=np.float64))
        if values.ndim != 2 or values.shape[0] != len(self.plates):
            raise UsageError("plates", f"live: forces of shape {values.shape} do not fit the plates "
                             f"{', '.join(self.plates)}; give one row for each plate")  # fmt: skip
        if first_sample is not None and first_sample != self.sample:
            self._skip(first_sample)
        if values.shape[1]:
            self._pieces.append(values)
            self._waiting += values.shape[1]
        if self._waiting >= self._step:
            joined = self._pieces[0] if len(self._pieces) == 1 else np.concatenate(list(self._pieces), axis=1)
            whole = joined.shape[1] // self._step * self._step
            for at in range(0, whole, self._step):
                self._take(joined[:, at : at + self._step])
            self._pieces = deque([joined[:, whole:].copy()] if whole < joined.shape[1] else [])
            self._waiting = joined.shape[1] - whole
        said, self._said = tuple(self._said), []
        return said

    # --- steps ------------------------------------------------------------------------------------------------

    def _skip(self, first_sample: int) -> None:
        """Samples are missing before `first_sample`."""
        if first_sample < self.sample:
            raise UsageError("samples_twice", f"live: sample {first_sample} comes twice; feed every sample once")
        self._lose(self.sample)
        self._pieces.clear()
        self._waiting = 0
        self._begin(first_sample)

    def _begin(self, sample: int) -> None:
        """Start anew at a sample: nothing is known of what was before, but zero and weight stay."""
        self._samples.restart(sample)
        self._origin = sample
        self._cells.restart(0)
        self._last_force = math.nan
        self._half = False
        self._run = -1
        self._since = sample
        self._stood_from = sample
        self._came_from = "start"
        self._still = False
        self._started = False
        self._due: tuple[str, int, int, Empty] | None = None
        self._contact, self._contact_integral = Edge(), math.nan
        self._landed_at, self._first = -1, -1
        self._calmest: Stretch | None = None
        self._settles = 0
        self._loosest: float | None = None
        self._jump: _Jump | None = None
        self._jumps = 0
        self._told_unsteady = False
        self._rest.lose()
        self._rest.origin = sample

    def _lose(self, sample: int) -> None:
        """What was under way is given up."""
        if self.state != LOST:
            self._say(Warned(sample, "samples_lost", SAYS["samples_lost"]))
            if self._jumps:
                self._say(Closed(sample, self._first, sample, self._jumps, sentence("gaps")))
        self._zeroing = None
        self._change(sample, LOST)

    def _take(self, values: Floats) -> None:
        """One step of samples, (plates, step)."""
        self._steps += 1
        total = values[self._feet].sum(axis=0)
        if not np.abs(values).max() < ABSURD:  # NaN compares false
            sample = self._samples.end
            self._lose(sample)
            self._begin(sample + values.shape[1])
            return
        if self._asked or self._zeroing is not None:
            self._zero(values, total)
        force = total - float(self._offsets[self._feet].sum())
        self._remember(force)
        first = self._samples.end - len(force)
        if not self._started:
            self._start(first, float(force.mean()))
        self._runs(force, first)
        if self._due is not None and self._samples.end >= self._due[2]:
            self._edge_due()
        if self.state == LANDED and self._jump is not None:
            self._jump.highest = max(self._jump.highest, self._peak(force, first))
        self._gather(force)

    def _peak(self, force: Floats, first: int) -> float:
        """Largest force of a step that lies in the landing's window."""
        window = self._landed_at + self.profile.landing_window * self.rate
        return float(force.max()) if first < window else 0.0

    def _remember(self, force: Floats) -> None:
        """Samples and their integral into the memory."""
        held = self._samples.between(self._samples.end - 1, self._samples.end)
        before = held[:, -1].tolist() if held.shape[1] else [float(force[0]), 0.0]
        steps = 0.5 * (np.concatenate([[before[FORCE]], force[:-1]]) + force) / self.rate
        if not held.shape[1]:
            steps[0] = 0.0
        self._samples.append(np.stack([force, before[TOTAL] + np.cumsum(steps)]))

    def _gather(self, force: Floats) -> None:
        """Two steps are a cell."""
        if not self._half:
            first = self._samples.end - len(force)
            self._cell_sums = [0.0, 0.0, float(self._samples.between(first, first + 1)[TOTAL, 0]), 0.0]
        self._cell_sums[SUM] += float(force.sum())
        self._cell_sums[SQUARE] += float(force @ force)
        held = self._samples.between(self._samples.end - len(force) - 1, self._samples.end)[FORCE]
        change = held[1:] - held[:-1]
        self._cell_sums[CHANGE] += float(change @ change)
        self._half = not self._half
        if not self._half:
            self._cells.append(np.array(self._cell_sums)[:, np.newaxis])
            self._cell()

    def _start(self, sample: int, force: float) -> None:
        self._started = True
        loaded = force - self._level >= self._threshold()
        self._run = -1 if loaded else sample
        if self._zeroing is None:
            self._change(sample, WEIGHING if loaded else EMPTY)

    def _say(self, one: Said) -> None:
        self._said.append(one)

    def _change(self, sample: int, state: str, why: str = "") -> None:
        if state != self.state or not self._steps or (state == EMPTY and self._steps == 1):
            self.state = state
            self._say(Changed(sample, state, why))

    # --- zero -------------------------------------------------------------------------------------------------

    def _zero(self, values: Floats, total: Floats) -> None:
        """Average the empty plates, quarter second by quarter second."""
        sample = self._samples.end
        if self._zeroing is None:
            self._asked = False
            if self.state not in (EMPTY, WEIGHING, ARMED, CLOSED, LOST):
                self._refuse(sample, "zero_under_load", float(total.mean() - self._offsets[self._feet].sum()))
                return
            self._zeroing = []
            self._zero_sums, self._zero_square, self._zero_count = np.zeros(len(self.plates)), 0.0, 0
            self._change(sample, ZEROING)
        self._zero_sums = self._zero_sums + values.sum(axis=1)
        self._zero_square += float(total @ total)
        self._zero_count += len(total)
        if self._zero_count < 0.25 * ZERO_TIME * self.rate:
            return
        means = self._zero_sums / self._zero_count
        mean = float(means[self._feet].sum())
        var = max(self._zero_square / self._zero_count - mean * mean, 0.0)
        self._zeroing.append((means, math.sqrt(var), self._zero_count))
        self._zero_sums, self._zero_square, self._zero_count = np.zeros(len(self.plates)), 0.0, 0
        totals = [float(part[0][self._feet].sum()) for part in self._zeroing]
        worst = max(part[1] for part in self._zeroing)
        if abs(mean) >= self.profile.weight_min:
            self._refuse(sample, "zero_under_load", abs(mean))
        elif max(totals) - min(totals) > ZERO_DRIFT + worst / math.sqrt(len(total)) or worst > ZERO_NOISE:
            self._refuse(sample, "zero_moving", max(max(totals) - min(totals), worst))
        elif len(self._zeroing) == 4:
            self._offsets = np.mean([part[0] for part in self._zeroing], axis=0)
            self._level, self._noise = 0.0, worst
            self._zeroing = None
            self._say(Zeroed(sample, tuple(self._offsets.tolist()), worst))
            self._begin(sample)

    def _refuse(self, sample: int, code: str, amount: float) -> None:
        self._say(Warned(sample, code, SAYS[code].format(amount)))
        if self._zeroing is not None:
            self._zeroing = None
            self._begin(sample)

    # --- loaded and unloaded ----------------------------------------------------------------------------------

    def _rough(self) -> float:
        """Weight, or the lightest that would be told from an empty plate, N."""
        weight = self.weight
        return weight if math.isfinite(weight) else LOADED / self.profile.rearm

    def _threshold(self) -> float:
        """Force above the empty plate that counts as loaded: a quarter of the weight."""
        return self.profile.rearm * self._rough()

    def _runs(self, force: Floats, first: int) -> None:
        """Follow where the force falls below and rises above a quarter of the weight."""
        at = 0
        while at < len(force):
            low = force[at:] < self._level + self._threshold()
            if self._run < 0:
                if not low.any():
                    return
                at += int(low.argmax())
                self._run = first + at
            else:
                if low.all():
                    return
                at += int((~low).argmax())
                start, self._run = self._run, -1
                self._loaded(start, first + at)

    def _loaded(self, start: int, end: int) -> None:
        """An unloaded run [start, end) is over."""
        length = (end - start) / self.rate
        if self.state == ZEROING or self._due is not None:
            return
        if self.state == EMPTY:
            brief = length < self.profile.empty_before
            self._arrive(start, end, "start" if brief else "empty")
        elif length >= self.profile.flight_min:
            seen = provisional.empty(self._samples, start, end, self.rate, self.profile)
            if self._is_flat(seen):
                self._due = ("landing", start, end + provisional.needed(self.rate, self.profile), seen)
                self._due_end = end

    def _is_flat(self, seen: Empty) -> bool:
        """At the empty plate's level and quiet: the rule of `segment`."""
        rough = self._rough()
        quiet = seen.noise <= max(self.profile.flight_sd * rough, 1.5 * self._noise)
        return quiet and abs(seen.level - self._level) <= self.profile.flight_level * rough

    def _arrive(self, start: int, end: int, came_from: str) -> None:
        """Somebody steps, falls or jumps onto the empty plate."""
        begin = max(start, end - round(2.0 * self.rate), self._samples.begin)
        seen = provisional.empty(self._samples, begin, end, self.rate, self.profile)
        self._loaded_since(end, came_from)
        self._contact, self._contact_integral = Edge(), math.nan
        self._due = ("contact", start, end + provisional.needed(self.rate, self.profile), seen)
        self._due_end = end
        self._change(end, CONTACT)

    def _loaded_since(self, sample: int, came_from: str) -> None:
        self._since, self._came_from, self._stood_from = sample, came_from, sample
        self._still = self._told_unsteady = False
        self._rest.lose()

    def _edge_due(self) -> None:
        """Enough samples after an edge have come to place it."""
        assert self._due is not None
        what, start, _, seen = self._due
        self._due = None
        if what == "contact":
            fixed = self.profile.contact_fixed
            self._contact = provisional.touchdown(self._samples, self._due_end, seen, self.rate, self.profile, fixed)
            self._contact_integral = provisional.integral(self._samples, self._contact.at, self.rate)
            if self.test == "landing" and self._came_from == "empty":
                self._fallen(self._due_end)
        else:
            self._landed(start, self._due_end, seen)

    def _fallen(self, end: int) -> None:
        """A drop landing: the contact is the landing."""
        self._jumps += 1
        self._jump = _Jump(
            self._jumps, "landing", self._contact, self._contact_integral, zero=self._zero_of(self._level)
        )
        self._first = max(end - round(BEFORE * self.rate), self._origin)
        self._landed_at = end
        self._calmest = None
        self._change(end, LANDED)

    # --- a jump -----------------------------------------------------------------------------------------------

    def _zero_of(self, level: float) -> float:
        return level if abs(level) > self.profile.offset_min else 0.0

    def _kind(self, start: int) -> str:
        """What kind of contact went before the flight that starts at a sample."""
        contact = (start - self._since) / self.rate
        if self._came_from == "empty" and contact <= self.profile.contact_max and not self._still:
            return "dj"
        if self._came_from == "flight" and contact <= self.profile.rebound_max and not self._still:
            return "rebound"
        if self._rest.anchor < 0:
            return "jump"
        deep = self._rest.slowest < self.profile.cmj_velocity or self._rest.lowest < self.profile.cmj_depth
        return "cmj" if deep else "sj"

    def _left(self, start: int) -> None:
        """In the air for long enough to be sure: the numbers of the contact."""
        now = self._samples.end
        seen = provisional.empty(self._samples, start, now, self.rate, self.profile)
        jump = self._measure(start, seen)
        if jump is None:
            return
        self._change(now, FLIGHT)
        speed = jump.values.get("takeoff_velocity")
        if speed is None or speed.code or speed.value > SLOWEST_JUMP:  # else somebody steps off
            self._tell(now, "takeoff", jump, jump.values)

    def _measure(self, start: int, seen: Empty) -> _Jump | None:
        """The contact that ended at a take-off, with its impulse and, where the weight is known, velocity."""
        leave = provisional.takeoff(self._samples, start, seen, self.rate, self.profile)
        if not leave.found:
            return None
        kind = self._kind(start)
        own = kind in ("dj", "rebound")
        jump = _Jump(self._jumps + 1, kind, self._contact if own else Edge(),
                     self._contact_integral if own else math.nan, leave, zero=self._zero_of(seen.level))  # fmt: skip
        reached = provisional.integral(self._samples, leave.at, self.rate)
        if own:
            jump.impulse = reached - jump.contact_integral
            jump.values = provisional.contact_numbers(jump.contact, leave, {}, self.rate)
        else:
            jump.values = self._speed_numbers(jump, reached)
        return jump

    def _speed_numbers(self, jump: _Jump, reached: float) -> dict[str, Value]:
        """Height by impulse from the rest before the movement."""
        rest = self._rest
        weight = rest.force - jump.zero
        if rest.anchor < 0 or not self.profile.weight_min <= weight <= self.profile.weight_max:
            code = "no_onset" if math.isfinite(rest.force) else "no_weight"
            return {"takeoff_velocity": provisional.missing("m/s", code),
                    "jump_height_tov": provisional.missing("m", code)}  # fmt: skip
        time = (jump.leave.at - rest.anchor) / self.rate
        speed = (reached - rest.integral - rest.force * time) * self.profile.g / weight
        return provisional.impulse_numbers(speed, weight, self.profile.g, "impulse_momentum")

    def _landed(self, start: int, end: int, seen: Empty) -> None:
        """Down again: the flight is known, and with it what the jump was."""
        jump = self._measure(start, seen)
        land = provisional.touchdown(self._samples, end, seen, self.rate, self.profile)
        if jump is None or not land.found:
            self._back(end)
            return
        g = self.profile.g
        jump.land = land
        flight = provisional.flight_numbers(jump.leave, land, self.rate, g)
        jump.values |= flight
        if jump.kind in ("dj", "rebound"):
            jump.values |= provisional.contact_numbers(jump.contact, jump.leave, flight, self.rate)
            self._drop(jump)
        if not self._is_jump(jump, seen):
            if "takeoff_velocity" in jump.values and not jump.values["takeoff_velocity"].code:
                self._say(Warned(end, "not_ballistic", sentence("not_ballistic")))
            self._back(end)
            return
        self._jumps += 1
        self._jump = jump
        if self._jumps == 1:
            base = jump.contact.at if jump.contact.found else self._stood_from
            self._first = max(int(base) - round(BEFORE * self.rate), self._origin)
        self._contact, self._contact_integral = land, provisional.integral(self._samples, land.at, self.rate)
        self._loaded_since(end, "flight")
        self._landed_at = end
        self._calmest = None
        self._change(end, LANDED)
        self._tell(self._samples.end, "landing", jump, jump.values)

    def _drop(self, jump: _Jump) -> None:
        """Velocity at first contact from half the flight, where the weight is known; a drop jump, or none."""
        weight, g = self.weight, self.profile.g
        time = (jump.leave.at - jump.contact.at) / self.rate
        down = math.nan
        if math.isfinite(weight) and jump.contact.found:
            up = 0.5 * g * jump.values["flight_time"].value
            down = up - (jump.impulse - (weight + jump.zero) * time) * g / weight
        if jump.kind == "rebound":
            return
        if (down >= self.profile.drop_velocity) if math.isfinite(down) else not self._struck(jump):
            jump.kind = "jump"
            jump.contact = Edge()
            jump.values = {name: value for name, value in jump.values.items()
                           if name in ("flight_time", "jump_height_ft")}  # fmt: skip
            jump.values |= self._speed_numbers(jump, math.nan)
        elif math.isfinite(down):
            jump.values |= provisional.drop_numbers(down, g, "flight_anchored")
        else:
            jump.values |= {"touchdown_velocity": provisional.missing("m/s", "no_weight"),
                            "drop_height": provisional.missing("m", "no_weight")}  # fmt: skip

    def _struck(self, jump: _Jump) -> bool:
        """Whether the contact began with an impact, for want of a weight."""
        first, last = math.ceil(jump.contact.at), math.floor(jump.leave.at)
        force = self._samples.between(first, last)[FORCE]
        early = force[: round(self.profile.impact_time * self.rate)]
        return bool(len(force)) and float(early.max()) >= 0.5 * float(force.max())

    def _is_jump(self, jump: _Jump, seen: Empty) -> bool:
        """Flight time and take-off velocity belong together: the rule of `build.no_jump`."""
        by_flight = jump.values["jump_height_ft"].value
        if by_flight > self.profile.height_max:
            return False
        if "takeoff_velocity" not in jump.values or jump.values["takeoff_velocity"].code:
            return jump.values["flight_time"].value >= self.profile.flight_min_unweighed
        speed, height = jump.values["takeoff_velocity"].value, jump.values["jump_height_tov"].value
        return speed > SLOWEST_JUMP and abs(by_flight - height) <= max(0.10, 0.5 * by_flight)

    def _back(self, sample: int) -> None:
        """It was no flight after all."""
        self._loaded_since(sample, "start")
        if self._jumps:
            self._landed_at = sample
            self._change(sample, LANDED)
        else:
            self._change(sample, WEIGHING)

    def _tell(self, sample: int, stage: str, jump: _Jump, values: Mapping[str, Value]) -> None:
        times = {"first_contact": jump.contact, "takeoff": jump.leave, "touchdown": jump.land}
        found = {name: Event(edge.at / self.rate, provisional.COVERAGE * edge.u)
                 for name, edge in times.items() if edge.found}  # fmt: skip
        self._say(Numbers(sample, stage, jump.number, jump.kind, MappingProxyType(found),
                          MappingProxyType(dict(values))))  # fmt: skip

    # --- cells: stillness and rest ----------------------------------------------------------------------------

    def _cell(self) -> None:
        """Every 10 ms: has the athlete gone, does he stand still, does he move?"""
        if self.state == ZEROING:
            return
        if self._run >= 0:
            self._unloaded_cell()
        elif self.state == CONTACT and self._came_from != "flight" and self._waits(self.profile.contact_max):
            self._change(self._samples.end, WEIGHING)
        if self.state in (WEIGHING, ARMED, CONTACT, LANDED):
            self._stand()

    def _waits(self, seconds: float) -> bool:
        """Whether somebody is on the plate, unweighed, for longer than this."""
        return not self._still and self._samples.end - self._since > seconds * self.rate

    def _unloaded_cell(self) -> None:
        now = self._samples.end
        length = (now - self._run) / self.rate
        if self.state == EMPTY:
            self._track_empty(length)
        elif length > self.profile.flight_max:
            self._leave(now)
        elif self.state != FLIGHT and length >= self.profile.flight_min and self._due is None:
            recent = provisional.empty(self._samples, now - 5 * self._grid.cell, now, self.rate, self.profile)
            if self._is_flat(recent):
                self._left(self._run)

    def _track_empty(self, length: float) -> None:
        """The zero of an empty plate drifts: follow it, where it is quiet."""
        window = self._grid.cells(self.profile.weigh_min)
        if length < self.profile.weigh_min + 2.0 * self.profile.empty_before:
            return
        # not the last cells: a foot may already be coming down in them
        end = self._cells.end - self._gap
        held = self._cells.between(end - window, end)
        samples = window * self._grid.cell
        mean = float(held[SUM].sum()) / samples
        sd = math.sqrt(max(float(held[SQUARE].sum()) / samples - mean * mean, 0.0))
        if sd <= ZERO_NOISE:
            self._level, self._noise = mean, sd

    def _leave(self, sample: int) -> None:
        """Off the plate for longer than a flight."""
        if self._jumps:
            self._close(sample, SAYS["stepped_off"] if self.state != CLOSED else "")
        self._rest.lose()
        self._change(sample, EMPTY)

    def _stand(self) -> None:
        """Stillness that ends `weigh_gap` ago, so that the movement that may follow it is not weighed."""
        index = self._cells.end - self._gap - 1
        first = -(-(self._since - self._origin) // self._grid.cell)
        if index < max(first, self._cells.begin):
            return
        landed = self.state == LANDED
        if landed:
            first = -(-(self._landed_at + round(SETTLE * self.rate) - self._origin) // self._grid.cell)
        if self._run < 0:
            self._weigh(index + 1, first, landed)
        if self.state == CLOSED:
            self._armed_again()
        elif math.isfinite(self._rest.force):
            self._rest.cell(self._cells, index)
            self._move()
        if landed and self.state == LANDED and self._waits(GIVE_UP):
            self._close(self._samples.end, SAYS["no_stillness"])
            self._change(self._samples.end, WEIGHING)

    def _weigh(self, end: int, first: int, landed: bool) -> None:
        """A new still stretch gives the weight, closes a trial, or arms."""
        # after a landing a longer stretch would reach back into it
        rules = self._brief if landed else self.profile
        limit = rules.weigh_sd_pass
        stretch = self._quiet(end, first, limit, rules)
        steady = stretch is not None
        if stretch is None and not self._still:
            limit = rules.weigh_sd_warn
            stretch = self._quiet(end, first, limit, rules)
            if not self._waits(PATIENCE):
                self._weigh_loosely(stretch, end)
                return
            if stretch is None and not self._told_unsteady and not landed:
                self._complain(end)
        if stretch is None or not rules.weight_min <= stretch.mean - self._level <= rules.weight_max:
            return
        if landed:
            if self._settled(stretch, end) and self._calmest is not None:
                # all that came after the calmest second belongs to it, if it is as still
                longer = self._quiet(end, self._calmest.start, limit, self.profile)
                self._closed(longer or self._calmest, steady)
        elif self._unmoved(stretch, end):
            self._arm(stretch, steady)

    def _weigh_loosely(self, stretch: Stretch | None, end: int) -> None:
        """Before patience ends: the calmest fairly still second is better than no weight, but arms nobody."""
        if stretch is None or (self._loosest is None and math.isfinite(self._rest.force)):
            return
        heavy = self.profile.weight_min <= stretch.mean - self._level <= self.profile.weight_max
        if heavy and (self._loosest is None or stretch.sd <= self._loosest) and self._unmoved(stretch, end):
            self._loosest = stretch.sd
            self._rest.weighed(stretch, self._level)

    def _quiet(self, end: int, first: int, limit: float, rules: Profile) -> Stretch | None:
        """The still stretch that ends before a cell; what the plate's own noise does is not the athlete's doing."""
        window = self._grid.cells(rules.weigh_min)
        noise = self._noise
        if self.rate >= rules.edge_min_rate and self._cells.end - window > self._cells.begin:
            # between neighbouring samples nobody moves: half the square of their difference is noise
            held = self._cells.between(end - window, end)[CHANGE]
            noise = max(noise, math.sqrt(0.5 * float(held.sum()) / (window * self._grid.cell)))
        return still_stretch(self._cells, end, first, self._level, noise, rules, limit, self._grid)

    def _unmoved(self, stretch: Stretch, end: int) -> bool:
        """No cell since the stretch has left the band around its weight."""
        held = self._cells.between(end, self._cells.end)[SUM] / self._grid.cell
        band = self.profile.departure * (stretch.mean - self._level)
        return bool(np.abs(held - stretch.mean).max(initial=0.0) <= band)

    def _settled(self, stretch: Stretch, end: int) -> bool:
        """A landing dies away slowly, and the first still stretch still moves: a second later the calmest is taken."""
        if self._calmest is None:
            self._settles = end + self._grid.cells(WAIT)
        if self._calmest is None or stretch.sd < self._calmest.sd:
            self._calmest = stretch
        return end >= self._settles

    def _arm(self, stretch: Stretch, steady: bool) -> None:
        now = self._samples.end
        first = not self._still
        self._loosest = None
        self._still, self._stood_from = True, self._origin + stretch.start * self._grid.cell
        self._rest.weighed(stretch, self._level)
        if first:
            self._say(Weighed(now, self._rest.weight, stretch.sd, steady))
            if not steady:
                share = 100.0 * stretch.sd / self._rest.weight
                self._say(Warned(now, "fairly_still", SAYS["fairly_still"].format(share)))
        if self.state != ARMED:
            self._change(now, ARMED)

    def _complain(self, end: int) -> None:
        held = self._cells.between(end - self._grid.cells(self.profile.weigh_min), end)
        samples = held.shape[1] * self._grid.cell
        mean = float(held[SUM].sum()) / samples
        sd = math.sqrt(max(float(held[SQUARE].sum()) / samples - mean * mean, 0.0))
        if mean - self._level >= self.profile.weight_min:
            self._told_unsteady = True
            share = 100.0 * sd / (mean - self._level)
            self._say(Warned(self._samples.end, "unsteady", SAYS["unsteady"].format(share)))

    def _move(self) -> None:
        """Between armed and contact: the force leaves the band around the weight, or the athlete rests again."""
        if self._run >= 0 or not self._still or self.state not in (ARMED, CONTACT):
            return
        far = abs(self._rest.net) > self.profile.departure * self._rest.weight
        if self.state == ARMED and self._rest.moving and far:
            self._change(self._samples.end, CONTACT)
        elif self.state == CONTACT and not self._rest.moving:
            self._change(self._samples.end, ARMED)

    # --- the end of a trial -----------------------------------------------------------------------------------

    def _closed(self, stretch: Stretch, steady: bool) -> None:
        """Still again: weigh, integrate a drop backwards, close."""
        jump, now = self._jump, self._samples.end
        if jump is not None and self._jumps == jump.number and jump.kind in ("dj", "landing"):
            self._backwards(jump, stretch)
        self._close(now, "")
        self._change(now, CLOSED)
        self._closing = stretch, steady

    def _backwards(self, jump: _Jump, stretch: Stretch) -> None:
        """Velocity at first contact by integrating back from the rest after the landing."""
        g, start = self.profile.g, stretch.start
        held = self._cells.between(start, start + 1)
        weight = stretch.mean - jump.zero
        if not held.shape[1] or not math.isfinite(jump.contact_integral):
            return
        time = (self._origin + start * self._grid.cell - jump.contact.at) / self.rate
        down = -(float(held[INTEGRAL, 0]) - jump.contact_integral - stretch.mean * time) * g / weight
        values = dict(jump.values) | provisional.drop_numbers(down, g, "backward_integration")
        values["system_weight"] = Value(weight, "N", method="weighing")
        if jump.kind == "landing":
            values["peak_landing_force"] = Value(jump.highest - jump.zero, "N", method="sample_maximum")
        else:
            contact = (jump.leave.at - jump.contact.at) / self.rate
            up = down + (jump.impulse - stretch.mean * contact) * g / weight
            values |= provisional.impulse_numbers(up, weight, g, "impulse_momentum, backward_integration")
        jump.values = values
        self._tell(self._samples.end, "closed", jump, values)

    def _close(self, sample: int, why: str) -> None:
        self._say(Closed(sample, self._first, sample, self._jumps, why))
        self._jumps, self._jump = 0, None

    def _armed_again(self) -> None:
        """Closed in stillness, which is also the weighing for the next jump."""
        stretch, steady = self._closing
        self._came_from = "start"
        self._rest.lose()
        self._arm(stretch, steady)


__all__ = [
    "ARMED", "CLOSED", "CONTACT", "EMPTY", "FLIGHT", "LANDED", "LOST", "STATES", "WEIGHING", "ZEROING",
    "Changed", "Closed", "Live", "Numbers", "Said", "Warned", "Weighed", "Zeroed",
]  # fmt: skip
