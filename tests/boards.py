"""Load-cell boards that are not there: what they send, over a pseudo-terminal or a port in memory."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hipdrive.hardware import rig as rigs
from hipdrive.hardware.rig import Rig

WRAP = 2**32


def rig(device: str, plates: Sequence[str], name: str = "board") -> Rig:
    """A rig of one device with plates behind it: each a few lines of TOML."""
    calibration = 'calibration = { id = "none", date = 2026-01-01 }\nrange_n = 5000\n'
    return rigs.loads(f'name = "{name}"\n[[devices]]\nid = "b0"\n{device}\n'
                      + "".join(f"[[plates]]\n{one}\ndevice = \"b0\"\n{calibration}" for one in plates))  # fmt: skip


def text_lines(ticks: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
    """Time stamp and values of each sample as a line."""
    rows = [";".join([str(tick % WRAP), *(f"{value:.2f}" for value in row)])
            for tick, row in zip(ticks.tolist(), values.tolist(), strict=True)]  # fmt: skip
    return "".join(row + "\r\n" for row in rows).encode()


def frames(ticks: NDArray[np.int64], values: NDArray[np.int16], header: bytes = b"\xff" * 4) -> bytes:
    """Header, time stamp and values of each sample as the four-cell board sends them."""
    return b"".join(header + np.array([tick % WRAP], "<u4").tobytes() + row.astype("<i2").tobytes()
                    for tick, row in zip(ticks.tolist(), values, strict=True))  # fmt: skip


def cut(data: bytes, seed: int = 3, largest: int = 90) -> list[bytes]:
    """The bytes in pieces of any size, as they come over a wire."""
    rng, pieces, place = np.random.default_rng(seed), [], 0
    while place < len(data):
        size = int(rng.integers(1, largest))
        pieces.append(data[place : place + size])
        place += size
    return pieces


class Emulator:
    """What a board does: it answers commands, and after `start` it sends its samples.

    answers : command -> answer. start, stop : commands that let it begin and end; without a start it sends at once.
    unplug : whether it is gone after its samples.
    """

    def __init__(
        self,
        samples: bytes,
        *,
        start: bytes = b"",
        stop: bytes = b"",
        answers: dict[bytes, bytes] | None = None,
        unplug: bool = False,
    ) -> None:
        self.samples, self.start, self.stop, self.unplug = samples, start, stop, unplug
        self.answers = answers or {}
        self.heard: list[bytes] = []
        self._buffer = b""
        self.send: Callable[[bytes], None] = lambda data: None
        self.gone: Callable[[], None] = lambda: None

    def hear(self, data: bytes) -> None:
        """Commands, each up to its last character."""
        self._buffer += data
        for command in (*self.answers, *filter(None, (self.start, self.stop))):
            if self._buffer.endswith(command):
                self.heard.append(command)
                self._buffer = b""
                if command in self.answers:
                    self.send(self.answers[command])
                if command == self.start:
                    self.run()
                return

    def run(self) -> None:
        """Send the samples."""
        for piece in cut(self.samples):
            self.send(piece)
        if self.unplug:
            self.gone()


class MemoryPort:
    """A port in memory with a board at its other end: runs anywhere."""

    def __init__(self, emulator: Emulator) -> None:
        self._ready, self._data, self._plugged, self.closed = threading.Condition(), b"", True, False
        emulator.send, emulator.gone = self._arrive, self._unplug
        self._emulator = emulator
        if not emulator.start:
            emulator.run()

    def _arrive(self, data: bytes) -> None:
        with self._ready:
            self._data += data
            self._ready.notify_all()

    def _unplug(self) -> None:
        self._plugged = False

    @property
    def in_waiting(self) -> int:
        with self._ready:
            if not self._plugged and not self._data:
                raise OSError(5, "Input/output error")
            return len(self._data)

    def read(self, size: int) -> bytes:
        with self._ready:
            if not self._data and self._plugged:
                self._ready.wait(0.02)
            data, self._data = self._data[:size], self._data[size:]
            return data

    def write(self, data: bytes) -> int:
        if not self._plugged:
            raise OSError(5, "Input/output error")
        self._emulator.hear(data)
        return len(data)

    def close(self) -> None:
        self.closed = True


if sys.platform != "win32":

    @contextlib.contextmanager
    def on_a_pty(make: Callable[[], Emulator]) -> Iterator[tuple[str, list[Emulator]]]:
        """The name of a port that pyserial opens, and the boards that were plugged in there."""
        import fcntl
        import pty
        import select
        import struct
        import termios
        import tty

        main, side = pty.openpty()
        tty.setraw(main)
        tty.setraw(side)
        over, boards = threading.Event(), [make()]

        def waiting() -> int:
            return int(struct.unpack("i", fcntl.ioctl(side, termios.FIONREAD, b"\0" * 4))[0])

        def gone() -> None:
            end = time.monotonic() + 5.0
            while waiting() and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(0.05)
            over.set()

        def send(data: bytes) -> None:
            while data and not over.is_set():
                if select.select([], [main], [], 0.05)[1]:
                    data = data[os.write(main, data[:64]) :]

        def serve() -> None:
            board = boards[0]
            board.send, board.gone = send, gone
            if not board.start:
                board.run()
            while not over.is_set():
                if select.select([main], [], [], 0.01)[0]:
                    board.hear(os.read(main, 4096))
            os.close(main)
            os.close(side)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield os.ttyname(side), boards
        finally:
            over.set()
            thread.join(5.0)

else:

    @contextlib.contextmanager
    def on_a_pty(make: Callable[[], Emulator]) -> Iterator[tuple[str, list[Emulator]]]:
        """There are no pseudo-terminals here."""
        raise NotImplementedError
        yield "", [make()]
