"""What hip drive comes to in words: the one cue with its evidence, the order, delays with ±, and every refusal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hipdrive.analysis.cues import MISSING, NOT_RESOLVED, NOT_SHOWN, SHOWN, Advice, Found
from hipdrive.analysis.lanes import Lanes, verdict
from hipdrive.gui.cards import card, clear, label, sentence
from hipdrive.gui.qt import Qt, QtWidgets
from hipdrive.report import drive
from hipdrive.report.words import parts, shown
from hipdrive.results import Value

WIDTH = 408
"""Pixels of the column."""

SAYS = {SHOWN: "!", NOT_RESOLVED: "?", NOT_SHOWN: "✓", MISSING: "–"}
"""A sign beside every answer."""

PARTS = ("starts", "fastest", "ends")


class DriveTold(QtWidgets.QScrollArea):
    """The column beside the curves."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        inside = QtWidgets.QWidget()
        inside.setObjectName("page")
        self._layout = QtWidgets.QVBoxLayout(inside)
        self._layout.setContentsMargins(0, 0, 6, 0)
        self._layout.setSpacing(8)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(inside)

    def show_told(
        self, about: str, advice: Advice | None, made: Lanes | None, zero: tuple[str, float],
        values: Mapping[str, Value], names: Sequence[str], title: str = "Numbers",
    ) -> None:  # fmt: skip
        """Show the cue of a trial and the numbers of one of its repetitions.

        zero : name and time, s, of the instant from which times are counted. names : the numbers below the lanes.
        """
        clear(self._layout)
        if advice is not None:
            self._layout.addWidget(_cue(advice))
        if made is not None:
            self._layout.addWidget(_order(made, zero))
        if values:
            self._layout.addWidget(_numbers(values, names, title))
        if advice is not None:
            others = [one for one in advice.found if one is not advice.cue]
            self._layout.addWidget(_faults(sorted(others, key=lambda one: list(SAYS).index(one.answer))))
        self._layout.addWidget(label(sentence(about), "soft", wrap=True))

    def texts(self) -> list[str]:
        """Every text, top down, for tests."""
        found: list[str] = []
        for i in range(self._layout.count()):
            item = self._layout.itemAt(i)
            part = item.widget() if item is not None else None
            if isinstance(part, QtWidgets.QLabel):
                found.append(part.text())
            elif part is not None:
                found += [one.text() for one in part.findChildren(QtWidgets.QLabel)]
        return found


def _box(level: str = "", title: str = "") -> tuple[QtWidgets.QFrame, QtWidgets.QVBoxLayout]:
    frame = card(level)
    layout = QtWidgets.QVBoxLayout(frame)
    layout.setContentsMargins(12, 8, 10, 9)
    layout.setSpacing(3)
    if title:
        layout.addWidget(label(title, "name"))
    return frame, layout


def _cue(advice: Advice) -> QtWidgets.QFrame:
    """The cue, and what it rests on; where no fault is shown, what is not resolved."""
    open_ = next((one for one in advice.found if one.answer == NOT_RESOLVED), None)
    found = advice.cue or open_
    frame, layout = _box("warn" if advice.cue else "" if open_ else "good", "Cue")
    said = f"“{advice.cue.fault.cue}”" if advice.cue else "Not resolved" if open_ else "No fault is shown"
    layout.addWidget(label(said, "cue", wrap=True))
    if found is None:
        layout.addWidget(label("What was looked for is not there beyond its uncertainty.", "told", wrap=True))
        return frame
    layout.addWidget(label(sentence(found.fault.fault) if advice.cue else
                           f"Whether {found.fault.fault} cannot be said: the uncertainty covers the limit.", "told",
                           wrap=True))  # fmt: skip
    for told in drive.told(found):
        layout.addWidget(label(told, "evidence", wrap=True))
    if advice.cue:
        layout.addWidget(label(f"Work: {found.fault.work}", "soft", wrap=True))
    return frame


def _order(made: Lanes, zero: tuple[str, float]) -> QtWidgets.QFrame:
    """The order of the joints in words, and their times as a table."""
    frame, layout = _box(title="Order of extension")
    layout.addWidget(label(sentence(verdict(made.sequence)), "told", wrap=True))
    if not made.there:
        return frame
    grid = QtWidgets.QGridLayout()
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(2)
    right = Qt.AlignmentFlag.AlignRight
    for column, head in enumerate((*PARTS, "peak"), 1):
        grid.addWidget(label(head, "soft"), 0, column, right)
    grid.addWidget(label(f"ms from {zero[0]}", "soft"), 1, 1, 1, 3, right)
    grid.addWidget(label("°/s", "soft"), 1, 4, right)
    whys: dict[str, list[str]] = {}
    for row, lane in enumerate(made.lanes, 2):
        grid.addWidget(label(drive.JOINTS[lane.joint], "name"), row, 0)
        times = dict(zip(PARTS, (lane.onset, lane.peak, lane.end), strict=True))
        cells = [*(_from(one, zero[1]) for one in times.values()), _bare(lane.speed)]
        for column, cell in enumerate(cells, 1):
            grid.addWidget(label(cell, "cell"), row, column, right)
        for name, one in times.items():
            if one.why:
                whys.setdefault(one.why, []).append(f"{lane.joint} {name}")
    layout.addLayout(grid)
    for why, which in whys.items():
        layout.addWidget(label(sentence(f"{', '.join(which)}: {why}"), "soft", wrap=True))
    return frame


def _from(value: Value, zero: float) -> str:
    """A time counted from another, in the unit of the table's head."""
    return _bare(Value(value.value - zero, value.unit, value.u95)) if math.isfinite(value.value - zero) else "-"


def _bare(value: Value) -> str:
    number, u95, _ = parts(value)
    return (f"{number} ± {u95}" if u95 else number) or "-"


def _numbers(values: Mapping[str, Value], names: Sequence[str], title: str) -> QtWidgets.QFrame:
    """Numbers with ±; below them, reason by reason, which ones are missing."""
    frame, layout = _box(title=f"{title} (± 95 %)")
    grid = QtWidgets.QGridLayout()
    grid.setVerticalSpacing(2)
    grid.setColumnStretch(0, 1)
    whys: dict[str, list[str]] = {}
    for row, (name, value) in enumerate(drive.values_of(values, tuple(names))):
        if math.isfinite(value.value):
            grid.addWidget(label(f"{name[:1].upper()}{name[1:]}", "told", wrap=True), row, 0)
            grid.addWidget(label(shown(value), "cell"), row, 1, Qt.AlignmentFlag.AlignRight)
        else:
            whys.setdefault(value.why or "no reason was given", []).append(name)
    layout.addLayout(grid)
    for why, which in whys.items():
        layout.addWidget(label(f"{sentence(', '.join(which)).removesuffix('.')}: {sentence(why)}", "soft", wrap=True))
    return frame


def _faults(found: Sequence[Found]) -> QtWidgets.QFrame:
    """What else was looked for, the strongest answers first."""
    frame, layout = _box(title="Also looked for")
    for one in found:
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(8)
        mark = label(SAYS[one.answer], "status")
        mark.setFixedWidth(14)
        line.addWidget(mark, alignment=Qt.AlignmentFlag.AlignTop)
        told = QtWidgets.QVBoxLayout()
        told.setSpacing(0)
        joined = " whether " if one.answer in (NOT_RESOLVED, MISSING) else ": "
        said = f"{drive.ANSWERS[one.answer].capitalize()}{joined}{one.fault.fault}"
        told.addWidget(label(said, "told", wrap=True))
        for evidence in one.evidence:
            told.addWidget(label(sentence(drive.against(evidence)), "soft", wrap=True))
        line.addLayout(told, 1)
        layout.addLayout(line)
    return frame
