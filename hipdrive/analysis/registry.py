"""The one list of metrics: analysis, command line, window, reports, documentation and tests all read it.

A metric is a function of a `Rep` under the `metric` decorator; its docstring is its definition.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hipdrive.errors import UsageError
from hipdrive.units import SHOWN

TESTS = ("cmj", "sj", "dj", "cmj_rebound", "hops", "landing", "isometric", "balance", "block_start", "steps")
"""Tests this version knows. CONTRACTS.md names more; they join as they are built."""

RUNS = ("sprint",)
"""What is measured without plates: a timed run, which `hipdrive sprint` analyses."""

REBOUND = "cmj_rebound_"
"""Before the name of a drop jump's field: that number of the second contact of a jump with rebound."""

PLUGIN_GROUP = "hipdrive.metrics"


@dataclass(frozen=True, eq=False)
class Metric:
    """One definition.

    `sides`: additive over plates, so it also exists as `<name>_left`, `<name>_right` and `asym_<name>`; of a motion
    metric, which is made for each leg, too, without the index.
    `scope`: "rep" is one number a repetition, a function of a `Rep`; "motion" one a repetition that was seen moving, a
    function of its `Drive` that returns copies of the number or a `Value`, present only where a trial has tracks;
    "summary" one a trial, a function of its counted
    `Results` that returns a `Value`; "session" one over trials of an athlete, a function of a
    `Session` of `Analysis` objects that returns a `Value`, a mapping suffix -> Value for a family, or None where its
    trials were not made; "run" one a timed run, a function of its `Sprinters`.
    `headline`: place among the numbers a coach sees first, by test. `repeats`: the field that carries the same
    fact in another form (a report shows one of them). `labels`: names of the classes of an enumeration.
    """

    name: str
    unit: str
    tests: frozenset[str]
    source: str
    function: Callable[[Any], Any]
    doc: str
    headline: Mapping[str, int]
    sides: bool = False
    labels: tuple[str, ...] = ()
    repeats: str = ""
    method: str = ""
    group: str = "other"
    scope: str = "rep"

    @cached_property
    def builtin(self) -> bool:
        """Whether it is ours, not somebody's own."""
        return self.function.__module__.startswith("hipdrive.analysis.")


METRICS: dict[str, Metric] = {}
ALIASES: dict[str, str] = {}
"""Published second name -> field."""


def metric(
    name: str,
    *,
    unit: str,
    tests: Iterable[str],
    source: str,
    headline: int | Mapping[str, int] | None = None,
    sides: bool = False,
    labels: tuple[str, ...] = (),
    repeats: str = "",
    aliases: Iterable[str] = (),
    method: str = "",
    group: str = "own",
    scope: str = "rep",
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a function of a `Rep` as the metric `name`.

    The function returns an array of shape (n, k), a pair of it and an extra standard uncertainty of shape (n,), or
    raises nothing: `rep.require(condition, code)` refuses rows. Registering a name again replaces a metric of the
    same module only (so that a script can be run twice), never a built-in one.

    Raises
    ------
    UsageError : the name, unit or tests make no sense, or the name is taken.
    """
    among = frozenset([tests] if isinstance(tests, str) else tests)
    second = tuple(aliases)

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        _check(name, unit, among, function)
        for alias in second:
            if alias in METRICS or ALIASES.get(alias, name) != name:
                raise UsageError("metric_taken", f"metric {name}: the alias {alias} is already a field; choose another")
        order = dict(headline) if isinstance(headline, Mapping) else dict.fromkeys(among, headline)
        METRICS[name] = Metric(
            name, unit, among, source, function, inspect.cleandoc(function.__doc__ or ""),
            {test: place for test, place in order.items() if place is not None},
            sides, labels, repeats, method, group, scope,
        )  # fmt: skip
        ALIASES.update(dict.fromkeys(second, name))
        for known in (metrics_for, motion_for, runs_for, summaries_for, session_metrics, units_for, labels_for):
            known.cache_clear()
        return function

    return register


def _check(name: str, unit: str, tests: frozenset[str], function: Callable[[Any], Any]) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError("metric_name", f"metric {name!r}: the name must be a Python identifier")
    if unit not in SHOWN:
        raise UsageError("metric_unit", f"metric {name}: unit {unit!r} is not one of {', '.join(SHOWN)}")
    if not function.__doc__:
        raise UsageError("metric_doc", f"metric {name}: give its function a docstring, which is its definition")
    old = METRICS.get(name)
    if old is not None and old.function.__module__ != function.__module__:
        raise UsageError("metric_taken", f"metric {name} is already defined; choose another name")
    stem = name.removeprefix("asym_").removesuffix("_left").removesuffix("_right")
    if ALIASES.get(name, name) != name or (stem != name and stem in METRICS and METRICS[stem].sides):
        raise UsageError("metric_taken", f"metric {name} is already another field's name; choose another name")
    if unknown := tests - {*TESTS, *RUNS}:
        raise UsageError("metric_tests", f"metric {name}: there is no test {', '.join(sorted(unknown))}; "
                         f"choose among {', '.join((*TESTS, *RUNS))}")  # fmt: skip
    if not tests:
        raise UsageError("metric_tests", f"metric {name}: name at least one test, for example tests={{'cmj'}}")


def join(test: str, fields: Iterable[str], first: Sequence[str] = ()) -> None:
    """Give metrics of other tests in `test`, too; `first` are those that a coach sees first, in order."""
    for name in fields:
        old = METRICS[name]
        place = {test: first.index(name) + 1} if name in first else {}
        METRICS[name] = replace(old, tests=old.tests | {test}, headline={**old.headline, **place})


def load_builtin() -> None:
    """Import the modules that define metrics, then those of installed packages (entry point `hipdrive.metrics`)."""
    from hipdrive.analysis import (  # noqa: F401
        across_jumps,
        across_sides,
        asymmetry,
        balance,
        block_start,
        drive,
        drop_jump,
        drop_landing,
        hop_summary,
        hops,
        isometric,
        jump,
        landing,
        parts,
        posture,
        rebound,
        sprint_metrics,
        steps,
        strength,
        timing,
    )

    _join(hops.join_hops, rebound.join_rebounds)
    _load_entry_points()


@cache
def _join(*joins: Callable[[], None]) -> None:
    """Let tests share metrics, once: what is asked for in every analysis must not cost a millisecond each time."""
    for one in joins:
        one()


@cache
def _load_entry_points() -> None:
    for point in importlib.metadata.entry_points(group=PLUGIN_GROUP):
        point.load()


@cache
def metrics_for(test: str) -> tuple[Metric, ...]:
    """The metrics of one repetition of a test, in the order in which they were written."""
    return _of_scope(test, "rep")


@cache
def motion_for(test: str) -> tuple[Metric, ...]:
    """The metrics of one repetition that was seen moving, in the order in which they were written."""
    return _of_scope(test, "motion")


@cache
def runs_for(test: str) -> tuple[Metric, ...]:
    """The metrics of a timed run, in the order in which they were written."""
    return _of_scope(test, "run")


@cache
def summaries_for(test: str) -> tuple[Metric, ...]:
    """The metrics over the repetitions of a trial, in the order in which they were written."""
    return _of_scope(test, "summary")


@cache
def session_metrics() -> tuple[Metric, ...]:
    """The metrics over trials of one athlete, in the order in which they were written."""
    load_builtin()
    return tuple(m for m in METRICS.values() if m.scope == "session")


def _of_scope(test: str, scope: str) -> tuple[Metric, ...]:
    load_builtin()
    return tuple(m for m in METRICS.values() if test in m.tests and m.scope == scope)


@cache
def units_for(test: str) -> Mapping[str, str]:
    """Every field of a repetition of a test, sides and indices included, with its unit."""
    units = {m.name: m.unit for m in metrics_for(test)}
    for m in metrics_for(test):
        if m.sides:
            units |= {f"{m.name}_left": m.unit, f"{m.name}_right": m.unit, f"asym_{m.name}": "%"}
    return MappingProxyType(units)


@cache
def labels_for(test: str) -> Mapping[str, tuple[str, ...]]:
    """The enumerations among the metrics of a test, with the names of their classes."""
    return MappingProxyType({m.name: m.labels for m in metrics_for(test) if m.labels})


def stem(name: str) -> str:
    """The metric of a field, a side or an index."""
    return name if name in METRICS else name.removeprefix("asym_").removesuffix("_left").removesuffix("_right")


def unit_of(name: str) -> str:
    """Unit of a field, a side or an index."""
    return "%" if name not in METRICS and name.startswith("asym_") else METRICS[stem(name)].unit


def headline(test: str, scope: str = "rep") -> tuple[str, ...]:
    """The four to six fields that a coach sees first; with `scope="summary"` those over the repetitions."""
    of = {"rep": metrics_for, "run": runs_for}.get(scope, summaries_for)
    first = [m for m in of(test) if test in m.headline]
    return tuple(m.name for m in sorted(first, key=lambda m: m.headline[test]))


def load_plugin(path: str | Path) -> None:
    """Run a user's own FILE.py, whose `@hd.metric` functions join the registry.

    Raises
    ------
    UsageError : the file is missing or fails; the sentence names the line.
    """
    file = Path(path)
    spec = importlib.util.spec_from_file_location(f"hipdrive_plugin_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise UsageError("plugin", f"{file}: no such plug-in; give a Python file with @hd.metric functions")
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except UsageError as why:
        raise UsageError(why.code, f"{file}: {why}") from why
    except (Exception, SystemExit) as why:
        line = getattr(why, "lineno", None) or (why.__traceback__ and _last_line(why.__traceback__, file))
        raise UsageError("plugin", f"{file}, line {line}: {type(why).__name__}: {why}; mend the plug-in") from why


def _last_line(traceback: Any, file: Path) -> int | None:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(file):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
