"""The sound of a clip, on the clip's own clock."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from hipdrive.acquisition.video.container import FAULTS, opened, reason
from hipdrive.errors import ReadError
from hipdrive.trial import Signal

MAX_SAMPLES = 200_000_000
"""More than an hour at 48 kHz."""

APART_S = 0.02
"""s by which a piece of sound may be away from the end of the one before; farther is a gap, which is silence."""


def sound_of(path: Path, time_scale: float = 1.0) -> Signal | None:
    """All sound of a file as one channel; None where it has none.

    Raises
    ------
    ReadError : it cannot be decoded, or its times go back.
    """
    with opened(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        rate = stream.rate
        mono = av.AudioResampler(format="dbl", layout="mono")
        pieces: list[np.ndarray] = []
        start, count = 0.0, 0
        try:
            for frame in container.decode(stream):
                if frame.time is None:
                    raise ReadError("no_times", f"{path}: its sound has no times; export it again")
                if not pieces:
                    start = frame.time
                missing = round((frame.time - start) * rate) - count
                if missing < -APART_S * rate:
                    raise ReadError("sound_times", f"{path}: its sound goes back at {frame.time:.2f} s; export it "
                                    "again")  # fmt: skip
                if missing > APART_S * rate:
                    _check_length(count + missing, path)
                    pieces.append(np.zeros(missing))
                    count += missing
                frame.pts = None  # the resampler would look for gaps itself, in another unit
                for part in mono.resample(frame):
                    pieces.append(part.to_ndarray()[0])
                    count += len(pieces[-1])
                _check_length(count, path)
        except FAULTS as why:
            raise ReadError("damaged", f"{path}: its sound is damaged at {start + count / rate:.1f} s "
                            f"({reason(why)}); copy it from the camera again") from None  # fmt: skip
    if not pieces:
        return None
    return Signal(name=f"{path.stem}.sound", values=np.concatenate(pieces), rate=rate / time_scale, unit="1",
                  t0=start * time_scale)  # fmt: skip


def _check_length(samples: int, path: Path) -> None:
    if samples > MAX_SAMPLES:
        raise ReadError(
            "too_long", f"{path}: has more than {MAX_SAMPLES:,} samples of sound; cut it into single trials"
        )
