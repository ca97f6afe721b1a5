"""How fields and tests are called where people read them; scripts keep the field names."""

from __future__ import annotations

import math
from typing import NamedTuple

from hipdrive.results import Value
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
}
"""Fields whose words alone would mislead or run too long."""

WORDS = {"rsi": "RSI", "rfd": "RFD", "sj": "SJ", "cmj": "CMJ", "dj": "DJ", "ssc": "SSC", "ft": "flight time",
         "tov": "take-off velocity", "takeoff": "take-off", "ecc": "eccentric", "con": "concentric",
         "sd": "SD", "2080": "20-80 %", "100ms": "100 ms", "50ms": "50 ms", "bw": "BW",
         "rel": "(relative)"}  # fmt: skip

EVENTS = {"zero_velocity": "lowest point", "landing_zero_velocity": "landing low point",
          "takeoff": "take-off", "touchdown": "landing", "onset": "start", "force_min": "lowest force",
          "first_contact": "first contact", "peak_negative_velocity": "fastest down"}  # fmt: skip
"""Event names as a coach says them."""

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
    """The test as it is called in the sports hall.

    >>> name_of_test("dj")
    'Drop jump'
    """
    return TESTS.get(test, clean(test))


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


def parts(value: Value) -> Parts:
    """A value in display units, split into number, uncertainty and unit; the number of a missing one is "".

    >>> parts(Value(0.31452, "m", 0.0022))
    Parts(number='31.5', u95='0.2', unit='cm')
    >>> parts(Value(1.0, "bool"))
    Parts(number='yes', u95='', unit='')
    """
    unit = SHOWN[value.unit].unit
    if not math.isfinite(value.value):
        return Parts("", "", unit)
    if value.label is not None:
        return Parts(value.label, "", unit)
    body = text(value.value, value.unit, value.u95).removesuffix(unit).strip()
    number, _, u95 = body.partition(" ± ")
    number = number.removeprefix("-") if not number.strip("-0.") else number
    return Parts(number, _not_nothing(u95), unit)


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
