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
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import headline
from hipdrive.trial import Floats, Trial

MORE = {"cmj_rebound": ("system_weight", "takeoff_velocity", "cmj_rebound_rsi_jh_tov", "cmj_rebound_flight_time"),
        "hops": ("system_weight", "hop_rsi_ft", "hop_mean_force", "contact_displacement"),
        "landing": ("system_weight", "touchdown_velocity", "peak_landing_force", "landing_time", "mean_impact_force",
                    "landing_net_impulse_100ms", "stability_depth"),
        "balance": ("cop_mean_velocity_ap", "cop_mean_velocity_ml", "cop_range_ap", "cop_range_ml",
                    "cop_mean_frequency", "left_load_share"),
        "block_start": (
            "system_weight", "push_time", "total_block_time", "hand_reaction_time", "rear_push_time", "impulse_x_front",
            "impulse_x_rear", "impulse_z_front", "impulse_z_rear", "impulse_x_total", "block_velocity_z", "ahep",
            "ratio_of_forces_block", "peak_force_front", "peak_force_rear", "mean_force_front", "rfd_front", "rfd_rear",
            "rfd_front_0_50ms", "rfd_front_0_100ms", "block_power_peak", "rear_to_front_delay"),
        "steps": ("braking_impulse_x", "propulsive_impulse_x", "effective_vertical_impulse", "braking_impulse_share",
                  "step_peak_force", "vertical_stiffness_run", "step_width"),
        "isometric": (
            "system_weight", "iso_pull_length", "iso_mean_force", "iso_initiation_threshold",
            *(f"iso_{kind}_{ms}ms" for ms in (50, 90, 100, 150, 200, 250)
              for kind in ("force_at", "net_force_at", "rfd_0", "impulse_0", "gross_impulse_0")))}  # fmt: skip

SERIES = ("rsi_10_5", "hop_mean_contact_time", "hop_mean_jump_height_ft", "hop_cv_rsi", "hop_fatigue_index",
          "hop_total_contact_time", "hop_top3_rsi")  # fmt: skip
"""Numbers over a series of hops."""

COUNTED = {"hops": (6,), "steps": (0, 1, 2, 3, 4)}
"""Tests with several repetitions a trial -> those that count: the seventh hop, every step that another follows."""

MASS_U = 0.1
"""kg by which a given mass is off (SD): a run is not weighed."""

PIECE = 250
"""Trials that are held together."""

LOW, HIGH = 92.0, 98.0
"""% that the truth must be covered in."""

LIMITED = 88.0
"""% in the cells for which METRICS.md 20 names a limit: soft edges alone, slow sway; and where ours is not reached yet:
a drop jump on a drifting plate, weighed after its landing (docs/uncertainty.md, Limits).
"""

MOVING = ("cmj", "sj", "dj")
"""Tests with every kind of cell, and with every number whose answer is known."""

TESTS = ("cmj", "sj", "dj", "cmj_rebound", "hops", "landing", "isometric", "balance", "block_start", "steps")


@dataclass(frozen=True)
class Cell:
    """One population of simulated trials."""

    name: str
    test: str
    varied: bool = True
    edge: str | None = None
    drift: float = 0.0
    sway: tuple[float, float] = (0.0, 0.0)
    settings: tuple[tuple[str, object], ...] = ()

    @property
    def low(self) -> float:
        """Least coverage, %."""
        late = self.test == "dj" and self.drift > 0.0
        return LIMITED if self.edge == "soft" or self.sway[1] > 0.0 or late else LOW


KINDS = {
    "plain": {"varied": False},
    "varied": {},
    "soft": {"edge": "soft"},
    "drift": {"drift": 0.1},
    "sway": {"sway": (0.5, 1.5)},
    "sway+drift": {"sway": (0.5, 1.5), "drift": 0.1},
}
"""Plain: 1 kHz, 1.5 N, else 0.5 to 4 N and 500, 1000 or 2000 Hz; all with an offset within 10 N, 50 to 110 kg, steep
and soft edges mixed and, in jumps, a share of each foot that moves to and fro. Soft: soft edges alone. Drift: within
0.1 N/s. Sway: 0.5 to 1.5 N at 0.15 to 0.6 Hz, with its velocity."""

CELLS = (
    *(
        Cell(f"{test} {kind}", test, **how)  # type: ignore[arg-type]
        for kind, how in KINDS.items()
        for test in (TESTS if kind in ("plain", "varied") else MOVING)
    ),
    Cell("steps accelerating", "steps", settings=(("push", 25.0), ("velocity", 4.0))),
    Cell("steps treadmill", "steps", settings=(("treadmill", True), ("contacts", 8))),
)


def trials(cell: Cell, seeds: Sequence[int]) -> Iterator[Trial]:
    """The simulated trials of a cell."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 20])
        noise, offset = float(rng.uniform(0.5, 4.0)), float(rng.uniform(-10.0, 10.0))
        rate = float(rng.choice([500.0, 1000.0, 2000.0]))
        drift, sway = float(rng.uniform(-cell.drift, cell.drift)), float(rng.uniform(*cell.sway))
        varied = {"noise": noise, "offset": offset, "rate": rate} if cell.varied else {}
        swing = {"share_swing": 0.05} if cell.test in MOVING else {}
        more = dict(cell.settings)
        made = simulate(cell.test, seed=seed, edge=cell.edge, drift=drift, sway=sway, **swing, **varied, **more)  # type: ignore[arg-type]
        off = MASS_U * float(rng.standard_normal())
        yield made.with_facts(mass=made.mass + off) if cell.test == "steps" and made.mass is not None else made


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
    found = several(cell, seeds) if cell.test in COUNTED else jumps(cell, seeds)
    rows = []
    for field, (value, u95, truth) in found.items():
        error = value - truth
        covered = np.abs(error) <= u95
        rows.append(Row(cell.name, field, len(value), 100.0 * float(covered.mean()), float(np.nanmedian(u95)),
                        float(np.nanmax(np.abs(error))), float(np.nanmedian(error))))  # fmt: skip
    return rows


def jumps(cell: Cell, seeds: Sequence[int]) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Values, u95 and truth by field, of tests with one repetition a trial."""
    if cell.test in MOVING:
        fields = fields_of(cell.test)
    else:
        fields = list(dict.fromkeys((*headline(cell.test), *MORE[cell.test])))
    parts = []
    for first in range(0, len(seeds), PIECE):
        held = list(trials(cell, seeds[first : first + PIECE]))
        table = analyse_many(held, test=cell.test)
        assert list(table.trial) == list(range(len(held))), "every trial gives exactly one repetition"
        parts.append([(table[f], table.u95[f], np.array([t.truth[f] for t in held])) for f in fields])  # type: ignore[index]
    joined = np.concatenate([np.array(part) for part in parts], axis=2)
    return {field: (joined[i, 0], joined[i, 1], joined[i, 2]) for i, field in enumerate(fields)}


def several(cell: Cell, seeds: Sequence[int]) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Values, u95 and truth by field, of the repetitions that count, and of the series."""
    cells: dict[str, list[tuple[float, float, float]]] = {}
    more = ("vertical_stiffness_peak",) if cell.test == "hops" else ()
    for trial in trials(cell, seeds):
        analysis, truth = analyse(trial, test=cell.test), trial.truth
        assert truth is not None and len(analysis.reps) == len(truth.reps), "every one is found, and nothing else"
        for rep, known in ((analysis.reps[i], truth.reps[i]["values"]) for i in COUNTED[cell.test]):
            for field in dict.fromkeys((*headline(cell.test), *more, *MORE[cell.test])):
                if field in known:
                    cells.setdefault(field, []).append((rep[field].value, rep[field].u95, known[field]))
        for field in SERIES if cell.test == "hops" else ():
            value = analysis.summary[field]
            cells.setdefault(field, []).append((value.value, value.u95, truth[field]))
    return {field: tuple(np.array(found).T) for field, found in cells.items()}


DEMANDED = ("impulse", "rfd", "asym_")
"""Beside the numbers shown first: issue 4."""


def demanded(test: str, field: str) -> bool:
    """Whether the tests hold a field to its interval."""
    return field in headline(test) or any(part in field for part in DEMANDED)


def outside(cell: Cell, seeds: range) -> list[Row]:
    """Fields that do not hold the truth in 90 to 99.5 %; in 88 % at least where METRICS.md 20 names a limit."""
    low = min(90.0, cell.low)
    return [row for row in study(cell, seeds)
            if demanded(cell.test, row.field) and not low <= row.covered <= 99.5]  # fmt: skip


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
