"""Load-cell boards at a serial port, through pyserial: the only module that imports it.

It is not called `serial`: with the link `acquisition/` at the root of the repository, a script that is run in there
would import this file in place of pyserial.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition.serialprotocols import SPEECHES, Chronojump, Parsed, Parser
from hipdrive.acquisition.source import Found, SourceLost
from hipdrive.acquisition.stamped import FEWEST, Floats, interval
from hipdrive.acquisition.stampedsource import StampedSource, Watch, described
from hipdrive.errors import UsageError
from hipdrive.trial import Edges

if TYPE_CHECKING:
    from hipdrive.hardware.devices import Channel, Device

LISTEN_S = 0.02
"""s that the port waits for a byte before we look whether to stop."""

GATHER_S = 0.005
"""s at most, a quarter of a block, until what comes with a first byte is read with it: not byte by byte."""

FIRST_S, GARBLED_S = 3.0, 1.0
"""s until the first samples have to be there; s of bytes without a sample after which they are none."""

EDGE_HZ = 1e6
"""Ticks a second in which edges are told: the board's µs."""

MOST = 1 << 16
"""Bytes fetched at a time."""

OFF_RATE = 0.3
"""Of rate_hz: a board that is farther away from it is another one."""

BOARDS = {
    0x0403: "FTDI (Chronojump, many boards)", 0x10C4: "Silicon Labs CP210x (ESP32, many boards)",
    0x16C0: "Teensy", 0x1A86: "CH340 (Arduino clones)", 0x1B4F: "SparkFun", 0x2341: "Arduino", 0x239A: "Adafruit",
    0x2A03: "Arduino", 0x2E8A: "Raspberry Pi Pico", 0x303A: "Espressif", 0x067B: "Prolific PL2303",
}  # fmt: skip
"""USB vendor -> what it usually is."""


class SerialSource(StampedSource):
    """A board at a serial port as a `Source` (see `source.Source`).

    port : makes an open port in place of the device's own (`read`, `write`, `in_waiting`, `close`), for tests and for
    transports that pyserial does not know.
    """

    def __init__(self, device: Device, channels: Sequence[Channel], *, port: Callable[[], Any] | None = None) -> None:
        super().__init__()
        assert device.board is not None
        self.device, self.channels, self._make = device, tuple(channels), port
        self.info = described(device, self.channels)
        self.where = f"{device.id} ({device.name})"
        self._speech = SPEECHES[device.board.protocol](device.board, self.info.rate)
        self._port: Any = None
        self._parser: Parser | None = None
        self._left, self._columns = b"", [0]
        self._marks: list[float] = []
        self._zero: float | None = None
        self._heard = self._sampled = 0.0

    def __repr__(self) -> str:
        """For error messages and the debugger."""
        return f"SerialSource({self.device.id!r}, {self.device.name!r})"

    def open(self) -> None:
        """Open the port and ask the board what it is.

        Raises
        ------
        UsageError : no such port, another program has it, or another board is there.
        """
        board = self.device.board
        assert board is not None
        facts: dict[str, str] = {}
        if self._make is None:
            self._port, facts = open_port(self.device, self.where)
        else:
            self._port = self._make()
        try:
            with self._told("open"):
                facts |= self._speech.hello(self, self.where)
            self._columns = [self._column(one) for one in self.channels]
            unit = self._speech.unit
            if unit is not None and unit != self.device.unit:
                raise UsageError("unit", f"{self.where}: this board sends {unit}, and the rig file says "
                                 f"{self.device.unit}; correct `unit`")  # fmt: skip
        except BaseException:
            self.close()
            raise
        whole = self._speech.kind.kind == "i"
        stamps = "arrival" if board.protocol != "chronojump" and "stamp" not in board.columns else "board"
        facts = {"driver": "serial", "name": self.device.name, "protocol": board.protocol, "baud": str(board.baud),
                 "stamps": stamps, **facts}  # fmt: skip
        scaling = np.tile([0.0, 1.0, 0.0, 0.0], (len(self.channels), 1)) if whole else None
        self.info = replace(self.info, dtype=self._speech.kind.type, identity=MappingProxyType(facts), scaling=scaling)

    def _column(self, one: Channel) -> int:
        names = [name.lower() for name in self._speech.names]
        if one.terminal.lower() not in names:
            raise UsageError("column", f"{self.where}: the board has no column {one.terminal!r}; it has "
                             f"{', '.join(self._speech.names)}")  # fmt: skip
        return names.index(one.terminal.lower())

    def tare(self) -> None:
        """Let a Chronojump sensor zero itself, between `open` and `start`.

        Raises
        ------
        UsageError : it does not, or this is no such sensor.
        """
        if not isinstance(self._speech, Chronojump):
            raise UsageError("tare", f"{self.where}: only Chronojump sensors zero themselves; zero the plate instead")
        with self._told("zero"):
            self._speech.tare(self, self.where)

    def start(self) -> None:
        """Let the board begin, and wait for its first samples.

        Raises
        ------
        UsageError : nothing comes, what comes cannot be read, or it comes at another rate.
        """
        self._left, self._marks, self._zero = b"", [], None
        self._stopped.clear()
        with self._told("start"):
            flush = getattr(self._port, "reset_input_buffer", None)
            if flush is not None:
                flush()  # what waited since the port was opened is old
            self._parser = self._speech.begin(self, self.where)
        self._clear(Watch(self.info.rate) if self._speech.clock is not None else None)
        self._heard = self._sampled = time.monotonic()
        self._wait_for_samples()

    def _wait_for_samples(self) -> None:
        began = self._heard
        end = began + max(FIRST_S, 2.0 * FEWEST / self.info.rate)
        while len(self._stamps) < FEWEST and time.monotonic() < end and not self._stopped.is_set():
            try:
                self._fetch(LISTEN_S)
            except SourceLost as fault:
                raise UsageError(fault.code, fault.text) from None
        if not len(self._stamps) and not self._stopped.is_set():
            board = self.device.board
            assert board is not None
            if self._heard > began:
                remedy = "check `baud`, `protocol` and `columns` in the rig file"
                raise UsageError("garbage", f"{self.where}: what comes cannot be read as {board.protocol} at "
                                 f"{board.baud} baud; {remedy}")  # fmt: skip
            raise UsageError("silent", f"{self.where}: nothing comes; check cable and power, and whether the board "
                             "needs a `start` text")  # fmt: skip
        if self._watch is not None and len(self._stamps) >= FEWEST:
            self._check_rate(1.0 / self.info.rate)

    def _check_rate(self, said: float) -> None:
        found, even = interval(self._stamps, said)
        if even and abs(found - said) > OFF_RATE * said:
            raise UsageError("rate", f"{self.where}: the board sends {1.0 / found:.4g} samples a second, and the rig "
                             f"file says {1.0 / said:g}; correct rate_hz, or stamp_unit")  # fmt: skip

    # --- listening ---

    def _fetch(self, timeout: float) -> None:
        """Read what is there."""
        assert self._parser is not None
        try:
            data = self._receive(timeout)
        except SourceLost:
            self._keep(self._parser.feed(b"", quiet=True), time.monotonic())  # what came is all there is
            raise
        now = time.monotonic()
        if data:
            self._heard = now
        quiet = not data and now - self._heard > max(LISTEN_S, 2.0 / self.info.rate)
        self._keep(self._parser.feed(data, quiet=quiet), now)
        if data and now - self._sampled > GARBLED_S:
            raise SourceLost("garbage", f"{self.where}: what comes cannot be read any more; check cable and board")

    def _keep(self, parsed: Parsed, now: float) -> None:
        """Put the samples where `read` finds them, on the board's clock or else with the time at which they came."""
        clock = self._speech.clock
        n = len(parsed.values)
        if n:
            self._sampled = now
        stamps: Floats = np.full(n, now)
        if clock is not None and parsed.ticks is not None:
            stamps = clock(parsed.ticks)
            if n and self._zero is None:
                self._zero = float(stamps[0])
            self._marks.extend(clock.near(tick) for tick, text in parsed.marks if text == "R")
        values = np.ascontiguousarray(parsed.values[:, self._columns], dtype=self.info.dtype)
        self._put(values, stamps, parsed.broken if clock is None else ())

    def _receive(self, timeout: float) -> bytes:
        if self._left:
            left, self._left = self._left, b""
            return left
        try:
            ready = int(self._port.in_waiting)
            if ready:
                return bytes(self._port.read(min(ready, MOST)))
            if timeout > 0.0:
                first = bytes(self._port.read(1))  # waits LISTEN_S at most
                if first:
                    time.sleep(min(timeout, GATHER_S, 0.25 * self.info.block / self.info.rate))
                return first + bytes(self._port.read(min(int(self._port.in_waiting), MOST)) if first else b"")
        except Exception as error:  # pyserial has no single error for a board that is gone
            raise SourceLost("unplugged", f"{self.where}: the board is gone ({_one_line(error)}); check cable and "
                             "power, then record again") from None  # fmt: skip
        return b""

    def send(self, text: str) -> None:
        """Send a command."""
        self._port.write(text.encode("utf-8"))

    def reply(self, beginnings: Sequence[str], seconds: float) -> str | None:
        """The first line that begins so; see `serialprotocols.Talk`."""
        heard, end = b"", time.monotonic() + seconds
        while time.monotonic() < end and not self._stopped.is_set():
            *lines, heard = (heard + self._receive(LISTEN_S)).split(b"\n")
            for place, line in enumerate(lines):
                text = line.decode("ascii", errors="replace").strip()
                if text.startswith(tuple(beginnings)) and text.isprintable():
                    self._left = b"\n".join([*lines[place + 1 :], heard])
                    return text[:100]
            heard = heard[-MOST:]
        return None

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what pyserial says into one sentence."""
        try:
            yield
        except SourceLost as fault:
            raise UsageError(fault.code, fault.text) from None
        except OSError as error:
            raise UsageError("port", f"{self.where}: the board does not {what} ({_one_line(error)}); unplug it, "
                             "plug it in again and try once more") from None  # fmt: skip

    def edges(self) -> Sequence[Edges]:
        """Rising edges at the trigger input of a Chronojump sensor, in µs since the first sample."""
        if not self._marks or self._zero is None:
            return ()
        since = np.array([mark - self._zero for mark in self._marks])
        self._marks = []
        ticks = np.rint(since[since >= 0.0] * EDGE_HZ).astype(np.uint64)
        return (Edges(name="trigger", ticks=ticks, rate=EDGE_HZ),)

    def stop(self) -> None:
        """Let the board end; one that is gone has ended already."""
        self._stopped.set()
        if self._port is not None and self._parser is not None and self._fault is None:
            with contextlib.suppress(Exception):
                self._speech.end(self)

    def close(self) -> None:
        """Give the port free for others."""
        self._stopped.set()
        if self._port is not None:
            with contextlib.suppress(Exception):
                self._port.close()
        self._port = self._parser = None
        self._stopped.clear()


def _one_line(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words[:120].rstrip(".")


# --- ports ---


def _serial() -> Any:
    """Pyserial.

    Raises
    ------
    UsageError : it is not installed.
    """
    try:
        import serial
        import serial.tools.list_ports
    except ImportError as error:
        raise UsageError("no_pyserial", f"serial ports: pyserial cannot be loaded ({_one_line(error)}); install it "
                         "with `pip install pyserial`") from None  # fmt: skip
    return serial


def open_port(device: Device, where: str) -> tuple[Any, dict[str, str]]:
    """An open port and what is known about what is plugged in there.

    Raises
    ------
    UsageError : there is none, or it cannot be opened.
    """
    serial = _serial()
    assert device.board is not None
    name, facts = _resolved(device, where, serial)
    try:
        port = serial.Serial(name, device.board.baud, timeout=LISTEN_S, write_timeout=2.0, exclusive=True)
    except (OSError, ValueError) as error:
        raise UsageError("port", f"{where}: {_refused(name, error)}") from None
    return port, facts


def _resolved(device: Device, where: str, serial: Any) -> tuple[str, dict[str, str]]:
    """Port and facts of the board that the rig names by its port or by its USB numbers."""
    found = list(serial.tools.list_ports.comports())
    name = device.name
    if name.lower().startswith("usb:"):
        found = [one for one in found if _usb(one).lower().startswith(name.lower()) and _serial_fits(device, one)]
        if len(found) != 1:
            there = ", ".join(one.device for one in found) if found else "no board of these numbers is plugged in"
            raise UsageError("port", f"{where}: {there}; `hipdrive sources` lists the ports, name the right one in the "
                             "rig file")  # fmt: skip
        name = found[0].device
    elif "://" in name:
        raise UsageError("port", f"{where}: this is no serial port; name one that `hipdrive sources` lists")
    for one in found:
        if one.device == name:
            facts = {"port": name, "usb": _usb(one), "product": one.product or "", "serial": one.serial_number or ""}
            if not _serial_fits(device, one):
                there = one.serial_number or "a board without one"
                raise UsageError("other_device", f"{where}: the rig file expects serial {device.serial}, but {there} "
                                 "is there; correct name or serial")  # fmt: skip
            return name, {key: value for key, value in facts.items() if value}
    return name, {"port": name}


def _serial_fits(device: Device, one: Any) -> bool:
    return device.serial is None or device.serial.lower() == (one.serial_number or "").lower()


def _usb(one: Any) -> str:
    if one.vid is None:
        return ""
    return f"usb:{one.vid:04x}:{one.pid:04x}" + (f":{one.serial_number}" if one.serial_number else "")


def _refused(name: str, error: Exception) -> str:
    """Why a port cannot be opened, and what to do."""
    number, text = getattr(error, "errno", None), _one_line(error)
    if number == errno.EACCES or "PermissionError" in text or "ermission denied" in text:
        if sys.platform == "win32":
            return f"another program has {name}; close it (the serial monitor of the Arduino IDE, for example)"
        return f"no permission for {name}; {_permit(name)}"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return f"another program has {name}; close it (the serial monitor of the Arduino IDE, for example)"
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in text:
        return f"there is no port {name}; plug the board in, `hipdrive sources` lists the ports"
    return f"{name} cannot be opened ({text}); `hipdrive sources` lists the ports"


def _permit(name: str) -> str:
    """How to get at a port on Linux and macOS."""
    group = "dialout"
    if sys.platform != "win32":
        import grp

        with contextlib.suppress(OSError, KeyError):
            group = grp.getgrgid(os.stat(name).st_gid).gr_name
    return f"`sudo usermod -aG {group} $USER`, then log out and in again"


def find() -> tuple[Found, ...]:
    """The serial ports of this computer.

    Raises
    ------
    UsageError : pyserial is not there.
    """
    return tuple(_found(one) for one in sorted(_serial().tools.list_ports.comports(), key=lambda one: str(one.device)))


def _found(one: Any) -> Found:
    usb = _usb(one)
    detail, ready = f'serial port, name = "{usb or one.device}"', True
    if sys.platform != "win32":
        if not os.access(one.device, os.R_OK | os.W_OK):
            detail, ready = f"no permission; {_permit(one.device)}", False
        elif _held(one.device):
            detail, ready = "another program has it; close that one first", False
    known = BOARDS.get(one.vid, "") if one.vid is not None else ""
    product = one.product or (one.description if one.description not in (None, "n/a") else "")
    return Found(driver="serial", name=one.device, product=known or product or "", detail=detail, ready=ready)


def _held(device: str) -> bool:
    """Whether another process has the port open: without opening it, which would start an Arduino anew (Linux)."""
    real = os.path.realpath(device)
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if fd.parent.parent.name != str(os.getpid()) and os.readlink(fd) == real:
                return True
    return False
