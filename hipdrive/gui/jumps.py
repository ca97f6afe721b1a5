"""The jumps of a session in a list: their first numbers, and what became of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hipdrive.gui.board import fields
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets
from hipdrive.gui.theme import LIGHT, MARKS, Theme
from hipdrive.report.words import parts
from hipdrive.results import FLAGGED, REFUSED, Value
from hipdrive.session import ANALYSED, CUT, DISCARDED, KEPT, SAVING, Take

STATES = {CUT: "analysing", ANALYSED: "keep or discard?", SAVING: "saving", KEPT: "kept", DISCARDED: "discarded"}


def line(take: Take) -> str:
    r"""A jump in two lines.

    >>> line(Take(number=3, begin=0, end=5))
    '3   –\nanalysing'
    """
    values, kind = numbers(take)
    told = [parts(replace(values[field], u95=math.nan)) for field in fields(kind)[:3] if field in values]
    hero, *others = [f"{one.number or '–'} {one.unit}".rstrip() for one in told] or ["–"]
    if fields(kind)[0].startswith("rsi"):
        hero = f"RSI {told[0].number or '–'}"
    state = STATES[take.state]
    if take.analysis is not None and take.analysis.status in (FLAGGED, REFUSED) and take.state != DISCARDED:
        state = f"{state}  {MARKS[take.analysis.status]}"
    first = "   ".join((str(take.number), hero, *others[-1:]))
    return f"{first}\n{'✓ ' if take.state == KEPT else ''}{state}"


def numbers(take: Take) -> tuple[dict[str, Value], str]:
    """The best numbers that are there, and of what kind of jump they are."""
    if take.analysis is not None and take.analysis.reps:
        rep = take.analysis.reps[-1]
        return {field: rep[field] for field in fields(rep.test) if field in rep.columns.values}, rep.test
    if take.numbers:
        return dict(take.numbers[-1].values), take.numbers[-1].kind
    return {}, ""


class JumpList(QtWidgets.QListWidget):
    """Newest on top; the chosen one is what keep, discard and review are about."""

    chosen = QtCore.pyqtSignal(int)
    """The number of a take."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.theme = LIGHT
        self.currentItemChanged.connect(self._changed)

    def show_takes(self, takes: Sequence[Take]) -> None:
        """All takes anew."""
        self.blockSignals(True)
        self.clear()
        for take in takes:
            self._insert(take)
        self.blockSignals(False)

    def show_take(self, take: Take) -> None:
        """A new take, which is chosen, or one that has changed."""
        item = self._item(take.number)
        if item is None:
            self.setCurrentItem(self._insert(take))
            return
        self._fill(item, take)

    @property
    def number(self) -> int | None:
        """The chosen take."""
        item = self.currentItem()
        return None if item is None else int(item.data(Qt.ItemDataRole.UserRole))

    def step(self, by: int) -> None:
        """The next one down the list."""
        if self.count():
            self.setCurrentRow(max(0, min(self.count() - 1, self.currentRow() + by)))

    def set_theme(self, theme: Theme) -> None:
        """Another ink for what is discarded."""
        self.theme = theme

    def _insert(self, take: Take) -> QtWidgets.QListWidgetItem:
        item = QtWidgets.QListWidgetItem()
        item.setData(Qt.ItemDataRole.UserRole, take.number)
        self._fill(item, take)
        self.insertItem(0, item)
        return item

    def _fill(self, item: QtWidgets.QListWidgetItem, take: Take) -> None:
        item.setText(line(take))
        font = item.font()
        font.setStrikeOut(take.state == DISCARDED)
        font.setBold(not take.decided)
        item.setFont(font)
        if take.state == DISCARDED:
            item.setForeground(QtGui.QColor(self.theme.soft))
        item.setToolTip(str(take.path or ""))

    def _item(self, number: int) -> QtWidgets.QListWidgetItem | None:
        items = (self.item(row) for row in range(self.count()))
        return next((one for one in items if one and one.data(Qt.ItemDataRole.UserRole) == number), None)

    def _changed(self, item: QtWidgets.QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(int(item.data(Qt.ItemDataRole.UserRole)))
