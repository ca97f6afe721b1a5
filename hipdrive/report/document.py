"""Analysis -> the JSON document of CONTRACTS.md, version 1."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive import __version__
from hipdrive.errors import sentence
from hipdrive.results import REFUSED, Analysis, Event, Finding, Results, Value

if TYPE_CHECKING:
    from hipdrive.analysis.cuetable import CueTable

FORMAT, VERSION = "hipdrive-results", 1


def document(analyses: Analysis | Iterable[Analysis]) -> dict[str, Any]:
    """One document of one or many trials: plain dicts, lists, strings and finite numbers."""
    many = [analyses] if isinstance(analyses, Analysis) else analyses
    return {
        "format": FORMAT,
        "version": VERSION,
        "software": f"hipdrive {__version__}",
        "trials": [trial_entry(one) for one in many],
    }


def to_json(document: Mapping[str, Any]) -> str:
    """The document as text: strict JSON in ASCII, so that no reader and no code page can misread it."""
    return json.dumps(plain(document), indent=1, allow_nan=False)


def trial_entry(analysis: Analysis, cues: CueTable | None = None) -> dict[str, Any]:
    """One entry of `trials`; `cues` is the table of limits by which faults are told, ours by default."""
    from hipdrive.report.drive import entry

    return {
        "file": analysis.file,
        "test": analysis.test,
        "detected": bool(analysis.detected),
        "profile": analysis.profile,
        "status": analysis.status,
        "why": analysis.why or ("no reason was given" if analysis.status == REFUSED else None),
        "code": analysis.code,
        "headline": list(analysis.headline),
        "quality": [finding(one) for one in analysis.quality],
        "reps": [_rep(one) for one in analysis.reps],
        "summary": {"metrics": metrics(analysis.summary)},
        **entry(analysis, cues),
        "provenance": plain(analysis.provenance),
    }


def metrics(values: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    """Every number by field."""
    return {name: metric(value) for name, value in values.items()}


def metric(value: Value) -> dict[str, Any]:
    """One number; a missing one is null and says why."""
    there = math.isfinite(value.value)
    code = None if there else (value.code or "undefined")
    return {
        "value": _number(value) if there else None,
        "unit": value.unit,
        "u95": _finite(value.u95) if there else None,
        "method": value.method,
        "why": None if there else (value.why or sentence("undefined")),
        "code": code,
    }


def _number(value: Value) -> float | bool | str:
    """What stands for a number that is there: the label of a class, true or false, or the number."""
    if value.label is not None:
        return value.label
    return bool(value.value) if value.unit == "bool" else float(value.value)


def _rep(rep: Results) -> dict[str, Any]:
    return {
        "rep": rep.rep,
        "status": rep.status,
        "why": rep.why,
        "events": {name: _event(event) for name, event in rep.events.items()},
        "metrics": metrics(rep),
    }


def _event(event: Event) -> dict[str, float | None]:
    return {"t": _finite(event.t), "u95": _finite(event.u95)}


def finding(finding: Finding) -> dict[str, Any]:
    """One check."""
    return {
        "check": finding.check,
        "level": finding.level,
        "rep": finding.rep,
        "value": _finite(finding.value),
        "unit": finding.unit,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def plain(thing: Any) -> Any:
    """Anything in a provenance as what JSON knows; NaN and infinity become null."""
    if thing is None or isinstance(thing, (str, bool, int)):
        return thing
    if isinstance(thing, (float, np.floating)):
        return _finite(float(thing))
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, np.generic):
        return plain(thing.item())
    if isinstance(thing, (list, tuple, set, frozenset, np.ndarray)):
        return [plain(one) for one in thing]
    return str(thing)
