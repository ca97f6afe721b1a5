"""An hour of recording, every sample checked down to the checksum in the file: a proof too long for every change.

python tests/soak.py --minutes 60 --channels 16 --rate 10000
python tests/soak.py --minutes 0.2 --channels 4 --rate 1000       in the tests
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import h5py
import ramps

from hipdrive.acquisition.recorder import Chunk, Recorder, record


def main() -> int:
    """Record, look at each new sample as a window would, and compare the file with the ramp."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=60.0)
    asked.add_argument("--channels", type=int, default=16)
    asked.add_argument("--rate", type=float, default=10_000.0)
    asked.add_argument("--folder", type=Path, default=None)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        return soak(told.minutes, told.channels, told.rate, Path(folder) / "soak.h5")


def soak(minutes: float, channels: int, rate: float, file: Path) -> int:
    """How many counts were lost, doubled or wrong."""
    made, samples = ramps.rig(channels, rate), round(60.0 * minutes * rate)
    seen = bad = lost = 0
    costs, minute = [], [time.process_time(), 0]

    def look(recorder: Recorder, chunk: Chunk) -> bool:
        nonlocal seen, bad, lost
        counts = chunk.counts["ni0"]
        lost += chunk.lost
        bad += ramps.wrong(counts, chunk.first_sample)
        seen += len(counts)
        if recorder.seconds >= 60.0 * (minute[1] + 1):
            costs.append(time.process_time() - minute[0])
            minute[:] = [time.process_time(), minute[1] + 1]
            print(f"minute {minute[1]}: {costs[-1]:.2f} s CPU, {seen} samples", flush=True)
        return False

    trial = record(made, seconds=60.0 * minutes, sources=ramps.devices(made), until=look, file=file)
    with h5py.File(file) as stored:
        group = stored["raw/ni0"]
        shape, sha256 = group["counts"].shape, group.attrs["sha256"]
    sha256 = sha256.decode() if isinstance(sha256, bytes) else sha256
    right = sha256 == ramps.digest(samples, channels)
    print(f"{channels} channels at {rate:g} Hz for {minutes:g} min: {shape[0]} of {samples} samples in the file, "
          f"checksum {'right' if right else 'WRONG'}")  # fmt: skip
    print(f"a looker saw {seen}, {lost} lost, {bad} wrong; {trial.end_reason or 'no gap'}")
    if len(costs) > 1:
        print(f"CPU of a minute: first {costs[0]:.2f} s, last {costs[-1]:.2f} s")  # fmt: skip
    return int(not right or shape != (samples, channels) or bool(lost or bad or seen != samples))


if __name__ == "__main__":
    sys.exit(main())
