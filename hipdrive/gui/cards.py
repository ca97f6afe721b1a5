"""The numbers a coach reads first, large; and what the checks say, with what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hipdrive.gui.qt import Qt, QtGui, QtWidgets
from hipdrive.gui.theme import MARKS
from hipdrive.report import rows
from hipdrive.report.words import LEVELS, clean, method, parts
from hipdrive.report.words import sentence as in_full
from hipdrive.results import FAIL, FLAGGED, INFO, OK, REFUSED, WARN, Analysis, Finding, Results

STATUS = {OK: "Good trial", FLAGGED: "Look at the notes", REFUSED: "Not usable"}
LOOKS = {OK: "good", INFO: "good", FLAGGED: "warn", WARN: "warn", REFUSED: "bad", FAIL: "bad"}

OPTIONS = ((r"--(rate|mass) (?=\d)", ""), (r"--rate( HZ)?", "the sampling rate"),
           (r"--columns (?=\S+=)", "the columns "), (r"--columns", "the columns"), (r"--mass( KG)?", "the mass"),
           (r"--box-height( M)?", "the box height"), (r"--test auto", "the test Auto"), (r"--test", "the test"),
           (r"--motion-clock same:", "the same clock:"), (r"--motion-clock( CLOCK)?", "its clock"),
           (r"--motion-as (?=\w+=)", ""), (r"--motion-as", "what is not in the file"), (r"--motion", "Add motion"),
           (r"`hipdrive metrics`", "the manual"))  # fmt: skip
"""What the command line calls its options, and what they are called here."""


def sentence(told: str) -> str:
    """A message as a sentence, with the window's words for the command line's options.

    >>> sentence("the rate is not in the file; give --rate, for example --rate 1000")
    'The rate is not in the file; give the sampling rate, for example 1000.'
    """
    line = clean(told)
    for option, words in OPTIONS:
        line = re.sub(option, words, line)
    return in_full(line)


def follow(button: QtWidgets.QAbstractButton, action: QtGui.QAction) -> None:
    """A button does what an action does, names its key, and leaves the keyboard to the page."""
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.clicked.connect(action.trigger)

    def changed() -> None:
        button.setText(f"{action.text()}   {action.shortcut().toString(QtGui.QKeySequence.SequenceFormat.NativeText)}")
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    action.changed.connect(changed)
    changed()


def label(text: str, name: str, *, wrap: bool = False) -> QtWidgets.QLabel:
    """A label whose look the style sheet knows by its name; what a file says is no markup."""
    made = QtWidgets.QLabel(text)
    made.setObjectName(name)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def card(level: str = "") -> QtWidgets.QFrame:
    """A framed ground."""
    made = QtWidgets.QFrame()
    made.setObjectName("card")
    made.setProperty("level", level)
    return made


class NumberCard(QtWidgets.QFrame):
    """One number: its name, the value with unit, and how sure it is, or why it is missing."""

    def __init__(self, line: rows.Line, *, hero: bool = False) -> None:
        super().__init__()
        self.setObjectName("card")
        self.line = line
        told = parts(line.value)
        self.number = label(told.number or "-", "hero" if hero else "number")
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(11, 6, 9, 8)
        layout.setSpacing(0)
        layout.addWidget(label(line.label, "name"))
        value = QtWidgets.QHBoxLayout()
        value.setSpacing(6)
        value.addWidget(self.number)
        if told.number:
            value.addWidget(label(told.unit, "unit"), alignment=Qt.AlignmentFlag.AlignBottom)
        value.addStretch()
        layout.addLayout(value)
        if line.there:
            self.note = label(f"± {told.u95} {told.unit}".rstrip() if told.u95 else " ", "soft")
        else:
            self.note = label(sentence(line.value.why or "no reason was given"), "soft", wrap=True)
        layout.addWidget(self.note)
        layout.addStretch()
        self.setToolTip(_about(line))
        self.setAccessibleName(f"{line.label} {told.number} {told.unit}")


def _about(line: rows.Line) -> str:
    told = [line.doc, f"Method: {method(line.value.method)}" if line.value.method else "",
            f"Source: {line.source}" if line.source else "",
            "± is the 95 % uncertainty." if line.there else ""]  # fmt: skip
    return "\n".join(one for one in told if one)


class Headline(QtWidgets.QWidget):
    """The hero and its companions in one row."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QtWidgets.QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.cards: list[NumberCard] = []

    def show_rep(self, analysis: Analysis, rep: Results) -> None:
        """Show a repetition's headline numbers, the test's own first and largest."""
        first = rows.hero(rep)
        lines = [line for line in rows.headline(analysis, rep) if first is None or line.field != first.field]
        self._show(first, lines)

    def show_series(self, analysis: Analysis) -> None:
        """Show what a coach reads first over a series of hops."""
        over = rows.series(analysis)
        self._show(over[0], over[1:])

    def _show(self, first: rows.Line | None, lines: Sequence[rows.Line]) -> None:
        clear(self._layout)
        self.cards = [NumberCard(first, hero=True)] if first is not None else []
        self.cards += [NumberCard(line) for line in lines[:5]]
        for i, one in enumerate(self.cards):
            self._layout.addWidget(one, 4 if i == 0 else 3)


class CheckLine(QtWidgets.QFrame):
    """One check in words, with its remedy."""

    def __init__(self, finding: Finding, *, many: bool = False) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setProperty("level", LOOKS[finding.level])
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        where = f", jump {finding.rep}" if finding.rep and many else ""
        layout.addWidget(label(f"{MARKS[finding.level]}  {LEVELS[finding.level].capitalize()}{where}", "status"))
        layout.addWidget(label(" ".join(filter(None, (sentence(finding.message), sentence(finding.remedy)))), "told",
                               wrap=True), 1)  # fmt: skip


def told_first(findings: Sequence[Finding], rep: int | None) -> list[Finding]:
    """Checks of the record and of a repetition, the gravest first; None: of all repetitions what is no mere note."""
    order = {FAIL: 0, WARN: 1, INFO: 2}
    held = (f for f in findings if f.rep in (0, rep) or (rep is None and f.level != INFO))
    return sorted(held, key=lambda f: order[f.level])


def clear(layout: QtWidgets.QLayout) -> None:
    """Remove everything from a layout."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
