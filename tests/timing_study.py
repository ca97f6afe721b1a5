"""How well joint timing is known: the linkage's true delays against what hipdrive says, over many seeds.

python tests/timing_study.py --seeds 2000          prints the table of docs/hip-drive.md
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.moving import value_of
from hipdrive.analysis.profile import load_profile
from hipdrive.analysis.registry import METRICS, load_builtin
from hipdrive.analysis.seen import drive

FIELDS = ("hip_peak_extension_velocity_time", "knee_peak_extension_velocity_time", "ankle_peak_extension_velocity_time",
          "hip_knee_delay", "knee_ankle_delay", "hip_extension_onset", "onset_sequence_hip_knee", "force_to_hip_onset",
          "hip_extension_at_toeoff", "hip_velocity_at_peak_force", "hip_peak_extension_velocity",
          "hip_drive_index")  # fmt: skip

SHOWN = {"s": (1000.0, "ms"), "deg": (1.0, "°"), "deg/s": (1.0, "°/s"), "1": (1.0, ""), "%": (1.0, "%")}

BRISK = {"duration": 0.34}
"""An extension as fast as METRICS.md 13 has it (hip 500-900 deg/s); the linkage's own default is slower."""

CELLS: Mapping[str, Mapping[str, Any]] = {
    "60 fps, 0.7° as pose": {"frame_rate": 60.0, **BRISK},
    "60 fps, 0.7° half white": {"frame_rate": 60.0, "angle_noise": 0.5, "angle_white": 0.5, **BRISK},
    "120 fps, 0.7° as pose": {"frame_rate": 120.0, **BRISK},
    "240 fps, 0.7° as pose": {"frame_rate": 240.0, **BRISK},
    "60 fps uneven, 0.7°": {"frame_rate": 60.0, "frame_jitter": 0.004, **BRISK},
    "60 fps, 1.5° as pose": {"frame_rate": 60.0, "angle_noise": 1.5, **BRISK},
    "60 fps, 0.7°, slower jump": {"frame_rate": 60.0},
}
"""What is tried: name -> settings of the linkage. The first is the one of the issue."""


class Row(NamedTuple):
    """A field over the seeds: how many were given and refused, and of the given ones bias, SD, median u95, coverage."""

    field: str
    given: int
    refused: int
    bias: float
    sd: float
    u95: float
    coverage: float


def errors(seeds: int, first: int, settings: Mapping[str, Any], test: str = "cmj") -> Iterator[dict[str, Any]]:
    """Of each seed: field -> error and u95, NaN where refused."""
    load_builtin()
    profile = load_profile("hipdrive")
    for seed in range(first, first + seeds):
        trial = simulate_motion(test, seed=seed, **settings)
        assert trial.truth is not None
        still = trial.with_facts(tracks=())
        reps = analyse(still).reps
        if len(reps) != 1:
            continue
        angles = trial.with_facts(tracks=tuple(t for t in trial.tracks if t.kind == "angles"))
        moved = drive(angles, reps[0].events, test, profile)
        assert not isinstance(moved, str)
        truth = {**trial.truth.values, **trial.truth.events}
        found = {}
        for field in FIELDS:
            value = value_of(METRICS[field].function, moved, METRICS[field].unit, "")
            found[field] = (value.value - truth[field], value.u95)
        yield found


def table(seeds: int, settings: Mapping[str, Any], first: int = 0, test: str = "cmj") -> list[Row]:
    """The rows of one cell."""
    return summed(list(errors(seeds, first, settings, test)))


def summed(found: list[dict[str, Any]]) -> list[Row]:
    """The rows over the seeds."""
    rows = []
    for field in FIELDS:
        pairs = np.array([one[field] for one in found])
        error, width = pairs[np.isfinite(pairs[:, 0])].T
        bias, sd = (float(error.mean()), float(error.std())) if len(error) else (np.nan, np.nan)
        inside = float(100.0 * np.mean(np.abs(error) <= width)) if len(error) else np.nan
        rows.append(Row(field, len(error), len(pairs) - len(error), bias, sd, float(np.median(width)), inside))
    return rows


def main() -> None:
    """Print a table of each cell."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seeds", type=int, default=200, help="of each cell")
    ask.add_argument("--cells", type=int, default=1, help="how many of the cells; the first is that of the issue")
    ask.add_argument("--test", default="cmj", choices=("cmj", "sj", "dj"))
    ask.add_argument("--first", type=int, default=0, help="first seed")
    ask.add_argument("--part", help="a file (.json) in which the seeds done so far are kept, to go on with")
    asked = ask.parse_args()
    if asked.part:
        kept = Path(asked.part)
        done = json.loads(kept.read_text()) if kept.exists() else []
        done += list(errors(asked.seeds, asked.first, next(iter(CELLS.values())), asked.test))
        kept.write_text(json.dumps(done))
        show(f"{asked.test}, {next(iter(CELLS))}: {len(done)} seeds", summed(done))
        return
    for name, settings in list(CELLS.items())[: asked.cells]:
        began = time.monotonic()
        rows = table(asked.seeds, settings, asked.first, asked.test)
        show(f"{asked.test}, {name}: {asked.seeds} seeds, {time.monotonic() - began:.0f} s", rows)


def show(title: str, rows: list[Row]) -> None:
    """Print the rows."""
    print(
        f"\n{title}\n\n| Field | given | refused | bias | SD | median u95 | coverage |\n|---|---|---|---|---|---|---|"
    )
    for row in rows:
        factor, unit = SHOWN[METRICS[row.field].unit]
        bias, sd, u95 = (f"{factor * x:.3g} {unit}".strip() for x in (row.bias, row.sd, row.u95))
        print(f"| `{row.field}` | {row.given} | {row.refused} | {bias} | {sd} | {u95} | {row.coverage:.1f} % |")


if __name__ == "__main__":
    main()
