"""What other systems call our numbers: vendors.csv beside this module, one line for each of their names."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("vendors.csv")

UNITS = {"N.s": "N*s", "N.s/kg": "N*s/kg", "kg.m/s": "kg*m/s", "kgs": "kg", "-": "1", "Count": "1", "Yes/No": "bool"}
"""How vendors write a unit -> how we do; all others are written alike."""

FACTORS = {("s", "ms"): 1000.0, ("1", "%"): 100.0, ("kg", "lbs"): 2.2046226, ("m/s", "1"): 1.0}
"""(our unit, theirs) -> by what our number is multiplied; a reactive strength index of height over time is in m/s."""


@dataclass(frozen=True)
class VendorName:
    """One name of a vendor's list: the fields of ours that say the same, or in `note` why there is none."""

    vendor: str
    list: str
    test: str
    name: str
    unit: str
    fields: tuple[str, ...]
    note: str


@cache
def names() -> tuple[VendorName, ...]:
    """Every name, in the order of the vendors' lists."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            VendorName(r["vendor"], r["list"], r["test"], r["name"], r["unit"], tuple(r["fields"].split()), r["note"])
            for r in csv.DictReader(file)
        )


def factor(ours: str, theirs: str) -> float | None:
    """By what a number in our unit is multiplied to be in theirs; None where the two do not fit.

    >>> factor("s", "ms"), factor("1", "%"), factor("N*s", "N.s"), factor("N", "%")
    (1000.0, 100.0, 1.0, None)
    """
    other = UNITS.get(theirs, theirs)
    return 1.0 if other == ours else FACTORS.get((ours, other))


def to_text(found: Iterable[VendorName]) -> str:
    """One line a name, under a heading for each list."""
    return "\n".join(_lines(found))


def _lines(found: Iterable[VendorName]) -> Iterator[str]:
    heading = ""
    for one in found:
        title = f"{one.vendor}: {one.list}"
        if title != heading:
            yield ("\n" if heading else "") + title
            heading = title
        unit = f" [{one.unit}]" if one.unit else ""
        told = ", ".join(one.fields) + (f"  ({one.note})" if one.note and one.fields else "")
        yield f"  {one.name}{unit}: {told or 'none: ' + one.note}"


def to_json(found: Iterable[VendorName]) -> str:
    """The list for scripts."""
    return json.dumps({"format": "hipdrive-vendor-names", "version": 1, "names": [asdict(one) for one in found]},
                      indent=1)  # fmt: skip
