"""How fields and tests are called where people read them; scripts keep the field names."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from hipdrive.results import Analysis, Value
from hipdrive.units import SHOWN, text

TESTS = {
    "cmj": "Countermovement jump",
    "sj": "Squat jump",
    "dj": "Drop jump",
    "cmj_rebound": "Countermovement jump with rebound",
    "hops": "Repeated hops",
    "landing": "Drop landing",
    "isometric": "Isometric pull",
    "balance": "Balance",
    "block_start": "Block start",
    "steps": "First steps",
    "hinge": "Hip hinge",
}

SHORT = {
    "jump_height_tov": "Jump height",
    "jump_height_ft": "Jump height (flight)",
    "jump_height_total": "Jump height (from standing)",
    "rsi_jh": "RSI",
    "rsi_jh_tov": "RSI (take-off velocity)",
    "rsi_ft": "RSI (flight / contact time)",
    "ft_ct_ratio": "Flight / contraction time",
    "time_to_takeoff": "Time to take-off",
    "missing_headline": "Missing numbers",
    "force_at_zero_velocity_per_kg": "Force at lowest point per kg",
    "propulsive_rpd": "Rate of power development",
    "propulsive_net_impulse_rel": "Propulsive net impulse / kg",
    "propulsive_gross_impulse_rel": "Propulsive impulse per kg",
    "braking_net_impulse_rel": "Braking net impulse per kg",
    "braking_gross_impulse_rel": "Braking impulse per kg",
    "mean_braking_rfd_rel": "Mean braking RFD per kg",
    "braking_rfd_from_min_rel": "RFD from lowest force per kg",
    "mean_braking_force_from_min": "Mean force from lowest force",
    "braking_net_impulse_from_min": "Net impulse from lowest force",
    "braking_time_from_min": "Braking time from lowest force",
    "braking_rfd_from_min": "RFD from lowest force",
    "loading_rate_mean_dj": "Mean loading rate",
    "loading_rate_dj": "Loading rate",
    "dj_stiffness_slope": "Contact stiffness (slope)",
    "dj_vertical_stiffness": "Contact stiffness (depth)",
    "cmj_stiffness": "Stiffness (slope of braking)",
    "cmj_stiffness_depth": "Stiffness (force / depth)",
    "cmj_stiffness_peak": "Stiffness (peak / depth)",
}
"""Fields whose words alone would mislead or run too long."""

WORDS = {"rsi": "RSI", "rfd": "RFD", "sj": "SJ", "cmj": "CMJ", "dj": "DJ", "ssc": "SSC", "ft": "flight time",
         "tov": "take-off velocity", "takeoff": "take-off", "ecc": "eccentric", "con": "concentric",
         "sd": "SD", "2080": "20-80 %", "100ms": "100 ms", "50ms": "50 ms", "200ms": "200 ms", "kg": "kg", "bw": "BW",
         "rel": "(rel.)"}  # fmt: skip

EVENTS = {"zero_velocity": "lowest point", "landing_zero_velocity": "landing low point",
          "takeoff": "take-off", "touchdown": "landing", "onset": "start", "force_min": "lowest force",
          "first_contact": "first contact", "peak_negative_velocity": "fastest down"}  # fmt: skip
"""Event names as a coach says them."""

METHODS = {
    "impulse_momentum": "from the impulse", "flight_time": "from the flight time", "contact_edges": "edges of contact",
    "work_energy": "from the work done", "double_integration": "force integrated twice",
    "quiet_standing": "mean while standing still", "flight_mean": "mean of the flight",
    "onset_rule": "from the start", "onset by back_shift": "shifted-back start",
    "onset by backtrack": "start traced to the weight", "onset by threshold": "start at the threshold",
    "system_mass-load": "system mass less load", "over_body_mass": "divided by body mass",
    "lowest_force": "with the lowest force", "work/time": "work / time", "distance/time": "distance / time",
    "peak_force/depth": "peak force / depth", "first_peak": "first peak of contact",
    "between_peaks": "between the peaks", "second_peak": "second peak of contact",
    "least_squares": "least-squares slope",
    "force_is_weight": "where force reaches the weight",
    "best rsi_jh": "at the best RSI", "line over loads": "straight line over the loads",
    "best cmj / best sj": "best with / best without countermovement",
    "over_whole_time": "of the time to take-off",
    "velocity_zero": "split at zero velocity", "sample_maximum": "largest sample",
    "sample_minimum": "smallest sample", "braking_slope": "slope of braking", "over_weight": "divided by weight",
    "over_mass": "divided by mass", "half_of_time": "half of the push in time", "slope": "slope of force over depth",
    "first_peak_20_80": "20-80 % of the first peak", "band_of_weight": "force stays near the weight",
    "backward_integration": "backwards from rest", "flight_anchored": "from flight and impulse",
    "two_plate": "from standing on the box's plate", "pearson": "correlation",
    "box_height": "from the height of the box", "first_fifth": "peak in the first fifth",
    "contact_time_250ms": "fast up to 250 ms", "drop_height-box_height": "drop height less box height",
    "weight after_landing": "weighed after landing", "weight before": "weighed before",
    "weight unsteady_stance": "unsteady while weighed", "weight unsteady": "unsteady while weighed",
    "weight box_plate": "weighed on the box's plate", "weight given_mass": "weight from the given mass",
    "weight elsewhere_in_record": "weighed elsewhere in the record",
}  # fmt: skip
"""Methods as a coach says them; scripts keep the names. What is not here is said in its own words."""

TIMES_WEIGHT = "× weight"

LEVELS = {"info": "note", "warn": "warning", "fail": "failed"}


class Parts(NamedTuple):
    """A shown number in pieces, for tables with a column for each."""

    number: str
    u95: str
    unit: str


def clean(told: object) -> str:
    r"""Text from a file on one printable line: control characters would steer a terminal or break a table.

    >>> clean("a\x1b[31m\nb")
    'a?[31m b'
    """
    line = " ".join(str(told).split())
    return "".join(c if c.isprintable() else "?" for c in line)


def name_of_test(test: str) -> str:
    """The test as it is called in the sports hall; a record in which none was found is a recording.

    >>> name_of_test("dj"), name_of_test("auto")
    ('Drop jump', 'Recording')
    """
    return "Recording" if test == "auto" else TESTS.get(test, clean(test))


def carried(analysis: Analysis) -> list[str]:
    """What sets a trial apart from others of its test: arm swing, a load."""
    about = analysis.provenance
    load = about.get("load_kg", 0.0)
    return ["arm swing"] * bool(about.get("arms")) + ([f"load {load:g} kg"] if load else [])


def label(field: str) -> str:
    """A field in words.

    >>> label("peak_rfd"), label("jump_height_tov")
    ('Peak RFD', 'Jump height')
    """
    if field in SHORT:
        return SHORT[field]
    words = " ".join(WORDS.get(word, word) for word in field.split("_"))
    return words[:1].upper() + words[1:]


def event_label(event: str) -> str:
    """An event in words.

    >>> event_label("zero_velocity"), event_label("weigh_start")
    ('lowest point', 'weigh start')
    """
    return EVENTS.get(event, event.replace("_", " "))


def method(name: str) -> str:
    """How a number was made, in words.

    >>> method("impulse_momentum, weight after_landing"), method("jump_height_ft/contact_time")
    ('from the impulse, weighed after landing', 'jump height (flight) / contact time')
    >>> method("least_squares_20ms"), method("repetition with the best rsi_jh"), method("my_own")
    ('steepest 20 ms', 'of the repetition with the best RSI', 'my own')
    """
    return ", ".join(_method(one) for one in clean(name).split(", "))


def _method(name: str) -> str:
    if name in METHODS:
        return METHODS[name]
    start, _, field = name.partition("repetition with the best ")
    if field and not start:
        return f"of the repetition with the best {_inside(label(field))}"
    if match := re.fullmatch(r"(least_squares|first)_([\d.]+)ms", name):
        return f"{'first' if match[1] == 'first' else 'steepest'} {match[2]} ms"
    if match := re.fullmatch(r"lowpass ([\d.]+) Hz", name):
        return f"low-pass {match[1]} Hz"
    if match := re.fullmatch(r"(mean|sample_sd|sd/mean)_of_(\d+)", name):
        return {"mean": "mean", "sample_sd": "SD", "sd/mean": "SD / mean"}[match[1]] + f" of {match[2]}"
    if re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)+", name):
        return " / ".join(_inside(label(part)) for part in name.split("/"))
    return name.replace("_", " ")


def _inside(words: str) -> str:
    """Words within a sentence: a small letter first, unless an abbreviation begins."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def larger(index: Value) -> str:
    """An index of left against right as words: how large, and which side is larger; "" where it is missing.

    >>> larger(Value(-5.84, "%", 0.21)), larger(Value(12.0, "%")), larger(Value(0.01, "%"))
    ('5.8 ± 0.2 %, right larger', '12.0 %, left larger', '0.0 %')
    """
    number, u95, unit = parts(Value(abs(index.value), index.unit, index.u95))
    if not number:
        return ""
    told = f"{number} ± {u95} {unit}" if u95 else f"{number} {unit}"
    if not number.strip("0."):
        return told
    return f"{told}, {'left' if index.value > 0.0 else 'right'} larger"


def parts(value: Value) -> Parts:
    """A value in display units, split into number, uncertainty and unit; the number of a missing one is "".

    >>> parts(Value(0.31452, "m", 0.0022))
    Parts(number='31.5', u95='0.2', unit='cm')
    >>> parts(Value(3.224, "1", 0.003, "over_weight"))
    Parts(number='3.224', u95='0.003', unit='× weight')
    >>> parts(Value(1.0, "bool"))
    Parts(number='yes', u95='', unit='')
    """
    unit = shown_unit = SHOWN[value.unit].unit
    if value.unit == "1" and value.method.startswith("over_weight"):
        shown_unit = TIMES_WEIGHT
    if not math.isfinite(value.value):
        return Parts("", "", shown_unit)
    if value.label is not None:
        return Parts(value.label, "", shown_unit)
    body = text(value.value, value.unit, value.u95).removesuffix(unit).strip()
    number, _, u95 = body.partition(" ± ")
    number = number.removeprefix("-") if not number.strip("-0.") else number
    return Parts(number, _not_nothing(u95), shown_unit)


def shown(value: Value) -> str:
    """A value on one line, "-" where it is missing.

    >>> shown(Value(0.487, "s"))
    '487 ms'
    """
    number, u95, unit = parts(value)
    doubt = f" ± {u95}" if u95 else ""
    return f"{number}{doubt} {unit}".rstrip() if number else "-"


def _not_nothing(u95: str) -> str:
    """An uncertainty too small for its digits is not zero."""
    return f"<{u95[:-1]}1" if u95 and not u95.strip("0.") else u95
