"""The registry of metrics as people and scripts read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hipdrive.analysis import registry
from hipdrive.analysis.registry import Metric
from hipdrive.errors import UsageError


def metrics(test: str | None = None) -> list[Metric]:
    """Every metric, or those of one test, in the registry's order.

    Raises
    ------
    UsageError : the test is not known.
    """
    known = (*registry.TESTS, *registry.RUNS)
    if test is not None and test not in known:
        raise UsageError("test_unknown", f"--test {test}: choose {', '.join(known)}")
    registry.load_builtin()
    return [one for one in registry.METRICS.values() if test is None or test in one.tests]


def to_text(found: Iterable[Metric]) -> str:
    """Two lines a metric: name, unit, tests and source, then what it is."""
    return "\n".join(f"{_head(one)}\n    {sentence(one)}" for one in found)


def to_json(found: Sequence[Metric]) -> str:
    """The list for scripts, second names included."""
    names = {one.name for one in found}
    aliases = {alias: name for alias, name in registry.ALIASES.items() if name in names}
    return json.dumps({"format": "hipdrive-metrics", "version": 1, "metrics": [_entry(one) for one in found],
                       "aliases": aliases}, indent=1)  # fmt: skip


def sentence(metric: Metric) -> str:
    """The definition: the first paragraph of the docstring on one line."""
    return " ".join(metric.doc.split("\n\n")[0].split())


def _head(metric: Metric) -> str:
    sides = "  also left, right" + ", asym" * (metric.scope != "motion") if metric.sides else ""
    tests = " ".join(test for test in (*registry.TESTS, *registry.RUNS) if test in metric.tests)
    return f"{metric.name}  [{metric.unit}]  {tests}  ({metric.source}){sides}"


def _entry(metric: Metric) -> dict[str, object]:
    return {
        "name": metric.name, "unit": metric.unit, "tests": sorted(metric.tests), "source": metric.source,
        "doc": sentence(metric), "sides": metric.sides, "labels": list(metric.labels), "group": metric.group,
        "headline": dict(metric.headline), "method": metric.method, "repeats": metric.repeats,
    }  # fmt: skip
