"""How boards at a serial port speak: bytes -> samples. No port in here, so every rule can be tried with bytes alone.

What cannot be read is left out and said, never guessed: a line with too few numbers, a frame without a header behind
it. A digit that is lost within a number leaves another number; only a checksum could tell, and these boards send none.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.trial import Floats

if TYPE_CHECKING:
    from hipdrive.hardware.devices import Board

STAMP, IGNORED = "stamp", "-"

LONGEST_LINE = 512
"""Bytes without a line end that are no line."""

LOCKED = 3
"""Frames in a row, with the next one's header, by which the beginning of frames is known."""

STEPS = (0.3, 3.0)
"""Of the expected step of the stamps: where it may lie for frames to begin here."""

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class Parsed(NamedTuple):
    """Samples out of bytes.

    values : (n, channels). ticks : (n,) the board's own time, None where it sends none. broken : before these samples
    one could not be read. marks : ticks and texts of lines that tell of something else.
    """

    values: NDArray[Any]
    ticks: Floats | None
    broken: tuple[int, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()


class Parser(Protocol):
    """Bytes in the order in which they come -> samples."""

    def feed(self, data: bytes, *, quiet: bool = False) -> Parsed:
        """What the bytes complete; `quiet`: nothing has come for a while, so what is there is all there is."""


class Unwrap:
    """Ticks that begin again at 0 -> s that go on.

    bits : at which they begin again, 0 for never. unit : of a tick, s.

    >>> Unwrap(32, 1e-6)(np.array([4294967000.0, 704.0, 1704.0])).round(6).tolist()
    [4294.967, 4294.968, 4294.969]
    """

    def __init__(self, bits: int, unit: float) -> None:
        self.bits, self.unit = bits, unit
        self._last: float | None = None
        self._total = 0.0

    def __call__(self, ticks: Floats) -> Floats:
        """The time of each tick; a step of more than half the range is one back."""
        if not self.bits or not len(ticks):
            return ticks * self.unit
        if self._last is None:
            self._last = self._total = float(ticks[0])
        whole = 2.0**self.bits
        steps = np.diff(ticks, prepend=self._last)
        steps = (steps + whole / 2.0) % whole - whole / 2.0
        total = self._total + np.cumsum(steps)
        self._last, self._total = float(ticks[-1]), float(total[-1])
        return np.asarray(total * self.unit, dtype=np.float64)

    def near(self, tick: float) -> float:
        """The time of a tick that lies near the last one, s."""
        if not self.bits or self._last is None:
            return tick * self.unit
        whole = 2.0**self.bits
        return (self._total + (tick - self._last + whole / 2.0) % whole - whole / 2.0) * self.unit


class Lines:
    r"""A line of text a sample.

    fresh : whether the first bytes may be the rest of a line. marked : whether a letter may stand in place of a value.

    >>> Lines(("stamp", "fz"), ";", fresh=False).feed(b"1000;5.5\r\n2000;oops\r\n3000;6.5\r\n40")[:3]
    (array([[5.5],
           [6.5]]), array([1000., 3000.]), (1,))
    """

    def __init__(self, columns: Sequence[str], delimiter: str, decimal: str = ".", *, fresh: bool = True,
                 marked: bool = False) -> None:  # fmt: skip
        self.columns, self.delimiter, self.decimal = tuple(columns), delimiter, decimal
        self._values = [place for place, name in enumerate(columns) if name not in (STAMP, IGNORED)]
        self._stamp = self.columns.index(STAMP) if STAMP in self.columns else None
        self._skipping, self._marked, self._rest = fresh, marked, b""

    def feed(self, data: bytes, *, quiet: bool = False) -> Parsed:
        """See `Parser`."""
        *lines, self._rest = (self._rest + data.replace(b"\r", b"\n")).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skipping = b"", True
            lines.append(b"?")
        rows: list[list[float]] = []
        broken: list[int] = []
        marks: list[tuple[float, str]] = []
        for line in lines:
            if self._skipping:  # up to the end of a line that did not begin here
                self._skipping = False
                continue
            if not line.strip():
                continue
            row = self._row(line)
            if isinstance(row, str):
                marks.append((float(line.split(self.delimiter.encode())[0]), row))
            elif row is None:
                broken.append(len(rows))
            else:
                rows.append(row)
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))
        ticks = None if self._stamp is None else table[:, self._stamp]
        return Parsed(table[:, self._values], ticks, tuple(broken), tuple(marks))

    def _row(self, line: bytes) -> list[float] | str | None:
        """The numbers of a line, the letter of a mark, None for what is neither."""
        if len(line) > LONGEST_LINE:
            return None
        try:
            text = line.decode("ascii").strip()
            parts = text.split() if self.delimiter == " " else text.split(self.delimiter)
            if len(parts) != len(self.columns):
                return None
            if self._marked and self._stamp == 0 and len(parts) == 2 and parts[1].strip().isalpha():
                return parts[1].strip() if math.isfinite(float(parts[0])) else None
            if self.decimal != ".":
                parts = [part.replace(self.decimal, ".") for part in parts]
            row = [float("0" if name == IGNORED else part) for name, part in zip(self.columns, parts, strict=True)]
        except ValueError:  # neither text nor numbers
            return None
        return row if all(map(math.isfinite, row)) and "_" not in text else None


class Frames:
    r"""Binary frames: a header, then a number for each column.

    step : how far the stamps of neighbouring frames should be apart, in ticks. A header may stand within the numbers,
    too, so frames begin where several follow one another, and one counts as whole when a header stands behind it.

    >>> one = b"\xff\xff" + np.array([7], "<u4").tobytes() + np.array([-1, 5], "<i2").tobytes()
    >>> Frames(("stamp", "a", "b"), b"\xff\xff", step=1.0).feed(one, quiet=True).values.tolist()
    [[-1, 5]]
    """

    def __init__(self, columns: Sequence[str], header: bytes, *, step: float, stamp_type: str = "uint32",
                 value_type: str = "int16", byte_order: str = "little") -> None:  # fmt: skip
        order: Literal["<", ">"] = "<" if byte_order == "little" else ">"
        kinds = [np.dtype(stamp_type if name == STAMP else value_type).newbyteorder(order) for name in columns]
        self.header, self.step = header, step
        self.frame = np.dtype([("header", np.uint8, (len(header),)),
                               *((f"c{place}", kind) for place, kind in enumerate(kinds))])  # fmt: skip
        self._values = [f"c{place}" for place, name in enumerate(columns) if name not in (STAMP, IGNORED)]
        self._stamp = next((f"c{place}" for place, name in enumerate(columns) if name == STAMP), None)
        self._kind = np.dtype(value_type)
        self._rest, self._locked = b"", False

    def feed(self, data: bytes, *, quiet: bool = False) -> Parsed:
        """See `Parser`."""
        self._rest += data
        parts: list[NDArray[Any]] = []
        broken: list[int] = []
        while True:
            if not self._locked and not self._lock(quiet):
                break
            frames, torn = self._run(quiet)
            if len(frames):
                parts.append(frames)
            if not torn:
                break
            broken.append(sum(map(len, parts)))
            self._locked, self._rest = False, self._rest[1:]
        whole = np.concatenate(parts) if parts else np.empty(0, self.frame)
        values = np.array([whole[name] for name in self._values], dtype=self._kind).T.reshape(
            len(whole), len(self._values)
        )
        ticks = None if self._stamp is None else whole[self._stamp].astype(np.float64)
        return Parsed(values, ticks, tuple(broken))

    def _run(self, quiet: bool) -> tuple[NDArray[Any], bool]:
        """The frames at the beginning that are whole, and whether the next one is torn."""
        size, rest = self.frame.itemsize, self._rest
        n = len(rest) // size
        frames = np.frombuffer(rest, self.frame, n)
        right = (frames["header"] == np.frombuffer(self.header, np.uint8)).all(axis=1)
        run = n if right.all() else int(np.argmin(right))
        behind = rest[run * size : run * size + len(self.header)]
        torn = not self.header.startswith(behind)
        sure = run if not torn and (len(behind) == len(self.header) or quiet) else max(0, run - 1)
        self._rest = rest[sure * size :]
        return frames[:sure].copy(), torn

    def _lock(self, quiet: bool) -> bool:
        """Find where frames begin, and leave out what stands before."""
        place = self._rest.find(self.header)
        while place >= 0:
            fits = self._begins(place, quiet)
            if fits is None:  # too few bytes to say
                self._rest = self._rest[place:]
                return False
            if fits:
                self._rest, self._locked = self._rest[place:], True
                return True
            place = self._rest.find(self.header, place + 1)
        self._rest = self._rest[max(0, len(self._rest) - len(self.header) + 1) :]
        return False

    def _begins(self, place: int, quiet: bool) -> bool | None:
        """Whether frames begin here; None if that is still open."""
        size, wide = self.frame.itemsize, len(self.header)
        ahead = self._rest[place : place + LOCKED * size + wide]
        heads = [ahead[i : i + wide] for i in range(0, len(ahead), size)]
        if not all(self.header.startswith(head) for head in heads):
            return False
        n = len(ahead) // size
        if self._stamp is not None and n > 1:
            steps = np.diff(np.frombuffer(ahead, self.frame, n)[self._stamp].astype(np.float64)) % 2.0**32
            if not STEPS[0] * self.step < float(np.median(steps)) < STEPS[1] * self.step:
                return False
        if len(ahead) == LOCKED * size + wide:
            return True
        return (n > 0 and len(ahead) % size < wide) if quiet else None


# --- the protocols ---


class Talk(Protocol):
    """A port as a protocol sees it."""

    def send(self, text: str) -> None:
        """Send a command."""

    def reply(self, beginnings: Sequence[str], seconds: float) -> str | None:
        """The first line that begins so, within so many seconds; what came before it is thrown away."""


class Speech(ABC):
    """How a board is asked to begin and to end, and what it sends meanwhile.

    names, kind, unit : of the channels; unit None where only the rig can say. clock : of the board's stamps, if any.
    """

    names: tuple[str, ...]
    kind: np.dtype[Any] = np.dtype(np.float64)
    unit: str | None = None
    clock: Unwrap | None = None

    def __init__(self, board: Board, rate: float) -> None:
        self.board, self.rate, self.names = board, rate, board.values

    def hello(self, talk: Talk, where: str) -> Mapping[str, str]:
        """Ask the board what it is; facts of it."""
        return {}

    @abstractmethod
    def begin(self, talk: Talk, where: str) -> Parser:
        """Let it begin; what reads the bytes from now on."""

    @abstractmethod
    def end(self, talk: Talk) -> None:
        """Let it end."""


class Told(Speech):
    """Boards that send by themselves, or when they get a text that the rig names."""

    def begin(self, talk: Talk, where: str) -> Parser:
        """Send the text that starts it, if there is one."""
        if self.board.start:
            talk.send(self.board.start)
        return self._parser()

    def end(self, talk: Talk) -> None:
        """Send the text that stops it, if there is one."""
        if self.board.stop:
            talk.send(self.board.stop)

    @abstractmethod
    def _parser(self) -> Parser:
        """What reads the bytes of this protocol."""

    def _own_clock(self, unit: str, bits: int) -> Unwrap | None:
        return Unwrap(bits if unit != "s" else 0, SECONDS[unit]) if STAMP in self.board.columns else None


DELIMITERS = {"tab": "\t", "space": " "}


class LineSpeech(Told):
    """Lines of text."""

    def _parser(self) -> Parser:
        board = self.board
        self.clock = self._own_clock(board.stamp_unit, board.stamp_bits)
        delimiter = DELIMITERS.get(board.delimiter, board.delimiter)
        return Lines(board.columns, delimiter, board.decimal, fresh=not board.start)


RAW_KINDS = {"int16": np.int16, "uint16": np.int32, "int32": np.int32, "float32": np.float64, "float64": np.float64}
"""Type on the wire -> type in the trial, which holds every value of it."""


class FrameSpeech(Told):
    """Binary frames."""

    def __init__(self, board: Board, rate: float) -> None:
        super().__init__(board, rate)
        self.kind = np.dtype(RAW_KINDS[board.value_type])

    def _parser(self) -> Parser:
        board = self.board
        self.clock = self._own_clock(board.stamp_unit, 32 if board.stamp_type == "uint32" else 0)
        return Frames(board.columns, bytes.fromhex(board.header), stamp_type=board.stamp_type,
                      value_type=board.value_type, byte_order=board.byte_order,
                      step=1.0 / self.rate / SECONDS[board.stamp_unit])  # fmt: skip


SENSOR, PLATFORM = "Force_Sensor-", "Force_Platform-"
TRIES, ANSWER_S, TARE_S = 3, 2.2, 15.0
"""How often it is asked; s to wait: the board listens for 1 s before it obeys, and starts anew when it is opened."""


class Chronojump(Speech):
    """The force sensors of Chronojump: commands end in a colon; one cell in lines of text, four cells in frames."""

    def hello(self, talk: Talk, where: str) -> Mapping[str, str]:
        """Ask for its version, which tells one cell from four."""
        for _ in range(TRIES):
            talk.send("get_version:")
            version = talk.reply((SENSOR, PLATFORM), ANSWER_S)
            if version is not None:
                break
        else:
            raise UsageError("silent", f"{where}: no Chronojump sensor answers at {self.board.baud} baud; check the "
                             "port, the cable, and `baud` and `protocol` in the rig file")  # fmt: skip
        self.four = version.startswith(PLATFORM)
        self.names = self.board.values or (("c1", "c2", "c3", "c4") if self.four else ("fz",))
        if len(self.names) != (4 if self.four else 1):
            raise UsageError("other_device", f"{where}: {version} sends {4 if self.four else 1} values, and the rig "
                             f"file has {len(self.names)} columns; correct `columns`")  # fmt: skip
        self.kind, self.unit = (np.dtype(np.int16), "count") if self.four else (np.dtype(np.float64), "N")
        return {"version": version}

    def begin(self, talk: Talk, where: str) -> Parser:
        """Start capturing; its clock begins at 0."""
        talk.send("start_capture:")
        self.clock = Unwrap(32, 1e-6)
        if self.four:  # it begins without a word
            return Frames((STAMP, *self.names), b"\xff" * 4, step=1e6 / self.rate)
        if talk.reply(("Starting capture",), TRIES * ANSWER_S) is None:
            raise UsageError("silent", f"{where}: the sensor does not begin to capture; unplug it, plug it in again "
                             "and try once more")  # fmt: skip
        return Lines((STAMP, *self.names), ";", fresh=False, marked=True)

    def end(self, talk: Talk) -> None:
        """Stop capturing."""
        talk.send("end_capture:")

    def tare(self, talk: Talk, where: str) -> None:
        """Let the sensor take what it reads now as its zero, which it remembers."""
        talk.send("tare:")
        if not self.four and talk.reply(("Taring OK",), TARE_S) is None:
            raise UsageError("silent", f"{where}: the sensor has not zeroed itself; try once more")


SPEECHES: Mapping[str, Callable[[Board, float], Speech]] = {
    "lines": LineSpeech,
    "frames": FrameSpeech,
    "chronojump": Chronojump,
}
"""`protocol` in a rig file -> how such a board speaks."""
