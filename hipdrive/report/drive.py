"""Hip drive as people and scripts read it: lanes, order, faults with their evidence, and one cue."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from hipdrive.analysis.cues import SHOWN, Advice, Evidence, Found, advice
from hipdrive.analysis.cuetable import CueTable, Fault, Limit, default
from hipdrive.analysis.lanes import DELAYS, Lanes, lanes, verdict
from hipdrive.analysis.registry import unit_of
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.report import document
from hipdrive.report.words import clean, label, shown
from hipdrive.results import Analysis, Movement, Value

ANSWERS = {"shown": "shown", "not_shown": "not shown", "not_resolved": "not resolved", "missing": "cannot be told"}
"""What is said of a fault, in words."""

JOINTS = {"hip": "Hip", "knee": "Knee", "ankle": "Ankle"}

FIRST = ("hip_extension_at_toeoff", "hip_standing_angle", "hip_drive_index", "force_to_hip_onset",
         "hip_velocity_at_peak_force", "extension_overlap", "arm_swing_lag")  # fmt: skip
"""Numbers of hip drive that a coach reads below the lanes."""

CLOCKS = {
    "same_file": "recorded with the force in one file",
    "same_clock": "on the clock of the force, as was said",
    "com": "matched to the force by the height of the centre of mass",
    "events": "matched to the force by events that both show",
    "one_event": "matched to the force by one event that both show",
    "manual": "matched to the force by hand",
    "exposure": "matched to the force by the camera's own exposures",
    "led_code": "matched to the force by the lamp that both saw",
    "chirp": "matched to the force by a chirp that both heard",
    "clap": "matched to the force by a clap that both heard",
}
"""How motion and force came to one clock, in words."""

HIPS = {"trunk_thigh": "hip between trunk and thigh", "pelvis_thigh": "hip between pelvis and thigh"}
"""Which hip angle it is: the two differ by the bend of the back."""

DEEPEST = ("hip_angle_deepest", "knee_angle_deepest", "ankle_dorsiflexion_deepest", "trunk_lean_deepest", "fppa")
"""Numbers of a bend that was seen without force."""


def of(analysis: Analysis, table: CueTable | None = None) -> Advice | None:
    """Faults and cue of a trial by a table, the one that comes with hipdrive where none is given."""
    return advice(analysis, table or default())


# --- words ---


def against(evidence: Evidence) -> str:
    """A number and its limit on one line.

    >>> against(Evidence("contact_time", Value(0.31, "s", 0.002), "shown", 0.25, "above"))
    'Contact time 310 ± 2 ms, limit 250 ms'
    """
    name = named(evidence.field) + (f" (mean of {evidence.over})" if evidence.over > 1 else "")
    if not math.isfinite(evidence.value.value):
        return f"{name}: {evidence.why}"
    told = f"{name} {shown(evidence.value)}"
    if math.isfinite(evidence.limit):
        bound = Value(evidence.limit, evidence.value.unit)
        told += f", limit {shown(bound)}" + (f" (from {label(evidence.base).lower()})" if evidence.base else "")
    return f"{told}; {evidence.why}" if evidence.why else told


def told(found: Found) -> Iterator[str]:
    """What a fault rests on, one line a number: those that decided, then what is told beside them."""
    yield from (against(one) for one in found.evidence if one.answer == found.answer)
    if found.beside:
        yield "beside it " + ", ".join(f"{named(field).lower()} {shown(value)}" for field, value in found.beside)


def named(field: str) -> str:
    """A field in words; an index of left against right by what it compares.

    >>> named("asym_propulsive_gross_impulse")
    'Propulsive gross impulse, left against right'
    """
    base = field.removeprefix("asym_")
    return label(base) + (", left against right" if base != field else "")


def clocked(analysis: Analysis) -> str:
    """Where the motion comes from and how it is joined to the force, in a sentence."""
    about = analysis.motion or {}
    if "source" not in about:
        return str(about.get("why", ""))
    source = {"markers": "markers", "pose": "a pose program", "angles": "joint angles"}.get(str(about["source"]), "")
    told = f"Motion from {source}, {about['frames_per_second']:.4g} frames a second"
    told += f", smoothed at {about['cutoff_hz']:g} Hz"
    if (hip := HIPS.get(str(about.get("hip_angle")))) is not None:
        told += f", {hip}"
    clock = about.get("clock")
    left = ", ".join(clean(name) for name in about.get("unused", ()))
    left = f". Not used, since on no clock or another one: {left}" if left else ""
    if clock is None:
        return f"{told}; no clock in common with the force{left}"
    how = CLOCKS.get(str(clock["method"]), f"matched to the force by {str(clock['method']).replace('_', ' ')}")
    error = 1000.0 * float(clock["standard_error"])
    return f"{told}; {how}" + (f", ± {COVERAGE * error:.1f} ms" if error > 0.0 else "") + left


# --- JSON ---


def entry(analysis: Analysis, table: CueTable | None = None) -> dict[str, Any]:
    """The part `hip_drive` of a trial's entry; where nobody was seen moving `advice`, if forces tell a fault."""
    found = of(analysis, table)
    faults = {
        "faults": [] if found is None else [_found(one) for one in found.found],
        "cue": None if found is None or found.cue is None else _cue(found.cue),
    }
    if analysis.motion is None:
        return {} if found is None else {"advice": faults}
    return {"hip_drive": {
        "motion": document.plain(dict(analysis.motion)),
        "reps": [{"rep": rep.rep, **_lanes(lanes(rep))} for rep in analysis.reps],
        "movements": [_movement(one) for one in analysis.movements],
        **faults,
    }}  # fmt: skip


def _lanes(made: Lanes | None) -> dict[str, Any]:
    if made is None:
        return {"lanes": [], "sequence": None, "delays": {}}
    return {
        "lanes": [{"joint": lane.joint, "onset": document.metric(lane.onset), "peak": document.metric(lane.peak),
                   "end": document.metric(lane.end), "peak_velocity": document.metric(lane.speed)}
                  for lane in made.lanes],
        "sequence": {**document.metric(made.sequence), "text": verdict(made.sequence)},
        "delays": document.metrics(made.delays),
    }  # fmt: skip


def _movement(one: Movement) -> dict[str, Any]:
    return {"movement": one.number, "start": one.start, "lowest": one.low, "end": one.end,
            "clock": "force" if one.on_force else "motion", "metrics": document.metrics(one.values)}  # fmt: skip


def _found(one: Found) -> dict[str, Any]:
    return {"fault": one.fault.name, "text": one.fault.fault, "answer": one.answer, "cue": one.fault.cue,
            "work": one.fault.work, "source": one.fault.source,
            "evidence": [_evidence(evidence) for evidence in one.evidence], "beside": _beside(one)}  # fmt: skip


def _evidence(one: Evidence) -> dict[str, Any]:
    limit = one.limit if math.isfinite(one.limit) else None
    about = {"limit": limit, "side": one.side or None, "base": one.base or None, "repetitions": one.over}
    return {"metric": one.field, **document.metric(one.value), **about, "answer": one.answer, "note": one.why or None}


def _cue(one: Found) -> dict[str, Any]:
    return {"fault": one.fault.name, "text": one.fault.fault, "cue": one.fault.cue, "work": one.fault.work,
            "evidence": [_evidence(e) for e in one.evidence if e.answer == SHOWN], "beside": _beside(one)}  # fmt: skip


def _beside(one: Found) -> list[dict[str, Any]]:
    return [{"metric": field, **document.metric(value)} for field, value in one.beside]


# --- the table of limits ---


def limits(table: CueTable) -> Iterator[tuple[Fault, Limit, str]]:
    """Every fault with its numbers and their limits in words."""
    for fault in table.faults:
        for one in fault.evidence:
            unit = unit_of(one.field)
            bounds = [f"{side} {shown(Value(value, unit))}" for side, value in
                      (("below", one.below), ("above", one.above)) if math.isfinite(value)]  # fmt: skip
            if one.base:
                bounds.append(f"or {shown(Value(one.below_from, unit))} from {label(one.base).lower()}")
            if one.over > 1:
                bounds.append(f"mean of {one.over} or more")
            yield fault, one, ", ".join(bounds)


def to_text(table: CueTable) -> str:
    """The table as `hipdrive cues` prints it; names in brackets are those of the TOML file."""
    lines: list[str] = []
    told: set[str] = set()
    for fault, one, bounds in limits(table):
        if fault.name not in told:
            told.add(fault.name)
            off = "" if fault.shown else "  (left out)"
            tests = " ".join(sorted(fault.tests))
            lines += [f"{fault.name}{off}  {tests}", f"    {fault.fault}: \"{fault.cue}\"; {fault.work}",
                      f"    source: {fault.source}"]  # fmt: skip
        together = " (all of these together)" if fault.together else ""
        lines.append(f"    {named(one.field)} {bounds}{together}  [{one.field}]")
        if one is fault.evidence[-1] and fault.beside:
            lines.append(f"    beside: {', '.join(named(field).lower() for field in fault.beside)}")
    return "\n".join(lines)


def values_of(mapping: Mapping[str, Value], names: tuple[str, ...] = FIRST) -> Iterator[tuple[str, Value]]:
    """Numbers by name in words, those that a mapping has."""
    return ((label(name), mapping[name]) for name in names if name in mapping)


__all__ = ["ANSWERS", "DEEPEST", "DELAYS", "FIRST", "JOINTS", "SHOWN", "against", "clocked", "entry", "limits", "of",
           "to_text", "told", "values_of"]  # fmt: skip
