"""How often u95 covers the truth: the command behind the coverage table of docs/uncertainty.md.

python tests/coverage_study.py --seeds 2000          every cell, seeds 0 to 1999, none skipped
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import headline
from hipdrive.trial import Floats, Trial

MORE = {"cmj": ("system_weight", "flight_time"), "sj": ("system_weight", "flight_time"),
        "dj": ("system_weight", "jump_height_tov", "touchdown_velocity", "rsi_ft"),
        "cmj_rebound": ("system_weight", "takeoff_velocity", "cmj_rebound_rsi_jh_tov", "cmj_rebound_flight_time"),
        "hops": ("system_weight", "hop_rsi_ft", "hop_mean_force", "contact_displacement")}  # fmt: skip

SERIES = ("rsi_10_5", "hop_mean_contact_time", "hop_mean_jump_height_ft", "hop_cv_rsi", "hop_fatigue_index",
          "hop_total_contact_time", "hop_top3_rsi")  # fmt: skip
"""Numbers over a series of hops; the others are those of one hop of each trial, the seventh."""

HOP = 6


@dataclass(frozen=True)
class Cell:
    """One population of simulated trials."""

    name: str
    test: str
    varied: bool = False
    edge: str | None = None


TESTS = ("cmj", "sj", "dj", "cmj_rebound", "hops")

CELLS = tuple(Cell(f"{test} 1 kHz 1.5 N", test) for test in TESTS) + tuple(
    Cell(f"{test} varied", test, varied=True) for test in TESTS
)
"""Plain: 1 kHz, 1.5 N. Varied: 0.5 to 4 N, offset within 10 N, 500, 1000 or 2000 Hz, drawn by the seed."""


def trials(cell: Cell, seeds: Sequence[int]) -> Iterator[Trial]:
    """The simulated trials of a cell."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 20])
        noise, offset = float(rng.uniform(0.5, 4.0)), float(rng.uniform(-10.0, 10.0))
        rate = float(rng.choice([500.0, 1000.0, 2000.0]))
        if cell.varied:
            yield simulate(cell.test, seed=seed, edge=cell.edge, noise=noise, offset=offset, rate=rate)
        else:
            yield simulate(cell.test, seed=seed, edge=cell.edge)


@dataclass(frozen=True)
class Row:
    """Coverage of one field in one cell, %, with the median u95 and the largest error."""

    cell: str
    field: str
    n: int
    covered: float
    u95: float
    largest: float
    bias: float


def study(cell: Cell, seeds: Sequence[int]) -> list[Row]:
    """Coverage of every headline number; a missing number counts as not covered."""
    found = hops(cell, seeds) if cell.test == "hops" else jumps(cell, seeds)
    rows = []
    for field, (value, u95, truth) in found.items():
        error = value - truth
        covered = np.abs(error) <= u95
        rows.append(Row(cell.name, field, len(seeds), 100.0 * float(covered.mean()), float(np.median(u95)),
                        float(np.abs(error).max()), float(np.median(error))))  # fmt: skip
    return rows


def jumps(cell: Cell, seeds: Sequence[int]) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Values, u95 and truth by field, of tests with one repetition a trial."""
    held = list(trials(cell, seeds))
    table = analyse_many(held, test=cell.test)
    assert list(table.trial) == list(range(len(held))), "every trial gives exactly one repetition"
    fields = dict.fromkeys((*headline(cell.test), *MORE[cell.test]))
    truths = {field: np.array([t.truth[field] for t in held]) for field in fields}  # type: ignore[index]
    return {field: (table[field], table.u95[field], truth) for field, truth in truths.items()}


def hops(cell: Cell, seeds: Sequence[int]) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Values, u95 and truth by field, of one hop of each series and of the series."""
    cells: dict[str, list[tuple[float, float, float]]] = {}
    for trial in trials(cell, seeds):
        analysis, truth = analyse(trial), trial.truth
        assert truth is not None and len(analysis.reps) == len(truth.reps), "every hop is found, and nothing else"
        rep, known = analysis.reps[HOP], truth.reps[HOP]["values"]
        for field in dict.fromkeys((*headline("hops"), "vertical_stiffness_peak", *MORE["hops"])):
            cells.setdefault(field, []).append((rep[field].value, rep[field].u95, known[field]))
        for field in SERIES:
            value = analysis.summary[field]
            cells.setdefault(field, []).append((value.value, value.u95, truth[field]))
    return {field: tuple(np.array(found).T) for field, found in cells.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit 1 if a cell lies outside the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--low", type=float, default=92.0)
    parser.add_argument("--high", type=float, default=98.0)
    parser.add_argument("--cell", default="")
    args = parser.parse_args(argv)
    outside = 0
    print(f"{'cell':18} {'field':24} {'n':>5} {'covered %':>9} {'median u95':>11} {'max error':>10} {'bias':>10}")
    for cell in CELLS:
        if args.cell not in cell.name:
            continue
        for row in study(cell, range(args.seeds)):
            bad = not args.low <= row.covered <= args.high
            outside += bad
            print(f"{row.cell:18} {row.field:24} {row.n:5d} {row.covered:9.1f} {row.u95:11.3g} {row.largest:10.3g} "
                  f"{row.bias:10.2g}{'  outside' if bad else ''}", flush=True)  # fmt: skip
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
