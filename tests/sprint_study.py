"""How often u95 of a sprint profile covers the truth: the command behind the table of docs/sprint-profile.md.

python tests/sprint_study.py --seeds 2000            every cell
python tests/sprint_study.py --cell radar            the cells whose name holds this
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hipdrive.acquisition.simulated.sprinter import simulate_sprint
from hipdrive.analysis.sprint_profile import sprint
from hipdrive.results import Analysis
from hipdrive.timedrun import TimedRun

FIELDS = (
    "max_sprint_speed", "tau", "max_acceleration", "time_shift", "run_start", "F0", "F0_per_kg", "V0", "Pmax",
    "Pmax_per_kg", "fv_slope", "RFmax", "DRF", "kinematic_peak_power", "model_time_5m", "model_time_10m",
    "model_time_20m", "model_time_30m", "split_time_10m", "split_time_30m", "fly_time_10m", "fly_speed_10m",
)  # fmt: skip
LOW, HIGH = 92.0, 98.0
"""% that the truth must be covered in."""


@dataclass(frozen=True)
class Cell:
    """One population of simulated sprinters; `together` is how much of a radar's noise the next sample keeps."""

    name: str
    kind: str
    gates: tuple[float, ...] = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
    noise: float = 0.005
    together: float = 0.0


CELLS = (
    Cell("splits, 8 gates", "splits"),
    Cell("splits, 6 gates", "splits", (5.0, 10.0, 15.0, 20.0, 30.0, 40.0)),
    Cell("splits, 5 gates", "splits", (5.0, 10.0, 20.0, 30.0, 40.0)),
    Cell("splits, 8 gates, 15 ms", "splits", noise=0.015),
    Cell("radar", "velocity", noise=0.15),
    Cell("radar, noise that stays", "velocity", noise=0.15, together=0.6),
    Cell("laser", "positions", noise=0.015),
)


def runs(cell: Cell, seeds: Sequence[int]) -> Iterator[TimedRun]:
    """The sprinters of a cell: exact runs, to which the noise is added here."""
    for seed in seeds:
        exact = simulate_sprint(cell.kind, seed=seed, gates=cell.gates, noise=0.0)
        rng = np.random.default_rng([seed, 21])
        white = rng.standard_normal(len(exact.time))
        noise = white.copy()
        for i in range(1, len(noise) if cell.together else 0):
            noise[i] = cell.together * noise[i - 1] + np.sqrt(1.0 - cell.together**2) * white[i]
        name = "time" if cell.kind == "splits" else "value"
        yield replace(exact, **{name: getattr(exact, name) + cell.noise * noise})


def coverage(cell: Cell, seeds: Sequence[int]) -> dict[str, tuple[float, float, int]]:
    """Field -> % covered, median u95, how many."""
    told = list(runs(cell, seeds))
    exact = list(runs(replace(cell, noise=0.0), seeds))
    clean, noisy = sprint(exact), sprint(told)
    found: dict[str, tuple[float, float, int]] = {}
    for field in FIELDS:
        errors, doubts = [], []
        for run, still, one in zip(told, clean, noisy, strict=True):
            value = _value(one, field)
            true = run.truth.get(field, run.truth.get(field.replace("split", "model"), _value(still, field)[0]))
            if np.isfinite(value[1]) and np.isfinite(true) and value[1] > 0.0:
                errors.append(abs(value[0] - true))
                doubts.append(value[1])
        if errors:
            covered = 100.0 * float(np.mean(np.array(errors) <= np.array(doubts)))
            found[field] = (covered, float(np.median(doubts)), len(errors))
    return found


def _value(one: Analysis, field: str) -> tuple[float, float]:
    if not one.reps or (field == "time_shift" and one.provenance["kind"] != "splits"):
        return np.nan, np.nan  # of a radar it counts from where the athlete is first seen to move
    if field == "run_start":
        event = one.reps[0].events[field]
        return event.t, event.u95
    value = one.reps[0][field]
    return value.value, value.u95


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where a number lies outside its limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--cell", default="")
    asked = parser.parse_args(arguments)
    outside = 0
    for cell in CELLS:
        if asked.cell not in cell.name:
            continue
        print(f"\n{cell.name}, {asked.seeds} sprinters")
        for field, (covered, u95, count) in coverage(cell, range(asked.seeds)).items():
            wrong = not LOW <= covered <= HIGH
            outside += wrong
            print(
                f"  {field:22s} {covered:5.1f} %  u95 {u95:9.4f}  n {count}{'  OUTSIDE' if wrong else ''}", flush=True
            )
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
