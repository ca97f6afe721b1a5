"""The numbers of the last jump, to be read from the other end of the hall; provisional at first, then what holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from hipdrive.analysis.said import Numbers
from hipdrive.gui.cards import LOOKS, STATUS, label, sentence, told_first
from hipdrive.gui.qt import Qt, QtGui, QtWidgets
from hipdrive.gui.theme import MARKS
from hipdrive.report.words import label as words
from hipdrive.report.words import name_of_test, parts, shown
from hipdrive.results import FLAGGED, INFO, OK, REFUSED, Analysis, Results, Value
from hipdrive.session import Take

FIELDS: Mapping[str, tuple[str, str, str, str]] = {
    "dj": ("rsi_jh", "jump_height_ft", "contact_time", "drop_height"),
    "rebound": ("rsi_jh", "jump_height_ft", "contact_time", "flight_time"),
    "landing": ("peak_landing_force", "drop_height", "touchdown_velocity", "system_weight"),
}
"""What stands on the board by kind of jump, the largest first."""

OTHERS = ("jump_height_tov", "jump_height_ft", "rsi_modified", "time_to_takeoff")
NAMES = {"jump_height_ft": "Height", "rsi_modified": "RSI mod.", "jump_height_tov": "Height",
         "time_to_takeoff": "To take-off", "touchdown_velocity": "Velocity", "system_weight": "Weight",
         "peak_landing_force": "Peak force"}  # fmt: skip
"""Shorter than elsewhere: there is room for two words."""
SOON = {"drop_height": "stand still for it"}
"""What to do for a number that comes only when the athlete stands still."""

DIGIT, POINT, FEWEST = 0.70, 0.38, 3
"""Width of a bold digit and point, in heights of the letters; digits for which there is always room."""

PROVISIONAL, FINAL = "provisional", "final"


def fields(kind: str) -> tuple[str, str, str, str]:
    """The four numbers of a kind of jump."""
    return FIELDS.get(kind, OTHERS)


def name(field: str, kind: str) -> str:
    """What a number is called on the board.

    >>> name("jump_height_ft", "dj"), name("jump_height_ft", "cmj")
    ('Height', 'By flight')
    """
    return "By flight" if field == "jump_height_ft" and kind not in FIELDS else NAMES.get(field, words(field))


class Tile(QtWidgets.QFrame):
    """One number, as large as its room allows."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.setObjectName("card")
        self.share, self._size = share, 0
        self.name, self.number, self.unit, self.note = (label("", key) for key in ("tile", "big", "tileunit", "soft"))
        self.number.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        # a longer number must not push the others aside, nor the window over the edge of the screen
        self.number.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Ignored)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 12, 8)
        layout.setSpacing(0)
        top = QtWidgets.QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.name, 1)
        top.addWidget(self.unit)
        self.name.setMinimumWidth(60)
        layout.addLayout(top)
        layout.addWidget(self.number, 1, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.note)

    def show_value(self, field: str, kind: str, value: Value | None, *, provisional: bool) -> None:
        """A number, or what to do to get it."""
        self.name.setText(name(field, kind))
        told = parts(replace(value, u95=math.nan)) if value is not None else None
        self.unit.setText(told.unit if told is not None else "")
        self.number.setText((told.number if told is not None else "") or "–")
        if value is None or told is None or (not told.number and provisional):
            self.note.setText(SOON.get(field, " "))
        elif told.number:
            self.note.setText(" " if provisional else shown(value))
        else:
            self.note.setText("the review says why not")
        self.setToolTip(sentence(value.why or "") if value is not None and not math.isfinite(value.value) else "")
        self._fit()
        self.setAccessibleName(f"{self.name.text()} {self.number.text()} {self.unit.text()}")

    def clear(self, field: str, kind: str) -> None:
        """The name only."""
        self.name.setText(name(field, kind))
        for one in (self.number, self.unit, self.note):
            one.setText("–" if one is self.number else " ")

    def _fit(self) -> None:
        """Digits that fill the tile; most numbers have as many, so that they seldom change their size."""
        text = self.number.text()
        width = DIGIT * max(FEWEST, sum(c.isdigit() for c in text)) + POINT * (2 if text.startswith("-") else 1)
        size = max(24, min(int(self.share * self.height()), int((self.width() - 34) / width)))
        if size != self._size:
            self._size = size
            self.number.setStyleSheet(f"font-size: {size}px; font-weight: 800;")

    def resizeEvent(self, event: QtGui.QResizeEvent | None) -> None:
        """Larger digits in a larger tile."""
        super().resizeEvent(event)
        self._fit()


class Board(QtWidgets.QWidget):
    """Which jump, how sure, four numbers and the verdict with its remedy."""

    def __init__(self) -> None:
        super().__init__()
        self.title = label("No jump yet", "title")
        self.tag = label("", "tag")
        self.hero = Tile(0.66)
        self.tiles = [Tile(0.46) for _ in range(3)]
        self.verdict = QtWidgets.QFrame()
        self.verdict.setObjectName("card")
        self.status, self.told = label("", "status"), label("", "told", wrap=True)
        inside = QtWidgets.QHBoxLayout(self.verdict)
        inside.setContentsMargins(14, 5, 12, 5)
        inside.setSpacing(14)
        inside.addWidget(self.status)
        inside.addWidget(self.told, 1)
        top = QtWidgets.QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(self.title)
        top.addWidget(self.tag)
        top.addStretch()
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.hero, 13)
        for tile in self.tiles:
            row.addWidget(tile, 8)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(row, 1)
        layout.addWidget(self.verdict)
        self.clear("dj")

    def clear(self, kind: str) -> None:
        """Nobody has jumped yet."""
        self.title.setText("No jump yet")
        self._tag("")
        for tile, field in zip([self.hero, *self.tiles], fields(kind), strict=True):
            tile.clear(field, kind)
        self._verdict("", "", "")

    def show_numbers(self, number: int, numbers: Numbers) -> None:
        """Provisional numbers of a jump that goes on."""
        self._fill(f"Jump {number}", numbers.kind, numbers.values, provisional=True)
        self._verdict("", "", "Numbers may still change: stand still until the jump is closed.")

    def show_take(self, take: Take) -> None:
        """A jump that is closed: what `analyse` says of it as soon as that is known."""
        analysis = take.analysis
        if analysis is not None and analysis.reps:
            rep = analysis.reps[-1]
            self._fill(f"Jump {take.number}", rep.test, rep, provisional=False)
        elif take.numbers:
            self._fill(f"Jump {take.number}", take.numbers[-1].kind, take.numbers[-1].values, provisional=True)
        else:
            self.clear("dj")
            self.title.setText(f"Jump {take.number}")
        self._show_verdict(take, analysis)

    def _fill(self, title: str, kind: str, values: Mapping[str, Value], *, provisional: bool) -> None:
        known = name_of_test(kind) if kind in ("dj", "cmj", "sj", "landing") else "Rebound" if kind == "rebound" else ""
        self.title.setText(f"{title}   {known}".rstrip())
        self._tag(PROVISIONAL if provisional else FINAL)
        for tile, field in zip([self.hero, *self.tiles], fields(kind), strict=True):
            tile.show_value(field, kind, values.get(field), provisional=provisional)

    def _tag(self, text: str) -> None:
        self.tag.setText(text)
        self.tag.setVisible(bool(text))
        self.tag.setProperty("level", "warn" if text == PROVISIONAL else "good")
        for one in (self.tag, self.hero.number, *(tile.number for tile in self.tiles)):
            one.setProperty("sure", text != PROVISIONAL)
            restyle(one)

    def _show_verdict(self, take: Take, analysis: Analysis | None) -> None:
        """Status in words, and the gravest check with its remedy."""
        if analysis is None:
            self._verdict("bad" if take.why else "", "", sentence(take.why) if take.why else "Analysing ...")
            return
        rep: Results | None = analysis.reps[-1] if analysis.reps else None
        status = rep.status if rep is not None and analysis.status != REFUSED else analysis.status
        grave = [one for one in told_first(analysis.quality, rep.rep if rep is not None else 0) if one.level != INFO]
        why = (rep.why if rep is not None else None) or analysis.why
        told = sentence(why) if why else " ".join(
            filter(None, (sentence(grave[0].message), sentence(grave[0].remedy)))) if grave else ""  # fmt: skip
        if status == OK and grave:
            status = FLAGGED
        cut = f"{sentence(take.why)} " if take.why and not why else ""
        self._verdict(LOOKS[status], f"{MARKS[status]}  {STATUS[status]}", f"{cut}{told}" or "Nothing to mend.")

    def _verdict(self, look: str, status: str, told: str) -> None:
        self.verdict.setProperty("level", look)
        self.status.setText(status)
        self.status.setVisible(bool(status))
        self.told.setText(told)
        for one in (self.verdict, self.status):
            restyle(one)


def restyle(widget: QtWidgets.QWidget) -> None:
    """Let the style sheet see that a property changed."""
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)
