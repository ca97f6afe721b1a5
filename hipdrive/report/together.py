"""Several recordings of one athlete on the command line: numbers across trials, beside those of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hipdrive.analysis.registry import RUNS
from hipdrive.report import document
from hipdrive.report.inputs import Ask, Done
from hipdrive.report.words import clean, label, method, name_of_test, shown
from hipdrive.results import Analysis, Value

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hipdrive.analysis.across import Across

MOST = 1000
"""Trials that are kept for it; nobody compares more by hand, and a folder of more would fill the memory."""

MAIN = {"cmj": "mean_propulsive_force", "sj": "mean_propulsive_force", "dj": "mean_propulsive_force",
        "isometric": "iso_peak_force"}  # fmt: skip
"""Test -> the one number whose noise band the table shows; the JSON document has all."""


class Together:
    """The trials of all files, under the first profile asked for."""

    def __init__(self) -> None:
        self._kept: list[Analysis] = []
        self._involved = ""

    def add(self, done: Iterable[Done], ask: Ask) -> None:
        """Take the trials of one file."""
        self._involved = ask.involved
        of_plates = [one for one in done if one.analysis.test not in RUNS]
        self._kept += [one.analysis for one in of_plates if one.profile == ask.profiles[0]][
            : MOST + 1 - len(self._kept)
        ]

    def found(self) -> tuple[list[Across], str]:
        """Athletes of whom there is something to say over two trials or more, and a note on what was left out."""
        from hipdrive.analysis.across import Session, by_athlete, of_athlete

        if len(self._kept) < 2:
            return [], ""
        if len(self._kept) > MOST:
            return [], f"more than {MOST} trials: numbers across trials are left out; give those of one athlete"
        groups, strangers = by_athlete(self._kept)
        many = [of_athlete(name, Session(tuple(of), involved=self._involved)) for name, of in groups if len(of) > 1]
        note = ""
        if len(strangers) > 1:
            note = (f"{len(strangers)} trials name no athlete and their weights do not agree, so nothing is computed "
                    "across them")  # fmt: skip
        return [one for one in many if one.says_something], note


def entry(found: Sequence[Across]) -> dict[str, Any]:
    """What the JSON document says: `session` of one athlete, `sessions` of several."""
    if not found:
        return {}
    told = [{"athlete": one.athlete, "trials": one.trials, "metrics": document.metrics(one),
             "quality": [document.finding(f) for f in one.quality]} for one in found]  # fmt: skip
    return {"session": told[0]} if len(told) == 1 else {"sessions": told}


def view(one: Across) -> RenderableType:
    """The block of one athlete on the terminal."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from hipdrive.report.table import check_line

    title = Text.assemble((f"Across trials{f' of {clean(one.athlete)}' if one.athlete else ''}", "bold"),
                          (f"  {one.trials} trials", "dim"))  # fmt: skip
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for style in (None, None, "dim"):
        table.add_column(style=style, no_wrap=False)
    for name, value in _shown(one):
        why = value.why or ""
        about = method(value.method) if math.isfinite(value.value) else f"{why[:1].upper()}{why[1:]}."
        table.add_row(named(name), Text(shown(value), "bold"), about)
    lines = [Padding(check_line(f), (0, 0, 0, 2)) for f in one.quality]
    return Group(title, Padding(table, (0, 0, 0, 2)), *lines, Text(""))


def _shown(one: Across) -> Iterator[tuple[str, Value]]:
    """The numbers that a table has room for: of families, the main one of each test; missing ones once."""
    for name, value in one.items():
        family, test, field = _parts(name)
        if name.startswith("asym_direction") and not math.isfinite(value.value):
            continue
        if not family or not field or field == MAIN.get(test) or (family == "asym_unilateral" and _first(test, field)):
            yield name, value


FAMILIES = ("asym_noise_band", "asym_direction_agreement", "asym_unilateral", "limb_symmetry_index")


def _parts(name: str) -> tuple[str, str, str]:
    """Family, test and field of a number across trials; the family is "" of a number by itself."""
    family = next((f for f in FAMILIES if name.startswith(f"{f}_")), "")
    if not family or family == "asym_direction_agreement":
        return "", "", ""
    test, _, field = name.removeprefix(f"{family}_").partition("_")
    return family, test, field


def _first(test: str, field: str) -> bool:
    from hipdrive.analysis.registry import headline

    return field in headline(test)


def named(name: str) -> str:
    """A number across trials in words.

    >>> named("asym_unilateral_cmj_jump_height_tov")
    'Left against right, countermovement jump: jump height'
    """
    family, test, field = _parts(name)
    if name.startswith("asym_direction_agreement_"):
        tests = name.removeprefix("asym_direction_agreement_").split("_")
        return f"Same side larger, {' and '.join(_test(one) for one in tests)}"
    if not family:
        return label(name)
    words = {"asym_noise_band": "Noise of left against right", "asym_unilateral": "Left against right",
             "limb_symmetry_index": "Limb symmetry"}[family]  # fmt: skip
    what = label(field)
    what = what if what[:2].isupper() else what[:1].lower() + what[1:]
    return f"{words}, {_test(test)}{f': {what}' if field else ''}"


def _test(test: str) -> str:
    name = name_of_test(test) if test != "days" else "first and last day"
    return name[:1].lower() + name[1:]
