"""Ratios of jumps of one athlete, and the best height to drop from (METRICS.md 3, 5)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from hipdrive.analysis.across import CHECKS, Chosen, Session, none, ratio
from hipdrive.analysis.registry import metric
from hipdrive.analysis.signal import Floats
from hipdrive.results import WARN, Finding, Results, Value

HEIGHT = "jump_height_tov"

APART = 0.03
"""m: drop heights that differ by less are one height."""


def _jumps(session: Session) -> tuple[Chosen, Chosen]:
    """Height of countermovement and squat jumps with hands on hips, without load."""
    return tuple(session.chosen(HEIGHT, session.reps(test)) for test in ("cmj", "sj"))  # type: ignore[return-value]


def _lacking(cmj: Chosen, sj: Chosen) -> str:
    return "no_cmj" if not cmj.there else "no_sj" if not sj.there else ""


@metric("eccentric_utilisation_ratio", unit="1", tests={"cmj", "sj"}, source="McGuigan 2006", scope="session",
        method=HEIGHT, group="across trials")  # fmt: skip
def eccentric_utilisation_ratio(session: Session) -> Value | None:
    """Height of the countermovement jump over that of the squat jump, both by take-off velocity, hands on hips."""
    cmj, sj = _jumps(session)
    if code := _lacking(cmj, sj):
        return none(code, "1") if cmj.there or sj.there else None
    value, u95 = ratio(cmj, sj)
    return Value(value, "1", u95, f"{HEIGHT}, {cmj.said}/{sj.said}")


@metric("prestretch_augmentation", unit="%", tests={"cmj", "sj"}, source="Walshe 1996", scope="session",
        repeats="eccentric_utilisation_ratio", method=HEIGHT, group="across trials")  # fmt: skip
def prestretch_augmentation(session: Session) -> Value | None:
    """How much higher the countermovement jump is than the squat jump, in per cent of the squat jump."""
    cmj, sj = _jumps(session)
    if code := _lacking(cmj, sj):
        return none(code, "%") if cmj.there or sj.there else None
    value, u95 = ratio(cmj, sj)
    return Value(100.0 * (value - 1.0), "%", 100.0 * u95, f"{HEIGHT}, {cmj.said}/{sj.said}")


@metric("arm_swing_gain", unit="%", tests={"cmj"}, source="derived (METRICS.md 3)", scope="session", method=HEIGHT,
        group="across trials")  # fmt: skip
def arm_swing_gain(session: Session) -> Value | None:
    """How much higher the countermovement jump with arm swing is than with hands on hips, in per cent of the latter."""
    swung = session.chosen(HEIGHT, session.reps("cmj", arms=True))
    still = session.chosen(HEIGHT, session.reps("cmj"))
    if not swung.there:
        return None
    if not still.there:
        return none("no_hips", "%")
    value, u95 = ratio(swung, still)
    return Value(100.0 * (value - 1.0), "%", 100.0 * u95, f"{HEIGHT}, {swung.said}/{still.said}")


# --- drop height --------------------------------------------------------------------------------------------------


@metric("optimal_drop_height", unit="m", tests={"dj"}, source="derived (METRICS.md 5)", scope="session",
        method="height with the best rsi_jh", group="across trials")  # fmt: skip
def optimal_drop_height(session: Session) -> Value | None:
    """Drop height, as measured, at which the reactive strength index is largest, over three heights or more."""
    heights = by_height(session)
    if len(heights) < 2:
        return None
    if len(heights) < 3:
        return none("few_heights", "m")
    drop, rsi = ([group[i] for group in heights] for i in (0, 1))
    if session.fit:
        return _parabola(drop, rsi)
    best = max(range(len(rsi)), key=lambda i: rsi[i].value)
    return Value(
        drop[best].value, "m", 1.96 * drop[best].u, f"height with the best rsi_jh, one_of_{len(drop)}, {rsi[best].said}"
    )


def by_height(session: Session) -> list[tuple[Chosen, Chosen]]:
    """Measured drop height and reactive strength index of each height, from the lowest on.

    Trials from one box are one height; without a box height, repetitions whose drop heights lie within 3 cm.
    """
    found: list[list[Results]] = []
    boxes: dict[float, list[Results]] = {}
    free: list[Results] = []
    for trial in session.trials("dj", arms=None):
        box = trial.provenance.get("box_height")
        usable = [rep for rep in trial.reps if _has(rep)]
        (free if box is None else boxes.setdefault(round(float(box), 2), [])).extend(usable)
    for rep in sorted(free, key=lambda rep: rep["drop_height"].value):
        near = found and rep["drop_height"].value - found[-1][0]["drop_height"].value <= APART
        if near:
            found[-1].append(rep)
        else:
            found.append([rep])
    groups = [reps for reps in (*boxes.values(), *found) if reps]
    pairs = [(_mean_drop(reps), session.chosen("rsi_jh", reps)) for reps in groups]
    return sorted(pairs, key=lambda pair: pair[0].value)


def _has(rep: Results) -> bool:
    return all(math.isfinite(rep[field].value) for field in ("drop_height", "rsi_jh"))


def _mean_drop(reps: list[Results]) -> Chosen:
    """Mean drop height of repetitions from one height; its doubt is that of one measurement, which they share."""
    values = [rep["drop_height"] for rep in reps]
    mean = sum(v.value for v in values) / len(values)
    return Chosen(mean, math.sqrt(sum((v.u95 / 1.96) ** 2 for v in values) / len(values)), f"mean_of_{len(values)}")


def _parabola(drop: list[Chosen], rsi: list[Chosen]) -> Value:
    """The top of the parabola through the points; its doubt by moving each index by its own."""
    x, y = np.array([c.value for c in drop]), np.array([c.value for c in rsi])
    top = _vertex(x, y)
    if not (math.isfinite(top) and x.min() <= top <= x.max()):
        return none("no_top", "m", "parabola")
    moved = [_vertex(x, y + step * np.eye(len(y))[i]) - top for i, c in enumerate(rsi) for step in (c.u,)]
    return Value(top, "m", 1.96 * float(np.hypot.reduce(moved)), f"parabola through {len(x)} heights, {rsi[0].said}")


def _vertex(x: Floats, y: Floats) -> float:
    """Where the least-squares parabola is highest; NaN where it opens upwards."""
    a, b, _ = np.polyfit(x - x.mean(), y, 2)
    return float(x.mean() - b / (2.0 * a)) if a < 0.0 else math.nan


def _heights_alike(session: Session, values: Mapping[str, Value]) -> Iterator[Finding]:
    """Two heights whose indices differ by less than their uncertainty."""
    best = values.get("optimal_drop_height")
    if best is None or not math.isfinite(best.value):
        return
    rsi = sorted((pair[1] for pair in by_height(session)), key=lambda c: c.value)
    gap, doubt = rsi[-1].value - rsi[-2].value, 1.96 * math.hypot(rsi[-1].u, rsi[-2].u)
    if gap < doubt:
        yield Finding("heights_alike", WARN, gap, "m/s",
                      f"the two best drop heights differ in RSI by {gap:.2f} m/s, less than their uncertainty",
                      "jump more often from both, and take the lower one until then")  # fmt: skip


CHECKS.append(_heights_alike)
