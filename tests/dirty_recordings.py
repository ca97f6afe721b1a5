"""What becomes of dirty recordings: the command behind the tables of docs/quality.md.

python tests/dirty_recordings.py --seeds 200          every fault, done to 200 simulated trials of each test
python tests/dirty_recordings.py --real               every real recording in HIPDRIVE_DATA
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from faults import FAULTS, Named

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.results import Analysis
from hipdrive.trial import Trial

LIMITS = {"jump_height_tov": 0.020, "takeoff_velocity": 0.060, "jump_height_ft": 0.010, "flight_time": 0.005,
          "contact_time": 0.004, "drop_height": 0.050, "touchdown_velocity": 0.20, "system_weight": 5.0,
          "countermovement_depth": 0.030, "time_to_takeoff": 0.030, "rsi_modified": 0.05, "rsi_jh": 0.06,
          "peak_landing_force": 150.0}  # fmt: skip
"""How wrong a number of a trial called ok may be, unless three times its own u95 says more."""


@cache
def clean(test: str, seed: int) -> Trial:
    """A clean trial, of one plate or two."""
    return simulate(test, seed=seed, plates=1 + seed % 2)


def dirty(fault: Named, test: str, seed: int) -> Trial:
    """The same with a fault."""
    rng = np.random.default_rng([seed, *map(ord, fault.name)])
    return fault.spoil(clean(test, seed), rng)


def wrong(trial: Trial, analysis: Analysis) -> str:
    """The first number that is wrong by more than its limit and three times its u95, with truth; "" if none is."""
    assert trial.truth is not None
    for rep in analysis.reps:
        for name, limit in LIMITS.items():
            if name in rep and name in trial.truth and rep[name].code is None:
                error = rep[name].value - trial.truth[name]
                if abs(error) > max(limit, 3.0 * float(np.nan_to_num(rep[name].u95))):
                    return f"{name} {rep[name].value:.4g} instead of {trial.truth[name]:.4g}"
    return ""


@dataclass
class Tally:
    """What became of the trials of one fault and test."""

    right: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    silent: list[tuple[int, str]] = field(default_factory=list)
    flagged_right: int = 0

    def text(self) -> str:
        """As a cell of the table."""
        parts = [f"right {self.right}"] if self.right else []
        parts += [f"{name} {n}" for name, n in self.flagged.most_common(2)]
        parts += [f"**{name}** {n}" for name, n in self.refused.most_common(2)]
        return ", ".join(parts + ([f"SILENT {len(self.silent)}"] if self.silent else []))


def warnings(analysis: Analysis) -> list[str]:
    """The checks that warn or fail, but for the count of missing numbers."""
    return [f.check for f in analysis.quality if f.level != "info" and f.check != "missing_headline"]


def judged(fault: Named, test: str, seeds: Sequence[int]) -> Tally:
    """Every seed of one fault and test."""
    tally = Tally()
    for seed in seeds:
        trial = dirty(fault, test, seed)
        analysis = analyse(trial, test=fault.declared or None)
        if analysis.status == "refused":
            tally.refused[analysis.code or ""] += 1
        elif analysis.status == "flagged":
            said = warnings(analysis) or [rep[n].code or "" for rep in analysis.reps for n in analysis.headline]
            tally.flagged[next(filter(None, said), "flagged")] += 1
            tally.flagged_right += not wrong(trial, analysis)
        elif error := wrong(trial, analysis):
            tally.silent.append((seed, error))
        else:
            tally.right += 1
    return tally


def table(seeds: Sequence[int], only: str = "") -> Iterator[tuple[str, str, Tally]]:
    """Fault, test, tally."""
    for fault in FAULTS:
        for test in fault.tests:
            if only in fault.name:
                yield fault.name, test, judged(fault, test, seeds)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit 1 if an error was silent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--fault", default="")
    args = parser.parse_args(argv)
    silent = 0
    for name, test, tally in table(range(args.seeds), args.fault):
        silent += len(tally.silent)
        print(f"| {name} | {test} | {tally.text()} |", *tally.silent[:3], flush=True)
    return int(silent > 0)


if __name__ == "__main__":
    sys.exit(main())
