"""What becomes of dirty recordings: the command behind the tables of docs/quality.md.

python tests/dirty_recordings.py --seeds 200          every fault, done to 200 simulated trials of each test
python tests/dirty_recordings.py --real               every real recording in HIPDRIVE_DATA
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from faults import FAULTS, UNSEEN, Named

from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.results import Analysis
from hipdrive.trial import Trial
from hipdrive.units import text

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

    def text(self) -> str:
        """As cells of the table."""
        cells = (", ".join(f"`{name}` {n}" for name, n in of.most_common(3)) for of in (self.flagged, self.refused))
        return f"{self.right or ''} | {' | '.join(cells)} | {len(self.silent)}"


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
        elif error := wrong(trial, analysis):
            tally.silent.append((seed, error))
        else:
            tally.right += 1
    return tally


def table(seeds: Sequence[int], faults: Sequence[Named], only: str = "") -> Iterator[tuple[str, str, Tally]]:
    """Fault, test, tally."""
    for fault in faults:
        for test in fault.tests:
            if only in fault.name:
                yield fault.name, test, judged(fault, test, seeds)


HEAD = "| fault | test | right | flagged by | refused, code | silent |\n|---|---|---|---|---|---|"


def real(folder: Path) -> Iterator[str]:
    """A row for every file that holds forces of somebody: what became of it."""
    for file, options in sorted(REAL.items()):
        trial = read(folder / file, **options)
        analysis = analyse(trial)
        said = list(dict.fromkeys(w for w in warnings(analysis)))
        heights = ", ".join(text(rep["jump_height_ft"].value, "m", rep["jump_height_ft"].u95) for rep in analysis.reps
                            if rep["jump_height_ft"].code is None)  # fmt: skip
        why = f"`{analysis.code}`" if analysis.code else analysis.test
        yield f"| {file} | {analysis.status}, {why} | {heights} | {', '.join(f'`{name}`' for name in said)} |"


HERTZ = {
    "bmc_vertical_jump/GRFZjump.txt": 600, "bmc_vertical_jump/GRFZjump_m.txt": 300,
    "bmc_vertical_jump/GRFZjump_n.txt": 300, "dryft_treadmill_run/custom_drift_S001runT25.csv": 300,
    **{f"gidiel_cmj_sj_dj/{k}-{t}-Fz.txt": 1000 for k in ("Dual", "Single") for t in ("CMJ", "SJ", "DJ")},
    "jumpmetrics_cmj_sj/F02_CTRL1.txt": 2000, "jumpmetrics_cmj_sj/FHOC_P30_SQT300007.txt": 1000,
    "jumpmetrics_cmj_sj/FHOC_P31_SQT900020.txt": 1000,
    "quiet_standing_dualplate/Control 0 trial 0.txt": 100, "quiet_standing_dualplate/Control 1 trial 0.txt": 100,
}  # fmt: skip
"""Recordings that do not say their rate, and what it is, Hz."""

TIMED = (
    *(f"acl_squat_jump/BFR0{n}_squat_jump.csv" for n in ("07", "10", "12")),
    "bmc_vertical_jump/jump1.txt", "bmc_vertical_jump/jump2.txt",
    "btk_vendor_formats/amti_asc/Trial1-FxFyFzMxMyMz.asc",
    "jumpmetrics_cmj_sj/cmj_jumpmetrics_converted.csv",
    *(f"opencap_lab_subject4/{name}_grf.mot" for name in ("DJ1", "DJ2", "DJ3", "DJAsym1", "squats1", "static1")),
)  # fmt: skip
"""Recordings that do."""

REAL: dict[str, dict[str, Any]] = {
    **{name: {} for name in TIMED}, **{name: {"rate": rate} for name, rate in HERTZ.items()},
}  # fmt: skip
"""Real recordings and what has to be said about them to be read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; exit 1 if an error was silent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--fault", default="", help="only those whose name holds this")
    parser.add_argument("--real", action="store_true")
    args = parser.parse_args(argv)
    if args.real:
        print("| file | verdict | height by flight time | checks that warn |\n|---|---|---|---|")
        for row in real(Path(os.environ.get("HIPDRIVE_DATA", "../shared/data"))):
            print(row)
        return 0
    silent = 0
    for faults in (FAULTS, UNSEEN):
        print(HEAD)
        for name, test, tally in table(range(args.seeds), faults, args.fault):
            silent += len(tally.silent) * (faults is FAULTS)
            print(f"| {name} | {test} | {tally.text()} |", flush=True)
            for seed, error in tally.silent[:3] if faults is FAULTS else ():
                print(f"{name}, {test}, seed {seed}: {error}", file=sys.stderr)
        print()
    return int(silent > 0)


if __name__ == "__main__":
    sys.exit(main())
