"""How often u95 of a step's numbers holds the truth: `python tests/steps_study.py --seeds 2000`, half an hour."""

import argparse
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

import hipdrive as hd
from hipdrive.analysis.analyse import analyse

CELLS: dict[str, dict[str, Any]] = {
    "1 kHz, 2 N": {"noise": 2.0},
    "500 Hz, 1 N, not zeroed": {"rate": 500.0, "noise": 1.0, "offset": 15.0},
    "2 kHz, 4 N, drift": {"rate": 2000.0, "noise": 4.0, "drift": 1.0},
    "accelerating": {"push": 25.0, "velocity": 4.0},
    "treadmill": {"treadmill": True, "contacts": 8},
}

GIVEN = ("effective_vertical_impulse", "vertical_stiffness_run")
"""Numbers whose u95 holds the error of a given mass (0.1 kg), which simulated masses do not have: held too often."""


def held(cell: str, seeds: Iterable[int]) -> dict[str, float]:
    """How often each number holds the truth, %."""
    found: dict[str, list[bool]] = defaultdict(list)
    for seed in seeds:
        trial = hd.simulate("steps", seed=seed, **CELLS[cell])
        assert trial.truth is not None
        analysis = analyse(trial, test="steps")
        assert len(analysis.reps) == len(trial.truth.reps), (cell, seed, analysis.why)
        for rep, truth in zip(analysis.reps, trial.truth.reps, strict=True):
            for field, exact in truth["values"].items():
                if field in rep:
                    found[field].append(bool(abs(rep[field].value - exact) <= rep[field].u95))
    return {field: 100.0 * float(np.mean(hits)) for field, hits in found.items()}


def outside(cell: str, seeds: Iterable[int], low: float, high: float) -> dict[str, float]:
    """The numbers that hold the truth too seldom or too often."""
    return {field: share for field, share in held(cell, seeds).items()
            if not low <= share <= (100.0 if field in GIVEN else high)}  # fmt: skip


def main() -> None:
    """Print a table, a line a number, a column a cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    shares = {cell: held(cell, range(parser.parse_args().seeds)) for cell in CELLS}
    print("| number |", " | ".join(shares), "|")
    for field in shares["1 kHz, 2 N"]:
        print(f"| `{field}` |", " | ".join(f"{each.get(field, float('nan')):.1f}" for each in shares.values()), "|")


if __name__ == "__main__":
    main()
