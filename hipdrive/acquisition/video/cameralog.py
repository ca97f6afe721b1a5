"""What was said of each frame of a recorded clip: a file of JSON lines beside it, whole up to where it was written.

The first line is about the camera, then one line a frame or gap, the last one says how it ended.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.video.container import MAX_FRAMES
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import Floats, Gap, Locked, Trial, read_only

SCHEMA = "hipdrive-camera/1"
SUFFIX = ".camera.jsonl"
MAX_LINE = 10_000

LATE_S = 0.1
"""s by which cameras and drivers may be late without saying so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraLog(Locked):
    """The frames of a recorded clip.

    times : ndarray, shape (frames,), s, as in the clip: middles of exposures of the first row, from the first frame on.
        device : starts of them on the camera's own clock, NaN where it tells none. arrived : monotonic ns of the
        computer. numbers : of the camera's counter. exposure : s.
    clock : `device`, or `host` where a frame's time is that of its arrival.
    gaps : of frames that are missing; `first_sample` is the frame of the clip before which they are.
    facts : of the camera, as its first line says. end : why it ended. sha256 : of the clip, "" after a crash.
    """

    path: Path
    times: Floats
    device: Floats
    arrived: NDArray[np.int64]
    numbers: NDArray[np.int64]
    exposure: Floats
    clock: str
    gaps: tuple[Gap, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    end: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        """Lock the arrays."""
        for name in ("times", "device", "exposure"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        for name in ("arrived", "numbers"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.int64))

    @property
    def lost(self) -> int:
        """Frames that are missing."""
        return sum(gap.samples for gap in self.gaps)

    @property
    def times_u95(self) -> float:
        """95 % uncertainty of one frame's time against the others', s.

        Of arrivals it is how far they are from a steady rate; by how much all are late nobody sees here: a USB camera
        takes 20 to 100 ms, so its clock has to be joined with that of the forces by what both see.
        """
        if self.clock == "device":
            return 1e-6
        if len(self.times) < 8:
            return math.nan
        rows = np.column_stack([np.ones(len(self.times)), self.numbers - self.numbers[0]]).astype(np.float64)
        fit, *_ = np.linalg.lstsq(rows, self.times, rcond=None)
        left = self.times - rows @ fit
        return float(np.percentile(np.abs(left - np.median(left)), 95.0))


def near(trial: Trial, log: CameraLog) -> tuple[float, float]:
    """Offset of the clip's clock from that of the forces by when both arrived here, and by how much it may be wrong, s.

    t_force = t_clip + offset, of middles of exposures. It is a first guess that tells one exposure from the next
    (`pulsesync.exposures`) or where to look for a lamp, never a clock map.

    Raises
    ------
    UsageError : the trial does not say when its samples arrived.
    """
    raw = next((one for one in trial.raw if one.blocks is not None and len(one.blocks)), None)
    if raw is None or raw.blocks is None or not len(log.times):
        raise UsageError("no_arrival", f"{trial.file or 'trial'}: it is not known when its samples arrived, so the "
                         "camera's clock has to be joined by what both have seen")  # fmt: skip
    ends = (raw.blocks[:, 0] + raw.blocks[:, 1]) / raw.rate
    force = float(np.min(raw.blocks[:, 2] / 1e9 - ends))  # the block that came with the least delay
    readout = log.facts.get("readout")
    lasts = float(readout) if isinstance(readout, float | int) else 0.0
    taken = log.times + (0.5 * np.nan_to_num(log.exposure) + lasts if log.clock == "device" else 0.0)
    film = float(np.nanmin(log.arrived / 1e9 - taken))
    return film - force, LATE_S


def beside(clip: Path) -> Path:
    """Where the log of a clip is."""
    return clip.with_name(clip.stem + SUFFIX)


def read_log(path: str | Path) -> CameraLog:
    """The log of a recorded clip; a last line that was cut off is left out.

    Raises
    ------
    ReadError : it cannot be read, or is none.
    """
    path = Path(path)
    heads: list[dict[str, Any]] = []
    frames: list[tuple[float, float, int, int, float]] = []
    gaps: list[Gap] = []
    last: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b"")):
                if not line.endswith(b"\n") or len(frames) + len(gaps) > 2 * MAX_FRAMES:
                    break
                row = json.loads(line)
                if number == 0:
                    heads.append(row)
                elif "frame" in row:
                    frames.append(_frame(row))
                elif "gap" in row:
                    first, samples, code, text = row["gap"]
                    gaps.append(Gap(first_sample=int(first), samples=int(samples), code=str(code), text=str(text)))
                else:
                    last = dict(row)
        if not heads or heads[0].get("schema") != SCHEMA:
            raise ReadError("camera_log", f"{path}: is no log of a camera; give the one that was written with the clip")
    except OSError as why:
        raise ReadError("cannot_open", f"{path}: cannot be read ({why.strerror or why}); check the name") from None
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, RecursionError):
        raise ReadError("camera_log", f"{path}: line {number + 1} is none of a camera's log; copy it again") from None
    return _log(path, heads[0], frames, tuple(gaps), last)


def _log(
    path: Path, head: dict[str, Any], frames: list[tuple[float, float, int, int, float]], gaps: tuple[Gap, ...],
    last: Mapping[str, Any],
) -> CameraLog:  # fmt: skip
    times, device, arrived, numbers, exposure = zip(*frames, strict=True) if frames else ((),) * 5
    return CameraLog(path=path, times=np.array(times), device=np.array(device), arrived=np.array(arrived, np.int64),
                     numbers=np.array(numbers, np.int64), exposure=np.array(exposure),
                     clock=str(head.get("clock", "host")), gaps=gaps, facts=MappingProxyType(head),
                     end=str(last.get("end", "it was broken off")), sha256=str(last.get("sha256", "")))  # fmt: skip


def _frame(row: Mapping[str, Any]) -> tuple[float, float, int, int, float]:
    return (
        float(row["t"]),
        _number(row["device"]),
        _whole(row["host_ns"]),
        _whole(row["number"]),
        _number(row["exposure"]),
    )


def _whole(value: Any) -> int:
    return int(np.int64(int(value)))  # refuses what does not fit


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def up_to(rows: Iterable[bytes], frames: int) -> Iterator[bytes]:
    """The whole lines of a log before a frame."""
    for row in rows:
        if not row.endswith(b"\n") or json.loads(row).get("frame", 0) >= frames:
            return
        yield row


def line(**facts: Any) -> bytes:
    """One line of a log; what is no number is null."""
    plain = {key: None if isinstance(value, float) and not math.isfinite(value) else value
             for key, value in facts.items()}  # fmt: skip
    return json.dumps(plain, allow_nan=False, default=str).encode() + b"\n"
