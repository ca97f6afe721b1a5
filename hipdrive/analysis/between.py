"""What one test says beside another of the same athlete and session: ratios of jumps, drop heights, loads.

METRICS.md 3, 5 and 8. Jumps with and without arm swing, with and without a load are never mixed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hipdrive.analysis.registry import METRICS, load_builtin, metric
from hipdrive.errors import sentence
from hipdrive.results import REFUSED, Analysis, Results, Value

JUMPS, HEIGHT = ("cmj", "sj"), "jump_height_tov"
SAME_HEIGHT = 0.02
"""m: drops closer than this are of one height."""

FEWEST_HEIGHTS, FEWEST_LOADS, STRAIGHT = 3, 4, 0.95
"""Drop heights for an optimum, loads for a line, and the r² from which it is one."""


def between_tests(analyses: Sequence[Analysis]) -> Mapping[str, Value]:
    """Every number between the trials of one athlete in one session; a missing one says what to measure.

    >>> import hipdrive as hd
    >>> jumps = [hd.analyse(hd.simulate(test, seed=1)) for test in ("cmj", "sj")]
    >>> hd.between_tests(jumps)["eccentric_utilisation_ratio"].method
    'best cmj / best sj, jump_height_tov'
    """
    load_builtin()
    trials = tuple(analyses)
    return {m.name: m.function(trials) for m in METRICS.values() if m.scope == "session"}


def _reps(trials: Sequence[Analysis], test: str, *, arms: bool = False) -> list[Results]:
    """Counted repetitions of a test without a load."""
    return [rep for one in trials if one.test == test and bool(one.provenance.get("arms")) == arms
            and not one.provenance.get("load_kg") for rep in one.reps if rep.status != REFUSED]  # fmt: skip


def _best(reps: Sequence[Results]) -> Value | None:
    heights = [rep[HEIGHT] for rep in reps if math.isfinite(rep[HEIGHT].value)]
    return max(heights, key=lambda v: v.value) if heights else None


def _missing(unit: str, code: str) -> Value:
    return Value(math.nan, unit, why=sentence(code), code=code)


def _ratio(top: Value | None, bottom: Value | None, lacking: str, method: str, trials: Sequence[Analysis]) -> Value:
    """A ratio of two heights under one profile, with its u95."""
    if len({one.profile for one in trials}) > 1:
        return _missing("1", "mixed_profiles")
    if top is None or bottom is None or bottom.value <= 0.0:
        return _missing("1", lacking)
    ratio = top.value / bottom.value
    return Value(ratio, "1", ratio * math.hypot(top.u95 / top.value, bottom.u95 / bottom.value), method)


def _gain(ratio: Value) -> Value:
    return Value(100.0 * (ratio.value - 1.0), "%", 100.0 * ratio.u95, ratio.method, ratio.why, ratio.code)


@metric("eccentric_utilisation_ratio", unit="1", tests=JUMPS, source="McGuigan 2006", scope="session",
        method="best cmj / best sj", group="between tests")  # fmt: skip
def eccentric_utilisation_ratio(trials: Sequence[Analysis]) -> Value:
    """Best countermovement jump over best squat jump, height by take-off velocity, hands on hips."""
    cmj, sj = (_best(_reps(trials, test)) for test in JUMPS)
    return _ratio(cmj, sj, "needs_cmj_and_sj", f"best cmj / best sj, {HEIGHT}", trials)


@metric("prestretch_augmentation", unit="%", tests=JUMPS, source="Walshe 1996", scope="session",
        repeats="eccentric_utilisation_ratio", method="best cmj / best sj", group="between tests")  # fmt: skip
def prestretch_augmentation(trials: Sequence[Analysis]) -> Value:
    """By how much the countermovement jump is higher than the squat jump."""
    return _gain(eccentric_utilisation_ratio(trials))


@metric("arm_swing_gain", unit="%", tests=("cmj",), source="derived (METRICS.md 3)", scope="session",
        method="best with arms / best without", group="between tests")  # fmt: skip
def arm_swing_gain(trials: Sequence[Analysis]) -> Value:
    """By how much the countermovement jump is higher with an arm swing than with the hands on the hips."""
    arms, hips = (_best(_reps(trials, "cmj", arms=arms)) for arms in (True, False))
    return _gain(_ratio(arms, hips, "needs_arms_and_hips", f"best with arms / best without, {HEIGHT}", trials))


@metric("optimal_drop_height", unit="m", tests=("dj",), source="derived (METRICS.md 5)", scope="session",
        method="best rsi_jh", group="between tests")  # fmt: skip
def optimal_drop_height(trials: Sequence[Analysis]) -> Value:
    """Measured drop height of the jump with the highest RSI, over three heights or more."""
    drops = [(rep["drop_height"], rep["rsi_jh"].value) for rep in _reps(trials, "dj")]
    drops = [(drop, rsi) for drop, rsi in drops if math.isfinite(drop.value) and math.isfinite(rsi)]
    heights = np.sort([drop.value for drop, _ in drops])
    count = 1 + int((np.diff(heights) > SAME_HEIGHT).sum()) if len(heights) else 0
    if len({one.profile for one in trials}) > 1:
        return _missing("m", "mixed_profiles")
    if count < FEWEST_HEIGHTS:
        return _missing("m", "few_heights")
    best = max(drops, key=lambda one: one[1])[0]
    return Value(best.value, "m", best.u95, f"best rsi_jh of {len(drops)} drops from {count} heights")


# --- force against velocity over loads ------------------------------------------------------------------------------


def _line(trials: Sequence[Analysis]) -> tuple[float, float, str] | str:
    """Intercept N and slope N*s/m of mean propulsive force on mean velocity over loads with the method, or a code."""
    if len({(one.profile, bool(one.provenance.get("arms"))) for one in trials if one.test in JUMPS}) > 1:
        return "mixed_profiles"
    tests = {test: [one for one in trials if one.test == test] for test in JUMPS}
    found = max(tests.values(), key=lambda held: len({one.provenance.get("load_kg") for one in held}))
    best: dict[float, Results] = {}
    for one in found:
        for rep in one.reps:
            load = float(one.provenance.get("load_kg", 0.0))
            speed, force = (rep[f"mean_propulsive_{part}"].value for part in ("velocity", "force"))
            known = rep.status != REFUSED and math.isfinite(speed + force)
            if known and (load not in best or speed > best[load]["mean_propulsive_velocity"].value):
                best[load] = rep
    if len(best) < FEWEST_LOADS:
        return "few_loads"
    v, f = (np.array([rep[f"mean_propulsive_{part}"].value for rep in best.values()]) for part in ("velocity", "force"))
    slope, intercept = np.polyfit(v, f, 1)
    straight = float(np.corrcoef(v, f)[0, 1]) ** 2
    if not (straight >= STRAIGHT and slope < 0.0):
        return "poor_line"
    return float(intercept), float(slope), f"line over {len(best)} loads, r2 {straight:.3f}"


@metric("fv_slope_jump", unit="N*s/m", tests=JUMPS, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="between tests")  # fmt: skip
def fv_slope_jump(trials: Sequence[Analysis]) -> Value:
    """Slope of mean propulsive force on mean propulsive velocity, the best jump of each of four loads or more."""
    line = _line(trials)
    return _missing("N*s/m", line) if isinstance(line, str) else Value(line[1], "N*s/m", method=line[2])


@metric("fv_force_intercept", unit="N", tests=JUMPS, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="between tests")  # fmt: skip
def fv_force_intercept(trials: Sequence[Analysis]) -> Value:
    """Force at which that line reaches zero velocity, F0."""
    line = _line(trials)
    return _missing("N", line) if isinstance(line, str) else Value(line[0], "N", method=line[2])


@metric("fv_velocity_intercept", unit="m/s", tests=JUMPS, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="between tests")  # fmt: skip
def fv_velocity_intercept(trials: Sequence[Analysis]) -> Value:
    """Velocity at which that line reaches zero force, v0."""
    line = _line(trials)
    return _missing("m/s", line) if isinstance(line, str) else Value(-line[0] / line[1], "m/s", method=line[2])


@metric("fv_peak_power", unit="W", tests=JUMPS, source="Samozino 2008, 2012", scope="session", method="line over loads",
        group="between tests")  # fmt: skip
def fv_peak_power(trials: Sequence[Analysis]) -> Value:
    """Largest power on that line, F0 times v0 over four."""
    line = _line(trials)
    return _missing("W", line) if isinstance(line, str) else Value(-(line[0] ** 2) / line[1] / 4.0, "W", method=line[2])
