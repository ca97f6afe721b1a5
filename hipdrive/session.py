"""A recording session without a window: zero, weigh, jump, numbers, keep or discard, again and again.

It joins the recorder, the rig's plates and the live detector. `poll` does whatever is due and answers with events, so
that a window's timer, a script's loop and a test with a clock of its own drive it in the same way. What takes longer
than a block, cutting a trial out, `analyse`, writing a file, runs in a thread beside it and comes back as an event.

Numbers while the athlete is on the plates are provisional (`Numbers`); those of a `Take` that is ANALYSED are what
`analyse` says of the closed trial.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition import recovery
from hipdrive.acquisition.ends import ends_of
from hipdrive.acquisition.lines import lines_of
from hipdrive.acquisition.recorder import RING_S, Chunk, Recorder
from hipdrive.analysis.hum import spectrum
from hipdrive.analysis.live import ZERO_TIME, Live
from hipdrive.analysis.plate_health import Health, Remark, Watch, at_the_end, drifting
from hipdrive.analysis.said import (
    ARMED,
    CLOSED,
    CONTACT,
    EMPTY,
    FLIGHT,
    LANDED,
    LOST,
    WEIGHING,
    ZEROING,
    Changed,
    Closed,
    Numbers,
    Said,
    Warned,
    Weighed,
    Zeroed,
)
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.occasions import FAULT, REST_OVER, TARGET, Occurred, of_state
from hipdrive.results import REFUSED, Analysis
from hipdrive.trial import Floats, Tare, Trial

if TYPE_CHECKING:
    from hipdrive.protocol import Protocol, Slot, Walk

OVER = "over"
"""State of a session whose devices deliver nothing any more; every other state is the detector's."""

CUT, ANALYSED, SAVING, KEPT, DISCARDED = "cut", "analysed", "saving", "kept", "discarded"
"""What became of a take."""

FACTS = ("test", "athlete", "box_height", "mass", "side", "arms", "load")
"""What a session knows of the trials to come."""

RECENT = 0.25
"""s over which the plates' status is taken."""

TOLD_AGAIN = 30.0
"""s before the same remark about a plate is made again."""

LEAD, JUMPS = 3.0, 5
"""Of a simulated athlete: s before the first jump, so that there is time to zero; jumps until they repeat."""

RECORDED = (".h5", ".hdf5", ".csv", ".txt", ".tsv", ".mot", ".sto", ".dat")
"""Endings of files that are played again instead of being read as a rig."""

SAYS = {
    "weigh_moving": "the athlete is moving, so nobody was weighed: stand still on the plates, then weigh again",
    "zero_imported": "these forces are newtons already and have no channels to zero: zero the plates' own software",
    "zero_too_soon": "the athlete is in the air or has stepped off only just now, so the zero was not taken: zero "
    "again in a second",
    "not_armed": "a jump was seen and not recorded, because recording is paused: start, then jump again",
    "overrun": "this computer was busy for too long and samples were overwritten: close other programs, jump again",
    "ended": "the recording is at its end",
    "cut_short": "the recording ended before the athlete stood still",
    "rest_short": "that jump came {0:.0f} s before the rest was over: it counts, but let the athlete rest",
    "not_counted": "that jump cannot be used and does not count: do it again",
}
"""What a session says by itself, by code."""


# --- what it answers with: besides these Changed, Zeroed, Weighed, Warned and Numbers of `analysis.said` ---


@dataclass(frozen=True, eq=False)
class Samples:
    """New samples: number of the first, and zeroed newtons, (plates, n)."""

    first_sample: int
    force: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Take:
    """One trial of the session, from its end to its file.

    begin, end : its samples. label : what sets it apart in a protocol, for the name of its file.
    numbers : provisional ones of each jump, later stages only. why : why it did not end in stillness, or why there is
    no analysis. trial, analysis : once it is ANALYSED. path : once it is KEPT.
    """

    number: int
    begin: int
    end: int
    state: str = CUT
    label: str = ""
    numbers: tuple[Numbers, ...] = ()
    why: str = ""
    trial: Trial | None = None
    analysis: Analysis | None = None
    path: Path | None = None

    @property
    def decided(self) -> bool:
        """Whether it is kept, about to be, or discarded."""
        return self.state in (SAVING, KEPT, DISCARDED)


@dataclass(frozen=True, eq=False)
class Taken:
    """A take is new or has become something else."""

    take: Take


@dataclass(frozen=True)
class Fault:
    """Samples are missing or a device is gone: code of the device, and a sentence with what to do."""

    sample: int
    code: str
    text: str


@dataclass(frozen=True)
class Ended:
    """Nothing more will come; the takes can still be kept."""

    sample: int
    text: str


@dataclass(frozen=True, eq=False)
class Next:
    """Another jump of the protocol is next: its slot, None where the protocol is done, and the rest before it, s."""

    slot: Slot | None
    rest: float


@dataclass(frozen=True)
class RestOver:
    """The athlete has rested."""

    sample: int


@dataclass(frozen=True)
class Reached:
    """The target of the protocol was reached: field and value, SI."""

    sample: int
    field: str
    value: float


Event = (Samples | Changed | Zeroed | Weighed | Warned | Numbers | Taken | Fault | Ended | Next | RestOver | Reached |
         Occurred)  # fmt: skip


@dataclass(frozen=True)
class PlateStatus:
    """How a plate is doing: force now, noise between neighbouring samples (SD), its zero and its range, all N.

    zero : NaN where none was taken.
    """

    plate: str
    force: float
    noise: float
    zero: float
    range: float


# --- connecting ---


def connect(
    what: str | Path, *, folder: str | Path = ".", test: str = "auto", speed: float = 1.0,
    simulated: Mapping[str, Any] | None = None, log: bool = False, apart: bool = False, **options: Any,
) -> Session:  # fmt: skip
    """A session on a rig (name or TOML file), or on a recording that is played again; not started yet.

    folder : where trials are kept. speed : of a replay. simulated : how the simulated athlete of a simulated rig jumps,
    see `simulated.source.sources`. log : write a log into the folder while it runs, so that nothing is lost whatever
    happens to this program. apart : read the devices in a process of their own. options : as `Session` takes them.

    Raises
    ------
    HipdriveError : the rig or the file is not as it should be.
    """
    if Path(what).suffix.lower() in RECORDED:
        return _replayed(Path(what), folder, test, speed, options)
    from hipdrive.hardware import rig as rigs

    rig = rigs.load(what)
    jumper: dict[str, Any] = {}
    if {device.driver for device in rig.devices} == {"simulated"}:
        from hipdrive.acquisition.simulated.athlete import SIMULATED

        jumper = {"test": test if test in SIMULATED else "dj", "lead": LEAD, "jumps": JUMPS, **(simulated or {})}
        if options.get("protocol") is not None:
            from hipdrive import protocol as protocols

            options["protocol"] = walk = protocols.begun(options["protocol"])
            jumper = {"following": [slot.test for slot in walk.slots]}
    place = recovery.beside(Path(folder) / f"session_{datetime.now():%Y-%m-%d_%H-%M-%S}.h5") if log else None
    recorder = Recorder(rig, log=place, apart=apart, options=jumper)
    return Session(recorder, folder=folder, test=test, name=rig.name, **options)


def _replayed(path: Path, folder: str | Path, test: str, speed: float, options: Mapping[str, Any]) -> Session:
    from hipdrive.acquisition.formats.reading import read
    from hipdrive.acquisition.replay import replay

    trial = read(path)
    rig, sources = replay(trial, speed=speed)
    facts = {"athlete": trial.athlete, "box_height": trial.box_height, "mass": trial.mass}
    recorder = Recorder(rig, sources, max(RING_S, trial.duration + 1.0))
    known = trial.test if test == "auto" else test
    return Session(recorder, folder=folder, test=known, name=path.name, tare=trial.tare,
                   **{**{key: value for key, value in facts.items() if value}, **options})  # fmt: skip


class Session:
    """Jumps on the plates of a recorder, one after the other.

    Parameters
    ----------
    recorder : not started yet. folder : where trials are kept; it is made when the first one is. name : what is
    recorded from. test, athlete, box_height, mass : facts of the trials, see `about`. profile : rules of the numbers.
    tare : of plates that were zeroed before. armed : whether jumps become takes from the start. protocol : what is
    jumped in which order, a `protocol.Walk`, a protocol, its file or its name; it then decides on test and box.

    >>> session = connect("simulated", test="dj")
    >>> with session:
    ...     while session.seconds < 0.3:
    ...         events = session.poll()
    ...     session.state, session.takes
    ('empty', ())
    """

    def __init__(
        self, recorder: Recorder, *, folder: str | Path = ".", name: str = "", test: str = "auto", athlete: str = "",
        box_height: float | None = None, mass: float | None = None, profile: str | Path = "hipdrive",
        tare: Sequence[Tare] = (), armed: bool = False, protocol: Walk | Protocol | str | Path | None = None,
    ) -> None:  # fmt: skip
        self.recorder, self.name, self.profile = recorder, name, profile
        self.folder = Path(folder)
        self.armed = armed
        self.test, self.athlete, self.box_height, self.mass = test, athlete, box_height, mass
        self.tare: tuple[Tare, ...] = tuple(tare)
        self._base = tuple(tare)
        self._takes: dict[int, Take] = {}
        self._numbers: dict[int, Numbers] = {}
        self._said: list[Event] = []
        self._work: deque[tuple[int, Future[Take]]] = deque()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="hipdrive-session")
        self._recent: deque[tuple[int, Floats, Floats]] = deque()
        self._last: Floats | None = None
        self._told: dict[str, int] = {}
        self._weighing = self._over = self._closed = self._stood = self._started = False
        self.side, self.arms, self.load = "", False, 0.0
        self.walk: Walk | None = None
        self._resting, self._hit = False, 0
        self.clipped: dict[str, int] = {}
        self._remarked: dict[str, int] = {}
        self._looked = 0
        self._lines = lines_of(recorder.rig)
        self._seen = ""
        if protocol is not None:
            self._begin(protocol)

    # --- life ---

    def __enter__(self) -> Session:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def start(self) -> None:
        """Open the devices and begin to sample.

        Raises
        ------
        UsageError : a device is not there, or cannot do what the rig asks.
        """
        self._worker.submit(_warm)  # the first import of what analyses must not wait for the first jump
        self._begin_log()
        self.recorder.start()
        self.plates, self.rate = self.recorder.plates, self.recorder.rate
        self.live = Live(self.rate, self.plates, self.profile, test=self.test, mass=self.mass)
        self._cursor = self.recorder.cursor(first=True)
        self._zero = np.full(len(self.plates), np.nan)
        self._before = np.zeros(len(self.plates))
        if self._lines is not None:
            self._lines.start()
        self.watch = Watch(self.plates, self.rate)
        self._ends_of = {name: ends_of(one.info) for name, one in self.recorder.streams.items()}
        self._started = True

    def close(self) -> None:
        """Stop sampling, and wait for what is being analysed or written; `poll` says what still happened."""
        if not self._closed:
            self._closed = True
            if self._lines is not None:
                self._lines.close()
            self.recorder.stop()
            if self.recorder.streams:
                self._said = list(self.poll())
            self._worker.shutdown()
            self._results()
            self._end_log()

    def _begin_log(self) -> None:
        """For the log on the disk: from here on the samples belong to a trial with these facts and this zero."""
        log = self.recorder.plan.log
        if log is None:
            return
        with contextlib.suppress(OSError):  # the log itself says what is wrong with the folder
            log.parent.mkdir(parents=True, exist_ok=True)
        self.recorder.begin(tare=self.tare, **self._facts())

    def _end_log(self) -> None:
        """Every jump is in its file or forgotten: the log has done its work. Otherwise it stays."""
        log = self.recorder.plan.log
        if log is None or not all(take.state in (KEPT, DISCARDED) for take in self.takes):
            return
        recovery.remove(log)
        with contextlib.suppress(OSError):
            log.parent.rmdir()  # only if nothing is in it

    def _facts(self) -> dict[str, Any]:
        """What is known of the trials to come."""
        return {name: getattr(self, name) for name in FACTS if getattr(self, name) not in (None, "")}

    # --- looking ---

    @property
    def state(self) -> str:
        """What the detector sees, or OVER."""
        return OVER if self._over else self.live.state

    @property
    def seconds(self) -> float:
        """How much was recorded, s."""
        return self.recorder.seconds

    @property
    def takes(self) -> tuple[Take, ...]:
        """All trials of the session so far, in their order."""
        return tuple(self._takes.values())

    @property
    def undecided(self) -> tuple[Take, ...]:
        """Takes that are neither kept nor discarded."""
        return tuple(take for take in self._takes.values() if not take.decided)

    @property
    def zeroed(self) -> bool:
        """Whether the plates were zeroed, or need no zero here."""
        return bool(self.tare) or self.recorder.rig is None

    @property
    def weight(self) -> float:
        """Weight of the athlete, N, NaN before the weighing."""
        return self.live.weight

    @property
    def stepping_off(self) -> bool:
        """Whether whoever moves stood on the plates before, in a test that begins on the box."""
        return self._stood and self.test in ARRIVE and self.state in (CONTACT, FLIGHT)

    @property
    def weighing(self) -> bool:
        """Whether a weighing was asked for and nobody stood still since."""
        return self._weighing

    def status(self) -> tuple[PlateStatus, ...]:
        """How each plate is doing."""
        if not self._recent:
            return ()
        samples = sum(n for n, _, _ in self._recent)
        mean = np.sum([total for _, total, _ in self._recent], axis=0) / samples
        noise = np.sqrt(0.5 * np.sum([change for _, _, change in self._recent], axis=0) / samples)
        ranges: Mapping[str, float] = {}
        if self.recorder.rig is not None:
            from hipdrive.hardware import plates

            ranges = plates.ranges(self.recorder.rig)
        return tuple(
            PlateStatus(plate, float(mean[i]), float(noise[i]), float(self._zero[i]), ranges.get(plate, np.nan))
            for i, plate in enumerate(self.plates)
        )

    def health(self) -> tuple[Health, ...]:
        """Noise, hum and drift of each plate, see `plate_health`; `clipped` counts samples at the end of a range."""
        return self.watch.health()

    # --- what a coach does ---

    def zero(self) -> None:
        """Zero the empty plates over the next second: Zeroed, or Warned where somebody stands there."""
        if self.recorder.rig is None:
            self._warn("zero_imported")
        elif self.state in (CONTACT, FLIGHT) and sum(one.force for one in self.status()) < self.live.profile.weight_min:
            self._warn("zero_too_soon")
        else:
            self.live.zero()

    def weigh(self) -> None:
        """Weigh whoever stands still next: Weighed, or Warned where somebody is moving."""
        if self.state in (CONTACT, FLIGHT, LANDED, ZEROING):
            self._warn("weigh_moving")
            return
        self.mass = None
        self.live.forget()
        self._weighing = True

    def arm(self) -> None:
        """From now on jumps become takes."""
        self.armed = True

    def disarm(self) -> None:
        """Jumps are shown and not recorded."""
        self.armed = False

    def about(self, **facts: Any) -> None:
        """Other facts for the trials to come, those of `FACTS`. Another athlete or load is another weight.

        Raises
        ------
        UsageError : there is no such fact here.
        """
        for name, value in facts.items():
            if name not in FACTS:
                raise UsageError("fact", f"a session has no fact {name!r}; it has {', '.join(FACTS)}")
            if name in ("athlete", "load") and value != getattr(self, name):
                self.mass = facts.get("mass")
                self.live.forget()
            setattr(self, name, value)
        self.live.test = self.test
        self._begin_log()

    def keep(self, number: int | None = None) -> Take:
        """Write a take, by default the last one that is undecided, into the folder; Taken says when it is there.

        Raises
        ------
        UsageError : there is none.
        """
        take = replace(self._undecided(number, "keep"), state=SAVING)
        self._takes[take.number] = take
        waiting, folder = self._waiting(take.number), self.folder

        def save() -> Take:
            done = take if waiting is None else waiting.result()
            return _saved(done, folder)

        self._submit(take.number, save)
        return take

    def discard(self, number: int | None = None) -> Take:
        """Forget a take, by default the last one that is undecided.

        Raises
        ------
        UsageError : there is none.
        """
        take = replace(self._undecided(number, "discard"), state=DISCARDED, trial=None)
        self._takes[take.number] = take
        self._said.append(Taken(take))
        if self.walk is not None:
            self._go(self.walk.uncounted(take.number))
        return take

    # --- the protocol ---

    def follow(self, protocol: Walk | Protocol | str | Path | None) -> None:
        """Walk through a protocol from now on, or through none.

        Raises
        ------
        UsageError : it cannot be read.
        """
        if protocol is None:
            self.walk = None
        else:
            self._begin(protocol)

    def skip(self) -> None:
        """Leave out the next jump of the protocol."""
        if self.walk is not None:
            self._go(self.walk.skip())

    def back(self) -> None:
        """Go one jump of the protocol back."""
        if self.walk is not None:
            self._go(self.walk.back())

    def repeat(self) -> None:
        """Do the last jump of the protocol once more; the one that was done does not count."""
        if self.walk is not None:
            self._go(self.walk.repeat())

    @property
    def rest_left(self) -> float:
        """Rest that is left before the next jump of the protocol, s."""
        return self.walk.rest_left(self.seconds) if self.walk is not None and self._started else 0.0

    def _begin(self, protocol: Walk | Protocol | str | Path) -> None:
        from hipdrive.protocol import begun

        self.walk = None
        self._go(begun(protocol))

    def _go(self, walk: Walk) -> None:
        """Another place in the protocol, and what follows from it for the trials to come."""
        before, self.walk = self.walk, walk
        self._resting = self.rest_left > 0.0
        if before is not None and (before.at, before.over) == (walk.at, walk.over):
            return
        if not walk.over:
            facts = walk.slot.facts
            other = walk.slot.load != self.load
            self.mass = None if other else self.mass
            for name, value in facts.items():
                setattr(self, name, value)
            if self._started:
                self.live.test = self.test
                if other:
                    self.live.forget()
                self._begin_log()
        self._said.append(Next(None if walk.over else walk.slot, self.rest_left))

    def _walked(self, take: Take) -> None:
        """A jump was done."""
        assert self.walk is not None
        # what came too early is said; landing and standing still belong to the jump, not to the rest
        early = self.walk.rest_left(take.begin / self.rate)
        if early >= 1.0 and not self.walk.over:
            self._said.append(Warned(take.end, "rest_short", SAYS["rest_short"].format(early)))
        self._go(self.walk.jumped(take.number, take.end / self.rate))

    def _rested(self) -> None:
        if self._resting and self.rest_left <= 0.0:
            self._resting = False
            self._said.append(RestOver(self.live.sample))

    def _aim(self, one: Numbers) -> None:
        """Whether the target of the protocol is reached, once a jump."""
        target = None if self.walk is None or self.walk.over else self.walk.slot.target
        if target is None or self._hit == one.jump or target.field not in one.values:
            return
        value = one.values[target.field].value
        if np.isfinite(value) and target.reached(value):
            self._hit = one.jump
            self._said.append(Reached(one.sample, target.field, value))

    def _undecided(self, number: int | None, what: str) -> Take:
        found = [take for take in self.undecided if number in (None, take.number)]
        if not found:
            raise UsageError("no_take", f"there is no jump to {what}; jump first" if number is None else
                             f"jump {number} is not there to {what}, or decided already")  # fmt: skip
        return found[-1]

    # --- what is due ---

    def poll(self) -> tuple[Event, ...]:
        """Take the new samples and whatever is done beside; what happened, in order. Never waits."""
        ending = self.recorder.finished.is_set()  # look first, then fetch: so the last samples are seen, too
        while not self._over:
            chunk = self._cursor.new()
            if not chunk.samples and not chunk.lost:
                break
            self._take(chunk)
        self._faults()
        self._rested()
        if ending and not self._over:
            self._end()
        self._results()
        said, self._said = tuple(self._said), []
        return self._occasions(said)

    def _occasions(self, said: tuple[Event, ...]) -> tuple[Event, ...]:
        """What happened with the occasions among it, which the rig's digital lines follow."""
        found: list[Occurred] = []
        for one in said:
            match one:
                case Changed():
                    found += of_state(one.sample, self._seen, one.state)
                    self._seen = one.state
                case RestOver():
                    found.append(Occurred(one.sample, REST_OVER))
                case Reached():
                    found.append(Occurred(one.sample, TARGET))
                case Fault() | Warned(code="clipped"):
                    found.append(Occurred(one.sample, FAULT))
                case _:
                    pass
        if self._lines is not None:
            for occasion in found:
                self._lines.occurred(occasion.name, occasion.active)
            said += tuple(Warned(self.live.sample, "output", told) for told in self._lines.faults())
        return (*said, *found)

    def settle(self) -> tuple[Event, ...]:
        """Wait for all that is being analysed or written, then poll: for scripts and tests."""
        wait([future for _, future in self._work])
        return self.poll()

    def _take(self, chunk: Chunk) -> None:
        force = self.recorder.newtons(chunk, self._base)
        if self._base and not self.live.sample and chunk.samples:
            # a zero shifts a plate's force by the same amount whatever is on it
            self._zero = self._before = (self.recorder.newtons(chunk) - force)[:, 0]
        if chunk.lost and not self._gap_between(self.live.sample, chunk.first_sample):
            self._said.append(Fault(chunk.first_sample, "overrun", SAYS["overrun"]))
        if chunk.samples:
            zeroed = force - self.live.offsets[:, np.newaxis]
            self._said.append(Samples(chunk.first_sample, zeroed))
            self._look(zeroed)
            self._care(chunk, zeroed)
        for one in self.live.feed(force, chunk.first_sample):
            self._hear(one)
        if self._weighing and self.live.state == ARMED and np.isfinite(self.live.weight):
            self._weighing = False
            self.mass = self.live.weight / self.live.profile.g
            self._said.append(Weighed(self.live.sample, self.live.weight, np.nan))

    def _look(self, force: Floats) -> None:
        """For the status: sums of the last quarter second."""
        joined = force if self._last is None else np.concatenate([self._last, force], axis=1)
        change = np.diff(joined, axis=1)
        self._last = force[:, -1:]
        self._recent.append((force.shape[1], force.sum(axis=1), (change * change).sum(axis=1)))
        while len(self._recent) > 1 and sum(n for n, _, _ in self._recent) - self._recent[0][0] > RECENT * self.rate:
            self._recent.popleft()

    def _care(self, chunk: Chunk, force: Floats) -> None:
        """Watch the plates: inputs at the end of their range at once, drift once a second."""
        self.watch.add(force, chunk.first_sample)
        for device, counts in chunk.counts.items():
            for role, samples in self._ends_of[device].reached(counts).items():
                self.clipped[role] = self.clipped.get(role, 0) + samples
                if samples > 1:  # a single sample can be a spark
                    plate, _, channel = role.partition(".")
                    self._remark(f"clipped {role}", at_the_end(plate, f"channel {channel or role}"))
        sample = chunk.first_sample + chunk.samples
        if sample - self._looked >= self.rate:
            self._looked = sample
            for i, plate in enumerate(self.plates):
                drift = self.watch.drift(i)
                if drift.certain:
                    self._remark(f"drift {plate}", drifting(plate, drift))

    def _remark(self, key: str, one: Remark) -> None:
        """Say something about a plate, but not all the time."""
        now = self.live.sample
        if now - self._remarked.get(key, -math.inf) >= TOLD_AGAIN * self.rate:
            self._remarked[key] = now
            self._said.append(Warned(now, one.code, f"plate {one.plate}: {one.message}; {one.remedy}"))

    def _hear(self, one: Said) -> None:
        """What the detector says, and what follows from it."""
        if isinstance(one, Closed):
            self._close(one.begin, one.end, one.jumps, one.why)
            return
        if isinstance(one, Changed):
            self._stood = one.state == ARMED or (self._stood and one.state in (CONTACT, FLIGHT))
        elif isinstance(one, Numbers):
            self._numbers[one.jump] = one
            self._aim(one)
        elif isinstance(one, Zeroed):
            self._zeroed(one)
        elif isinstance(one, Weighed) and self._weighing:
            self._weighing = False
            self.mass = one.weight / self.live.profile.g
        self._said.append(one)

    def _zeroed(self, one: Zeroed) -> None:
        """The same second in the channels' own units, for the trial files."""
        try:
            self.tare = self.recorder.measure(min(ZERO_TIME, one.sample / self.rate), until=one.sample)
        except UsageError as why:
            self._said.append(Warned(one.sample, why.code, str(why)))
            return
        self._zero = np.array(one.levels) + self._before
        self._recent.clear()
        self._begin_log()
        self.watch.zeroed()

    def _close(self, begin: int, end: int, jumps: int, why: str) -> None:
        """A trial is complete: cut it out and analyse it beside."""
        numbers = tuple(one for one in self._numbers.values() if one.stage != "takeoff")
        self._numbers.clear()
        if not jumps:
            return
        if not self.armed:
            self._warn("not_armed")
            return
        label = "" if self.walk is None or self.walk.over else self.walk.slot.label
        take = Take(number=len(self._takes) + 1, begin=max(begin, 0), end=end, numbers=numbers, why=why, label=label)
        self._takes[take.number] = take
        self._said.append(Taken(take))
        kept = self._facts()
        if self.walk is not None:
            self._walked(take)
        recorder, tare, profile = self.recorder, self.tare, self.profile
        self._submit(take.number, lambda: _analysed(take, recorder, tare, kept, profile))

    def _submit(self, number: int, work: Callable[[], Take]) -> None:
        self._work.append((number, self._worker.submit(work)))

    def _waiting(self, number: int) -> Future[Take] | None:
        """What is still being done for a take."""
        return next((future for which, future in reversed(self._work) if which == number), None)

    def _results(self) -> None:
        """What the thread beside has finished, in its order."""
        while self._work and self._work[0][1].done():
            number, future = self._work.popleft()
            before = self._takes[number]
            try:
                take = future.result()
            except HipdriveError as why:  # the jump is not lost: it can be kept again, elsewhere
                self._said.append(Warned(self.live.sample, why.code, str(why)))
                take = replace(before, state=ANALYSED, why=before.why if before.trial is not None else str(why))
            if before.state == DISCARDED:
                continue
            if before.state == SAVING and take.state == ANALYSED and self._waiting(number) is not None:
                take = replace(take, state=SAVING)
            self._takes[number] = take
            self._said.append(Taken(take))
            if self.walk is not None and _useless(before, take):
                self._said.append(Warned(self.live.sample, "not_counted", SAYS["not_counted"]))
                self._go(self.walk.uncounted(number))

    # --- what goes wrong ---

    def _gap_between(self, begin: int, end: int) -> bool:
        """Whether a device has a gap that begins between two samples, which then explains the missing ones."""
        times = [gap.first_sample / one.info.rate for one in self.recorder.streams.values() for gap in one.gaps]
        return any(begin - 1.5 <= time * self.rate <= end for time in times)

    def _faults(self) -> None:
        """Gaps that nobody was told of yet."""
        for name, one in self.recorder.streams.items():
            gaps = one.gaps
            for gap in gaps[self._told.get(name, 0) :]:
                self._said.append(Fault(gap.first_sample, gap.code, gap.text))
            self._told[name] = len(gaps)

    def _end(self) -> None:
        """The devices are done; a jump that has landed is a trial all the same."""
        sample = self.live.sample
        gaps = [gap for one in self.recorder.streams.values() for gap in one.gaps]
        for one in self.live.feed(np.empty((len(self.plates), 0)), sample + 1):
            if isinstance(one, Closed):
                # one sample further, the gap that broke it off belongs to the trial
                self._close(one.begin, min(one.end, sample) + bool(gaps), one.jumps, SAYS["cut_short"])
        self._over = True
        self._said.append(Changed(sample, OVER))
        self._said.append(Ended(sample, gaps[-1].text if gaps else SAYS["ended"]))

    def _warn(self, code: str) -> None:
        self._said.append(Warned(self.live.sample, code, SAYS[code]))


# --- beside ---


def _warm() -> None:
    """Load what the first analysis would load."""
    from hipdrive.acquisition.simulated.athlete import simulate
    from hipdrive.analysis.analyse import analyse

    analyse(simulate("cmj", seed=0))
    spectrum(np.zeros(64), 64.0)


def _analysed(
    take: Take, recorder: Recorder, tare: Sequence[Tare], facts: Mapping[str, Any], profile: str | Path
) -> Take:
    """The trial cut out, and its numbers."""
    from hipdrive.analysis.analyse import analyse

    trial = recorder.cut(take.begin, take.end, tare=tare, **facts)
    try:
        analysis = analyse(trial, profile=profile)
    except Exception as why:  # a defect of ours must not lose a jump: it can be kept all the same
        told = str(why) if isinstance(why, HipdriveError) else f"the analysis failed ({type(why).__name__}: {why})"
        return replace(take, state=ANALYSED, trial=trial, why=told)
    return replace(take, state=ANALYSED, trial=trial, analysis=analysis)


def _useless(before: Take, take: Take) -> bool:
    """Whether a take has just been found to hold no numbers."""
    refused = take.analysis is None or take.analysis.status == REFUSED
    return before.state == CUT and take.state == ANALYSED and refused


def _saved(take: Take, folder: Path) -> Take:
    """The take in a file of its own.

    Raises
    ------
    HipdriveError : it cannot be written.
    """
    from hipdrive import store
    from hipdrive.errors import StoreError

    if take.trial is None:
        raise UsageError("no_take", f"jump {take.number} cannot be kept: {take.why or 'it has no samples'}")
    test = take.analysis.test if take.analysis is not None else take.trial.test
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _reserved(folder, _file_name(take, take.trial.athlete, test))
    except OSError as error:
        raise StoreError("cannot_write", f"{folder}: the jump cannot be kept there ({error.strerror or error}); choose "
                         "another folder and keep it again") from None  # fmt: skip
    try:
        store.save(path, take.trial, take.analysis)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return replace(take, state=KEPT, path=path, trial=take.trial.with_facts(file=str(path)))


def _file_name(take: Take, athlete: str, test: str) -> str:
    """When, who, what and which: `2026-11-20_15-03-16_a1_dj_02`."""
    assert take.trial is not None
    when = datetime.now()
    with contextlib.suppress(ValueError):
        when = datetime.fromisoformat(take.trial.created).astimezone()
    who = re.sub(r"[^\w.-]+", "-", athlete).strip("-._")[:40]
    parts = (when.strftime("%Y-%m-%d_%H-%M-%S"), who, test, take.label, f"{take.number:02d}")
    return "_".join(filter(None, parts))


def _reserved(folder: Path, name: str) -> Path:
    """A new, empty file of that name, so that nobody else takes it; with a number where it is taken."""
    for number in range(1, 1000):
        path = folder / (f"{name}.h5" if number == 1 else f"{name}-{number}.h5")
        try:
            path.open("x").close()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, "too many files of this name")


# --- what the athlete shall do next, as a coach says it ---

READY = {"dj": "Up on the box, then drop and jump", "sj": "Squat, hold, jump", "cmj": "Ready: jump",
         "landing": "Up on the box, then drop and stand"}  # fmt: skip
ARRIVE = {"dj": "Up on the box, then drop onto the plates and jump",
          "landing": "Up on the box, then drop onto the plates and stand"}  # fmt: skip
DOING = {ZEROING: "Zeroing: stay off the plates", CONTACT: "Jump!", FLIGHT: "In the air",
         LANDED: "Stand still", CLOSED: "Good. Stand still", WEIGHING: "Stand still",
         LOST: "Waiting for samples", OVER: "The recording is over"}  # fmt: skip


def advice(session: Session) -> str:
    """One short line for the athlete."""
    state = session.state
    if session.walk is not None and state in (EMPTY, ARMED) and session.armed and not session.weighing:
        if session.walk.over:
            return "The protocol is done"
        if session.rest_left > 0.0:
            from hipdrive.protocol import clock

            return f"Rest {clock(session.rest_left)}"
    if session.weighing and state in (EMPTY, ARMED):
        return "Step on and stand still" if state == EMPTY else "Stand still"
    if state == EMPTY:
        if not session.zeroed and not session.takes:
            return "Keep off the plates and zero them"
        return ARRIVE.get(session.test, "Step on and stand still") if session.armed else "Press Start"
    if state == ARMED or session.stepping_off:
        return READY.get(session.test, "Ready: jump") if session.armed else "Press Start"
    return DOING[state]
