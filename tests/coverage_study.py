"""How often u95 covers the truth: the command behind the coverage tables of docs/uncertainty.md.

python tests/coverage_study.py --seeds 2000          every cell, seeds 0 to 1999, none skipped
python tests/coverage_study.py --cell "cmj sway"     the cells whose name holds this
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse_many
from hipdrive.trial import Trial

TESTS = ("cmj", "sj", "dj")
LOW, HIGH = 92.0, 98.0
"""% that the truth must be covered in."""

LIMITED = 88.0
"""% in the cells for which METRICS.md 20 names a limit: soft edges alone, slow sway."""

PIECE = 250
"""Trials that are held together."""


@dataclass(frozen=True)
class Cell:
    """One population of simulated trials."""

    name: str
    test: str
    varied: bool = True
    edge: str | None = None
    drift: float = 0.0
    sway: tuple[float, float] = (0.0, 0.0)

    @property
    def low(self) -> float:
        """Least coverage, %."""
        return LIMITED if self.edge == "soft" or self.sway[1] > 0.0 else LOW


KINDS = {
    "plain": {"varied": False},
    "varied": {},
    "soft": {"edge": "soft"},
    "drift": {"drift": 0.1},
    "sway": {"sway": (0.5, 1.5)},
    "sway+drift": {"sway": (0.5, 1.5), "drift": 0.1},
}
"""Plain: 1 kHz, 1.5 N, else 0.5 to 4 N and 500, 1000 or 2000 Hz; all with an offset within 10 N, 50 to 110 kg, steep
and soft edges mixed and a share of each foot that moves to and fro. Soft: soft edges alone. Drift: within 0.1 N/s.
Sway: 0.5 to 1.5 N at 0.15 to 0.6 Hz, with its velocity."""

CELLS = tuple(Cell(f"{test} {kind}", test, **how) for kind, how in KINDS.items() for test in TESTS)  # type: ignore[arg-type]


def trials(cell: Cell, seeds: Sequence[int]) -> Iterator[Trial]:
    """The simulated trials of a cell."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 20])
        noise, offset = float(rng.uniform(0.5, 4.0)), float(rng.uniform(-10.0, 10.0))
        rate = float(rng.choice([500.0, 1000.0, 2000.0]))
        drift, sway = float(rng.uniform(-cell.drift, cell.drift)), float(rng.uniform(*cell.sway))
        varied = {"noise": noise, "offset": offset, "rate": rate} if cell.varied else {}
        yield simulate(cell.test, seed=seed, edge=cell.edge, drift=drift, sway=sway, share_swing=0.05, **varied)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Row:
    """Coverage of one field in one cell, %, with the median u95, the largest error and the median one."""

    cell: str
    field: str
    n: int
    covered: float
    u95: float
    largest: float
    bias: float


def fields_of(test: str) -> list[str]:
    """Every number with a known answer that states an uncertainty: all but flags, and those with a stated reason."""
    truth = simulate(test, seed=0).truth
    assert truth is not None
    return [name for name in truth.values if name not in NONE_STATED]


NONE_STATED: frozenset[str] = frozenset()
"""Numbers with a known answer and no u95; docs/uncertainty.md says why."""


def study(cell: Cell, seeds: Sequence[int]) -> list[Row]:
    """Coverage of every field; a missing number, or one without u95, counts as not covered."""
    fields = fields_of(cell.test)
    errors, widths = [], []
    for first in range(0, len(seeds), PIECE):
        held = list(trials(cell, seeds[first : first + PIECE]))
        table = analyse_many(held, test=cell.test)
        assert list(table.trial) == list(range(len(held))), "every trial gives exactly one repetition"
        errors.append([table[f] - np.array([t.truth[f] for t in held]) for f in fields])  # type: ignore[index]
        widths.append([table.u95[f] for f in fields])
    error, width = np.concatenate(errors, axis=1), np.concatenate(widths, axis=1)
    covered = 100.0 * (np.abs(error) <= width).mean(axis=1)
    return [Row(cell.name, f, len(seeds), float(covered[i]), float(np.nanmedian(width[i])),
                float(np.nanmax(np.abs(error[i]))), float(np.nanmedian(error[i])))
            for i, f in enumerate(fields)]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit 1 if a cell lies outside the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--low", type=float, help="least coverage, instead of each cell's own, %%")
    parser.add_argument("--high", type=float, default=HIGH, help="largest coverage, %%")
    parser.add_argument("--cell", default="")
    parser.add_argument("--outside", action="store_true", help="print only what lies outside the limits")
    args = parser.parse_args(argv)
    outside = 0
    print(f"{'cell':15} {'field':34} {'n':>5} {'covered %':>9} {'median u95':>11} {'max error':>10} {'bias':>10}")
    for cell in CELLS:
        if args.cell not in cell.name:
            continue
        low = cell.low if args.low is None else args.low
        for row in study(cell, range(args.seeds)):
            bad = not low <= row.covered <= args.high
            outside += bad
            if bad or not args.outside:
                print(f"{row.cell:15} {row.field:34} {row.n:5d} {row.covered:9.1f} {row.u95:11.3g} "
                      f"{row.largest:10.3g} {row.bias:10.2g}{'  outside' if bad else ''}", flush=True)  # fmt: skip
    print(f"{outside} outside the limits")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
