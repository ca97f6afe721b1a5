"""Bytes of a C3D file -> parameters, points and analog samples, as the standard (c3d.org) says; nothing is trusted.

A reader of our own, because a file from elsewhere may be damaged: every size is checked against the bytes that are
there before anything is made of it. Tests compare it with ezc3d.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import ReadError
from hipdrive.trial import Floats

BLOCK = 512
KEY = 0x50
INTEL, DEC, MIPS = 84, 85, 86
"""Processor types: little-endian IEEE, VAX floats, big-endian IEEE."""

MAX_PARAMETERS = 5000
MAX_POINTS, MAX_CHANNELS = 2000, 2000

Parameters = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class C3D:
    """What a C3D file holds.

    parameters : group -> name -> numbers (ndarray, first index fastest as in the file), or a list of texts.
    points : ndarray, shape (frames, points, 3), unit of POINT:UNITS, NaN where invalid.
    counts : ndarray, shape (samples, channels), as stored (integers or floats); unit = scale * (counts - offset).
    """

    name: str
    parameters: Parameters
    points: Floats
    point_rate: float
    counts: NDArray[Any]
    analog_rate: float
    scale: Floats
    offset: Floats
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    length_unit: str

    def number(self, group: str, name: str, default: float = math.nan) -> float:
        """The first number of a parameter."""
        found = self.parameters.get(group, {}).get(name)
        return float(found.flat[0]) if isinstance(found, np.ndarray) and found.size else default


def parsed(data: bytes, name: str) -> C3D:
    """The content of a C3D file.

    Raises
    ------
    ReadError : what is wrong, in one sentence.
    """
    try:
        with np.errstate(all="ignore"):  # damaged floats; what they make is looked at
            return _parsed(data, name)
    except (struct.error, IndexError, ValueError, OverflowError, TypeError, ZeroDivisionError) as why:
        raise ReadError("damaged", f"{name}: is damaged: its C3D header or parameters make no sense "
                        f"({str(why)[:60]}); export it again") from None  # fmt: skip


def _parsed(data: bytes, name: str) -> C3D:
    if len(data) < 2 * BLOCK or data[1] != KEY or not data[0]:
        raise ReadError("damaged", f"{name}: is too short for a C3D file or has no C3D header; export it again")
    start = BLOCK * (data[0] - 1)
    if start + 4 > len(data):
        raise ReadError("truncated", f"{name}: was cut off before its parameters; export it again")
    processor = data[start + 3]
    if processor not in (INTEL, DEC, MIPS):
        raise ReadError("damaged", f"{name}: its numbers are of no known kind (processor {processor}), so it is "
                        "damaged; export it again")  # fmt: skip
    order = ">" if processor == MIPS else "<"
    blocks = data[start + 2]
    many, per_frame, first, last = struct.unpack_from(f"{order}4H", data, 2)
    place, sub = struct.unpack_from(f"{order}2H", data, 16)
    # some writers count their blocks too low: the parameters end where the data starts at the latest
    end = max(start + BLOCK * blocks, BLOCK * (place - 1))
    parameters = _parameters(data[start + 4 : end], order, processor)
    scale, rate = (float(_floats(data[i : i + 4], order, processor)[0]) for i in (12, 20))
    return _filled(data, name, parameters, (order, processor), (many, per_frame, sub, place, scale, rate),
                   last - first + 1)  # fmt: skip


def _floats(raw: bytes, order: str, processor: int) -> Floats:
    """Four-byte floats of a processor."""
    if processor != DEC:
        return np.frombuffer(raw, dtype=f"{order}f4").astype(np.float64)
    words = np.frombuffer(raw, dtype="<u2").reshape(-1, 2).astype(np.uint32)
    return np.asarray(((words[:, 0] << 16) | words[:, 1]).view(np.float32).astype(np.float64) / 4.0)


def _parameters(section: bytes, order: str, processor: int) -> dict[str, dict[str, Any]]:
    """Every parameter by group and name."""
    groups: dict[int, str] = {}
    found: list[tuple[int, str, Any]] = []
    place = 0
    for _ in range(MAX_PARAMETERS):
        if place + 2 > len(section) or not section[place]:
            break
        length, group = abs(struct.unpack_from("b", section, place)[0]), struct.unpack_from("b", section, place + 1)[0]
        name = section[place + 2 : place + 2 + length].decode("latin-1").strip().upper()
        at = place + 2 + length
        if not name.isprintable():
            raise ValueError(f"a parameter is called {name!r}")
        (step,) = struct.unpack_from(f"{order}H", section, at)
        if group < 0:
            groups[-group] = name
        else:
            found.append((group, name, _parameter(section, at + 2, order, processor)))
        if not step:
            break
        place = at + step
    out: dict[str, dict[str, Any]] = {name: {} for name in groups.values()}
    for group, name, value in found:
        if group in groups:
            out[groups[group]][name] = value
    return out


def _parameter(section: bytes, at: int, order: str, processor: int) -> Any:
    """One parameter: texts as a list, numbers as an array whose first index runs fastest, as it is written."""
    kind, many = struct.unpack_from("bB", section, at)
    shape = tuple(section[at + 2 : at + 2 + many])
    if len(shape) < many or kind not in (-1, 1, 2, 4):
        raise ValueError(f"a parameter of kind {kind}")
    size = int(np.prod(shape, dtype=np.int64)) if shape else 1
    raw = section[at + 2 + many : at + 2 + many + size * abs(kind)]
    if len(raw) < size * abs(kind):
        raise ValueError("a parameter is longer than its section")
    if kind == -1:
        width = shape[0] if shape else 1
        rows = size // width if width else 0
        return [raw[i * width : (i + 1) * width].decode("latin-1").rstrip(" \x00").lstrip() for i in range(rows)]
    if kind == 4:
        return _floats(raw, order, processor).reshape(shape or (1,), order="F")
    whole = np.frombuffer(raw, dtype=np.uint8 if kind == 1 else f"{order}i2").astype(np.float64)
    return whole.reshape(shape or (1,), order="F")


def _texts(parameters: Parameters, group: str, name: str, many: int) -> tuple[str, ...]:
    """A list of texts with its continuations (LABELS, LABELS2 ...), as long as there are columns."""
    found: list[str] = []
    for more in ("", *range(2, 10)):
        value = parameters.get(group, {}).get(f"{name}{more}")
        found += value if isinstance(value, list) else []
    return (*found[:many], *(("",) * (many - len(found))))


def _numbers(parameters: Parameters, group: str, name: str, many: int, default: float) -> Floats:
    """A list of numbers with its continuations, filled up where it is short."""
    parts = [parameters.get(group, {}).get(f"{name}{more}") for more in ("", *range(2, 10))]
    values = np.concatenate([np.zeros(0), *(p.ravel(order="F") for p in parts if isinstance(p, np.ndarray))])[:many]
    return np.concatenate([values, np.full(many - len(values), default)])


def _frames(parameters: Parameters, header: int) -> Iterator[int]:
    """Numbers of frames that a file may have, the surest first: the header counts in 16 bits and may have wrapped."""
    fields = [parameters.get("TRIAL", {}).get(f"ACTUAL_{end}_FIELD") for end in ("START", "END")]
    words = [one.ravel() for one in fields if isinstance(one, np.ndarray) and one.size == 2]
    if len(words) == 2 and np.isfinite(words).all():
        first, last = (int(low) % 65536 + 65536 * (int(high) % 65536) for low, high in words)
        yield last - first + 1
    for name in ("LONG_FRAMES", "FRAMES"):
        value = parameters.get("POINT", {}).get(name)
        if isinstance(value, np.ndarray) and value.size and np.isfinite(value.flat[0]):
            yield int(value.flat[0]) % (65536 if name == "FRAMES" else 2**31)
    yield header


def _filled(
    data: bytes, name: str, parameters: Parameters, kind: tuple[str, int],
    header: tuple[int, int, int, int, float, float], said: int,
) -> C3D:  # fmt: skip
    """Points and analog samples behind the parameters."""
    many, per_frame, sub, place, scale, rate = header
    channels = per_frame // sub if sub else 0
    used = parameters.get("ANALOG", {}).get("USED")
    if isinstance(used, np.ndarray) and used.size and used.flat[0] == per_frame and sub > 1:
        channels = per_frame  # The Motion Monitor writes channels where samples of a frame belong
    if not (math.isfinite(rate) and 0.0 < rate <= 1e6) or many > MAX_POINTS or channels > MAX_CHANNELS:
        raise ReadError("damaged", f"{name}: is damaged: {many} points, {channels} channels at {rate:g} Hz cannot "
                        "be; export it again")  # fmt: skip
    whole = scale > 0.0
    order, processor = kind
    width = 2 if whole else 4
    frame = (4 * many + channels * sub) * width
    first = BLOCK * (place - 1)
    room = (len(data) - first) // frame if frame and place and first < len(data) else 0
    frames = said if 0 < said <= room else max((n for n in _frames(parameters, said) if 0 < n <= room), default=0)
    if not frames:
        raise ReadError("truncated", f"{name}: its header says {max(said, 0)} frames, but only {room} are there, so it "
                        "was cut off; export it again")  # fmt: skip
    long = max((n for n in _frames(parameters, said) if n <= room and (n - said) % 65536 == 0), default=frames)
    frames = max(frames, long)
    raw = data[first : first + frames * frame]
    table = (np.frombuffer(raw, dtype=f"{order}i2") if whole else _floats(raw, order, processor)).reshape(frames, -1)
    unsigned = "UNSIGNED" in [t.upper() for t in _texts(parameters, "ANALOG", "FORMAT", 1)]
    counts = np.asarray(table[:, 4 * many :]).reshape(frames * sub, channels)
    offset = _numbers(parameters, "ANALOG", "OFFSET", channels, 0.0)
    if unsigned:
        counts, offset = counts.astype(np.int32) % 65536 if whole else counts, offset % 65536.0
    total = parameters.get("ANALOG", {}).get("GEN_SCALE")
    general = float(total.flat[0]) if isinstance(total, np.ndarray) and total.size else 1.0
    units = _texts(parameters, "POINT", "UNITS", 1)
    return C3D(
        name=name, parameters=parameters, points=_points(table[:, : 4 * many], many, scale, whole), point_rate=rate,
        counts=counts, analog_rate=rate * sub, scale=general * _numbers(parameters, "ANALOG", "SCALE", channels, 1.0),
        offset=offset, labels=_texts(parameters, "POINT", "LABELS", many),
        channels=_texts(parameters, "ANALOG", "LABELS", channels),
        units=_texts(parameters, "ANALOG", "UNITS", channels), length_unit=_length(units[0]),
    )  # fmt: skip


def _length(unit: str) -> str:
    """The unit of lengths as we spell it; "mete" is what is left of metres in four letters."""
    plain = unit.strip().lower()
    return {"": "mm", "mete": "m", "meter": "m", "meters": "m", "metres": "m", "millimeters": "mm"}.get(plain, plain)


def _points(table: NDArray[Any], many: int, scale: float, whole: bool) -> Floats:
    """Points with NaN where the file marks them as invalid, or puts one into the origin to the last bit."""
    quads = table.astype(np.float64).reshape(len(table), many, 4)
    places = quads[:, :, :3] * (scale if whole else 1.0)
    unseen = (quads[:, :, 3] < 0.0) | (places == 0.0).all(axis=2) | ~np.isfinite(places).all(axis=2)
    places[unseen] = np.nan
    return places
