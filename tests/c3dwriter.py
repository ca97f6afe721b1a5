"""C3D files for tests, written byte by byte from the standard's text; knows nothing of the reader."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hipdrive.trial import Floats

INTEL, DEC, MIPS = 84, 85, 86


class Writer:
    """The numbers of one kind of processor."""

    def __init__(self, processor: int) -> None:
        self.processor, self.order = processor, ">" if processor == MIPS else "<"

    def ints(self, *values: int) -> bytes:
        return struct.pack(f"{self.order}{len(values)}h", *((v + 32768) % 65536 - 32768 for v in values))

    def floats(self, values: Any) -> bytes:
        array = np.asarray(values, dtype=np.float32).ravel()
        if self.processor != DEC:
            return array.astype(f"{self.order}f4").tobytes()
        words = (array * np.float32(4.0)).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1]
        return np.ascontiguousarray(words).tobytes()

    def parameter(self, group: int, name: str, value: Any) -> bytes:
        """One parameter: text, list of texts, or an array whose first index runs fastest in the file."""
        if isinstance(value, list):
            width = max([1, *map(len, value)])
            kind, shape, raw = -1, (width, len(value)), b"".join(v.ljust(width).encode() for v in value)
        else:
            array = np.asarray(value)
            shape, flat = array.shape, array.ravel(order="F")
            whole = array.dtype.kind in "iu"
            kind, raw = (2, self.ints(*flat.tolist())) if whole else (4, self.floats(flat))
        body = struct.pack("bB", kind, len(shape)) + bytes(shape) + raw + b"\x00"
        return struct.pack("bb", len(name), group) + name.encode() + self.ints(len(body) + 2) + body

    def group(self, number: int, name: str) -> bytes:
        return struct.pack("bb", len(name), -number) + name.encode() + self.ints(3) + b"\x00"


def c3d_bytes(
    points: Mapping[str, Floats], rate: float = 100.0, analog: Floats | None = None,
    channels: Sequence[tuple[str, str]] = (), sub: int = 10, plates: Mapping[str, Any] | None = None, *,
    processor: int = INTEL, whole: bool = False, unit: str = "mm", scale: float = 0.05,
) -> bytes:  # fmt: skip
    """A C3D file of points (frames, 3; NaN is invalid) and analog samples (samples, channels) in their units.

    whole : store 16-bit integers, points in steps of `scale`, analog in steps of 0.05 about 100.
    """
    w = Writer(processor)
    many, width = len(points), len(channels)
    frames = len(next(iter(points.values()))) if points else len(analog if analog is not None else []) // sub
    samples = np.zeros((frames * sub, 0)) if analog is None else analog
    step, middle = (0.05, 100) if whole else (1.0, 0)
    groups = {
        "POINT": {"USED": many, "SCALE": scale if whole else -1.0, "RATE": rate, "DATA_START": 0, "FRAMES": frames,
                  "LABELS": list(points), "UNITS": [unit]},
        "ANALOG": {"USED": width, "LABELS": [n for n, _ in channels], "UNITS": [u for _, u in channels],
                   "GEN_SCALE": 1.0, "SCALE": np.full(width, step), "OFFSET": np.full(width, middle, dtype=int),
                   "RATE": rate * sub},
        "FORCE_PLATFORM": dict(plates or {"USED": 0}),
    }  # fmt: skip
    section = b""
    for number, (group, entries) in enumerate(groups.items(), 1):
        section += w.group(number, group)
        section += b"".join(w.parameter(number, name, value) for name, value in entries.items())
    section += b"\x00\x00"
    blocks = -(-(len(section) + 4) // 512)
    section = (bytes((1, 80, blocks, processor)) + section).ljust(512 * blocks, b"\x00")
    header = bytes((2, 80)) + w.ints(many, width * sub, 1, frames, 0) + w.floats([scale if whole else -1.0])
    header = (header + w.ints(2 + blocks, sub) + w.floats([rate])).ljust(512, b"\x00")
    rows = []
    for k in range(frames):
        quads = [
            (*place[k], 0.0) if np.isfinite(place[k]).all() else (0.0, 0.0, 0.0, -1.0) for place in points.values()
        ]
        part = samples[k * sub : (k + 1) * sub].ravel()
        if whole:
            whole_quads = [round(v / scale) if i < 3 else int(v) for quad in quads for i, v in enumerate(quad)]
            rows.append(w.ints(*whole_quads, *np.rint(part / step + middle).astype(int).tolist()))
        else:
            rows.append(w.floats([v for quad in quads for v in quad]) + w.floats(part))
    return header + section + b"".join(rows)


def plate_facts(kind: int, corners: Floats, first: int = 1, **more: Any) -> dict[str, Any]:
    """FORCE_PLATFORM of one plate: corners of shape (4, 3)."""
    channels = 8 if kind == 3 else 6
    return {"USED": 1, "TYPE": np.array([kind]), "CORNERS": corners.T[:, :, np.newaxis],
            "ORIGIN": np.zeros((3, 1)), "CHANNEL": np.arange(first, first + channels)[:, np.newaxis],
            **more}  # fmt: skip
