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
from hipdrive.analysis.analyse import analyse_many
from hipdrive.analysis.registry import headline
from hipdrive.trial import Trial

MORE = {"cmj": ("system_weight", "flight_time"), "sj": ("system_weight", "flight_time"),
        "dj": ("system_weight", "jump_height_tov", "touchdown_velocity", "rsi_ft"),
        "isometric": (
            "system_weight", "iso_pull_length", "iso_mean_force", "iso_initiation_threshold",
            *(f"iso_{kind}_{ms}ms" for ms in (50, 90, 100, 150, 200, 250)
              for kind in ("force_at", "net_force_at", "rfd_0", "impulse_0", "gross_impulse_0")))}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One population of simulated trials."""

    name: str
    test: str
    varied: bool = False
    edge: str | None = None


CELLS = tuple(Cell(f"{test} 1 kHz 1.5 N", test) for test in ("cmj", "sj", "dj", "isometric")) + tuple(
    Cell(f"{test} varied", test, varied=True) for test in ("cmj", "sj", "dj", "isometric")
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
    held = list(trials(cell, seeds))
    table = analyse_many(held, test=cell.test)
    assert list(table.trial) == list(range(len(held))), "every trial gives exactly one repetition"
    rows = []
    for field in dict.fromkeys((*headline(cell.test), *MORE[cell.test])):
        truth = np.array([t.truth[field] for t in held])  # type: ignore[index]
        error = table[field] - truth
        covered = np.abs(error) <= table.u95[field]
        rows.append(Row(cell.name, field, len(held), 100.0 * float(covered.mean()), float(np.median(table.u95[field])),
                        float(np.abs(error).max()), float(np.median(error))))  # fmt: skip
    return rows


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
