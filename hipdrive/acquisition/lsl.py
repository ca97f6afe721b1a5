"""Streams of the Lab Streaming Layer, in and out, through pylsl: the only module that imports it.

In: every sample keeps the stamp that its sender gave it, shifted to the LSL clock of this computer once, at opening;
nothing is smoothed or resampled, and a stream that ends is an end, not something to wait for. Out: forces in newtons
while they are recorded, and what happens as text, from a thread of its own that a recording never waits for.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition.source import Found, SourceLost
from hipdrive.acquisition.stampedsource import StampedSource, Watch, described
from hipdrive.errors import UsageError

if TYPE_CHECKING:
    from hipdrive.acquisition.recorder import Recorder
    from hipdrive.hardware.devices import Channel, Device
    from hipdrive.trial import Tare

CONNECT_S, SECOND_S, LOOK_S = 5.0, 0.3, 1.0
"""s: to connect; to look for a second stream of the same name; to look for any."""

BACK_S = 0.1
"""s by which stamps may go back: chunks that overlap a little, because their sender stamped them late and early."""

OFF_RATE = 1e-3
"""Of rate_hz: a stream that says another rate is another stream."""

LONGEST_NAME = 100
"""Characters of a stream's name."""

MOST = 4096
"""Samples fetched at a time."""

UNITS = {
    "N": ("n", "newton", "newtons"), "kN": ("kn", "kilonewton", "kilonewtons"), "N*m": ("n*m", "nm", "n.m", "n·m"),
    "kg": ("kg", "kgf", "kilogram", "kilograms"), "g": ("g", "gf", "gram", "grams"),
    "lb": ("lb", "lbs", "lbf", "pound", "pounds"), "V": ("v", "volt", "volts"),
}  # fmt: skip
"""Our name of a unit -> what streams call it."""

NUMBERS = {1: np.float32, 2: np.float64, 4: np.int32, 5: np.int16, 6: np.int8, 7: np.int64}
KEPT = {4: np.int32, 5: np.int16, 6: np.int16}
"""LSL's channel format -> type on the wire, and in the trial (float64 where it is not here: it holds them all)."""


def ready(name: str) -> None:
    """Refuse a stream of that name before anything is recorded. Errors as of `publish`."""
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise UsageError(
            "stream_name", f"LSL: {name[:20]!r} is no name for a stream; give some letters, for example lab"
        )
    _pylsl()


def _pylsl() -> Any:
    """Pylsl.

    Raises
    ------
    UsageError : it is not installed, or its library is missing.
    """
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError) as error:
        said = (" ".join(str(error).split()) or type(error).__name__)[:80].rstrip(".")
        remedy = "install liblsl from github.com/sccn/liblsl/releases, or `conda install -c conda-forge liblsl`"
        raise UsageError("no_liblsl", f"LSL: its library cannot be loaded ({said}); {remedy}") from None
    _quieten(pylsl)
    return pylsl


@cache
def _quieten(pylsl: Any) -> None:
    """Let the library write only warnings to the terminal, unless somebody has configured it."""
    named = os.environ.get("LSLAPICFG")
    places = [Path("lsl_api.cfg"), Path.home() / "lsl_api" / "lsl_api.cfg", Path("/etc/lsl_api/lsl_api.cfg")]
    if not named and not any(path.exists() for path in places) and hasattr(pylsl, "set_config_content"):
        with contextlib.suppress(Exception):  # an older library cannot, and goes on talking
            pylsl.set_config_content("[log]\nlevel = -1\n")


class LslSource(StampedSource):
    """One LSL stream as a `Source` (see `source.Source`)."""

    def __init__(self, device: Device, channels: Sequence[Channel]) -> None:
        super().__init__()
        self.device, self.channels = device, tuple(channels)
        self.info = described(device, self.channels)
        self.where = f"{device.id} ({device.name})"
        self._inlet: Any = None
        self._buffer = np.empty((0, 0))
        self._columns: list[int] = []
        self._regular, self._correction = True, 0.0

    def __repr__(self) -> str:
        """For error messages and the debugger."""
        return f"LslSource({self.device.id!r}, {self.device.name!r})"

    def open(self) -> None:
        """Find the stream and ask it what it is.

        Raises
        ------
        UsageError : no such stream, several, or it is not what the rig says.
        """
        pylsl = _pylsl()
        found = self._find(pylsl)
        form = found.channel_format()
        if form not in NUMBERS:
            raise UsageError("stream", f"{self.where}: this stream sends text, no numbers; name another one")
        seconds = max(1, math.ceil(self.device.buffer_s))
        self._inlet = pylsl.StreamInlet(found, max_buflen=seconds, recover=False)
        try:
            told = self._inlet.info(timeout=CONNECT_S)
            self._correction = float(self._inlet.time_correction(timeout=CONNECT_S))
            described = _described(told)
            self._columns = [self._column(one, described, told.channel_count()) for one in self.channels]
            rate = self._rate(float(told.nominal_srate()))
        except RuntimeError as error:  # all errors of pylsl are
            self.close()
            raise UsageError("stream", f"{self.where}: the stream does not answer ({type(error).__name__}); restart "
                             "the program that sends it, and check the firewall") from None  # fmt: skip
        except BaseException:
            self.close()
            raise
        kept = KEPT.get(form)
        self._buffer = np.empty((MOST, told.channel_count()), NUMBERS[form])
        self.info = replace(
            self.info, rate=rate, dtype=kept or np.float64,
            scaling=None if kept is None else np.tile([0.0, 1.0, 0.0, 0.0], (len(self.channels), 1)),
            identity=MappingProxyType({
                "driver": "lsl", "name": told.name(), "type": told.type(), "source_id": told.source_id(),
                "host": told.hostname(), "uid": told.uid(), "driver_version": str(pylsl.library_version()),
                "client_version": pylsl.__version__, "time_correction_s": self._correction, "stamps": "sender",
            }),
        )  # fmt: skip

    def _find(self, pylsl: Any) -> Any:
        """The only stream that is meant."""
        stream = self.device.stream
        wanted = {"name": self.device.name}
        if stream is not None:
            wanted |= {key: value for key in ("type", "source_id") if (value := getattr(stream, key)) is not None}
        terms = []
        for key, value in wanted.items():
            if "'" in value and '"' in value:
                raise UsageError("stream", f"{self.where}: no stream can be asked for by a {key} with both kinds of "
                                 "quotation marks; name it otherwise")  # fmt: skip
            terms.append(f'{key}="{value}"' if "'" in value else f"{key}='{value}'")
        asked = " and ".join(terms)
        found = pylsl.resolve_bypred(asked, 1, 3.0 if stream is None else stream.wait_s)
        if not found:
            raise UsageError("stream", f"{self.where}: there is no LSL stream with {asked}; start the program that "
                             "sends it, `hipdrive sources` lists the streams")  # fmt: skip
        several = {one.uid(): one for one in pylsl.resolve_bypred(asked, 2, SECOND_S) or found}
        if len(several) > 1:
            ids = ", ".join(sorted(one.source_id() or "none" for one in several.values()))
            raise UsageError("stream", f"{self.where}: {len(several)} LSL streams have {asked}; give "
                             f"stream = {{ source_id = ... }}, one of {ids}")  # fmt: skip
        return next(iter(several.values()))

    def _column(self, one: Channel, described: Sequence[tuple[str, str]], count: int) -> int:
        """Which channel of the stream one of the rig is, by label or by place."""
        labels = [label.lower() for label, _ in described]
        name = one.terminal.lower()
        if labels.count(name) == 1:
            place = labels.index(name)
        elif name.isdecimal() and 1 <= int(name) <= count:
            place = int(name) - 1
        else:
            known = ", ".join(label for label, _ in described if label) or f"1 to {count}"
            raise UsageError("column", f"{self.where}: the stream has no channel {one.terminal!r}; it has {known}")
        unit = described[place][1].strip().lower() if place < len(described) else ""
        said = next((ours for ours, theirs in UNITS.items() if unit in theirs), None)
        if said is not None and said != one.unit:
            raise UsageError("unit", f"{self.where}: channel {one.terminal} of the stream is in {said}, and the rig "
                             f"file says {one.unit}; correct `unit`")  # fmt: skip
        return place

    def _rate(self, nominal: float) -> float:
        """The rate that the stream says, or the rig's where it says none."""
        said = float(self.device.rate_hz)
        self._regular = nominal > 0.0
        if self._regular and abs(nominal - said) > OFF_RATE * said:
            raise UsageError("rate", f"{self.where}: the stream says {nominal:g} Hz, and the rig file {said:g}; "
                             "correct rate_hz")  # fmt: skip
        return nominal if self._regular else said

    def start(self) -> None:
        """Let samples come from now on.

        Raises
        ------
        UsageError : the stream does not answer.
        """
        try:
            self._inlet.open_stream(timeout=CONNECT_S)
        except RuntimeError as error:
            raise UsageError("stream", f"{self.where}: the stream does not start ({type(error).__name__}); restart the "
                             "program that sends it") from None  # fmt: skip
        self._stopped.clear()
        self._clear(Watch(self.info.rate, back=BACK_S) if self._regular else None)

    def _fetch(self, timeout: float) -> None:
        """What came; waits for a block at most."""
        wanted = min(self.info.block, MOST)
        while True:
            try:
                _, times = self._inlet.pull_chunk(timeout=timeout, max_samples=wanted, dest_obj=self._buffer)
            except RuntimeError as error:
                raise SourceLost("lost", f"{self.where}: the stream is gone ({type(error).__name__}); start the "
                                 "program that sends it again, and check the network") from None  # fmt: skip
            if not len(times):
                return
            stamps = np.array(times, dtype=np.float64) + self._correction
            values = np.array(self._buffer[: len(stamps)][:, self._columns], dtype=self.info.dtype)
            whole = np.isfinite(stamps) & np.isfinite(values).all(axis=1)  # a NaN is a sample that the sender lost
            broken = (np.cumsum(whole)[~whole]).tolist() if not self._regular else ()
            self._put(values[whole], stamps[whole], broken)
            if len(times) < wanted or wanted == MOST:
                return
            timeout, wanted = 0.0, MOST

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of the stream."""
        inlet, self._inlet = self._inlet, None
        if inlet is not None:
            with contextlib.suppress(Exception):
                inlet.close_stream()
        del inlet  # which ends its threads


def _described(info: Any) -> list[tuple[str, str]]:
    """Label and unit of each channel as the stream describes them, perhaps of none."""
    found: list[tuple[str, str]] = []
    channel = info.desc().child("channels").child("channel")
    while not channel.empty() and len(found) < info.channel_count():
        found.append((channel.child_value("label").strip(), channel.child_value("unit").strip()))
        channel = channel.next_sibling("channel")
    return found


def find() -> tuple[Found, ...]:
    """The LSL streams that are heard within a second.

    Raises
    ------
    UsageError : there is no LSL.
    """
    streams = {one.uid(): one for one in _pylsl().resolve_streams(LOOK_S)}
    return tuple(sorted((_found(one) for one in streams.values()), key=lambda one: (one.name, one.detail)))


def _found(one: Any) -> Found:
    number, rate = one.channel_count(), one.nominal_srate()
    facts = [f"LSL, {number} channel{'s' * (number != 1)}", f"{rate:g} Hz" if rate else "no regular rate",
             f"from {one.hostname()}", *([f'source_id = "{one.source_id()}"'] if one.source_id() else [])]  # fmt: skip
    ready = one.channel_format() in NUMBERS
    text = ", ".join(facts) if ready else "LSL, text and no numbers: it cannot be recorded from"
    return Found(driver="lsl", name=one.name(), product=one.type(), detail=text, ready=ready)


# --- out ---

PUBLISH_S, SETTLE_S, REMEMBER_S, SLEW = 0.02, 0.5, 10.0, 1e-4
"""s between looks for new samples; until the time of the first sample is known; in which it is looked for again; and
how fast it may follow, s in a second."""


class SampleClock:
    """When samples were taken, on this computer's clock, from when they were there: never too early, at best at once.

    >>> clock = SampleClock(1000.0)
    >>> for seconds, late in ((0.1, 0.020), (0.2, 0.003), (0.3, 0.015)):
    ...     clock.heard(1000 * seconds, 50.0 + seconds + late)
    >>> round(clock.time(100), 6)
    50.103
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._heard: deque[tuple[float, float]] = deque()
        self._zero = self._began = self._then = math.nan

    @property
    def settled(self) -> bool:
        """Whether enough was heard."""
        return self._then - self._began >= SETTLE_S

    def heard(self, samples: float, now: float) -> None:
        """So many samples are there now, s."""
        zero = now - samples / self.rate
        if math.isnan(self._zero):
            self._zero, self._began, self._then = zero, now, now
        self._heard.append((now, zero))
        while self._heard[0][0] < now - REMEMBER_S:
            self._heard.popleft()
        aim = min(one for _, one in self._heard)
        most = math.inf if not self.settled else SLEW * (now - self._then)
        self._zero += min(max(aim - self._zero, -most), most)
        self._then = now

    def time(self, sample: float) -> float:
        """When a sample was taken."""
        return self._zero + sample / self.rate


class LslOutlet:
    """Forces of plates as an LSL stream of type Force, N, and what happens as one of type Markers, JSON.

    labels : of the channels. rate : Hz.

    Raises
    ------
    UsageError : there is no LSL.
    """

    def __init__(self, name: str, labels: Sequence[str], rate: float) -> None:
        pylsl = _pylsl()
        who = f"hipdrive-{socket.gethostname()}-{name}"
        info = pylsl.StreamInfo(name, "Force", len(labels), rate, "double64", who)
        info.desc().append_child_value("manufacturer", "hipdrive")
        channels = info.desc().append_child("channels")
        for label in labels:
            one = channels.append_child("channel")
            for key, value in (("label", label), ("unit", "N"), ("type", "Force")):
                one.append_child_value(key, value)
        self._forces = pylsl.StreamOutlet(info, 0, 60)
        marks = pylsl.StreamInfo(f"{name}-events", "Markers", 1, 0.0, "string", f"{who}-events")
        self._marks = pylsl.StreamOutlet(marks)
        self.now = pylsl.local_clock
        self._rate = rate

    def push(self, force: np.ndarray[Any, Any], first: float) -> None:
        """Forces, shape (plates, n), N, the first of which was taken at a time of the LSL clock, s."""
        rows = np.ascontiguousarray(force.T, dtype=np.float64)
        if len(rows):
            self._forces.push_chunk(rows, first + (len(rows) - 1) / self._rate)  # the stamp is the last one's

    def say(self, event: str, when: float, numbers: Mapping[str, object]) -> None:
        """Something that happened at a time of the LSL clock, s."""
        known = {key: None if isinstance(value, float) and not math.isfinite(value) else value
                 for key, value in numbers.items()}  # fmt: skip
        self._marks.push_sample([json.dumps({"event": event, **known}, ensure_ascii=False, default=str)], when)

    def watched(self) -> bool:
        """Whether anybody receives the forces."""
        return bool(self._forces.have_consumers())


class Publisher(threading.Thread):
    """Sends what a recorder records, until it ends or `close`; what goes wrong is a line in the recorder's log."""

    def __init__(self, recorder: Recorder, name: str, tare: Sequence[Tare] = ()) -> None:
        super().__init__(name=f"hipdrive-lsl-{name}", daemon=True)
        self.recorder, self.tare = recorder, tuple(tare)
        self.clock = SampleClock(recorder.rate)
        self.outlet = LslOutlet(name, recorder.plates, recorder.rate)
        self._cursor = recorder.cursor()
        self._over = threading.Event()
        self._said: deque[tuple[str, float, Mapping[str, object]]] = deque(maxlen=1000)

    def say(self, event: str, seconds: float, **numbers: object) -> None:
        """Tell of something: touchdown, takeoff, rsi ... `seconds` of the recording after its first sample."""
        self._said.append((event, seconds, numbers))

    def close(self) -> None:
        """Send what is there, and end."""
        self._over.set()
        if self.ident is not None:
            self.join(2.0)

    def run(self) -> None:
        """Everything the thread does."""
        try:
            self._send_all()
        except Exception as error:
            said = f"the LSL stream has ended ({type(error).__name__}: {error}); the recording goes on"
            self.recorder.log("lsl_failed", said)

    def _send_all(self) -> None:
        waiting: list[tuple[int, Any]] = []
        over = False
        while not over:
            over = self._over.wait(PUBLISH_S) or self.recorder.finished.is_set()  # look first, then fetch
            chunk = self._cursor.new()
            if chunk.samples:
                self.clock.heard(chunk.first_sample + chunk.samples, self.outlet.now())
                waiting.append((chunk.first_sample, self.recorder.newtons(chunk, self.tare)))
            if self.clock.settled or over:
                for first, force in waiting:
                    self.outlet.push(force, self.clock.time(first))
                waiting.clear()
                while self._said:
                    event, seconds, numbers = self._said.popleft()
                    self.outlet.say(event, self.clock.time(seconds * self.recorder.rate), numbers)


def publish(recorder: Recorder, name: str, tare: Sequence[Tare] = ()) -> Publisher:
    """Send the forces of a running recorder as the LSL stream `name` (tare: what empty plates read).

    `say` of the answer tells of events on the stream `name-events`; `close` ends both.

    Raises
    ------
    UsageError : there is no LSL, or this is no name.
    """
    ready(name)
    publisher = Publisher(recorder, name, tare)
    publisher.start()
    return publisher
