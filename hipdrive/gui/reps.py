"""Which repetition is shown: a button for each and, of a series of hops, one for the series before them."""

from __future__ import annotations

from collections.abc import Mapping

from hipdrive.gui.cards import clear, label
from hipdrive.gui.qt import Qt, QtCore, QtWidgets
from hipdrive.report import rows
from hipdrive.report.words import shown
from hipdrive.results import Analysis

SERIES = -1
"""The place of the series, before its first repetition."""

MOST = 14
"""Repetitions that have a button each; more are chosen from a list, which a narrow screen has room for."""


def first(analysis: Analysis) -> int:
    """What is shown when a trial is opened: the series where there is one, else the first repetition."""
    return SERIES if analysis.reps and rows.series(analysis) else 0


class RepRow(QtWidgets.QWidget):
    """Buttons, or a list where there are many."""

    chosen = QtCore.pyqtSignal(int)
    """SERIES, or the index of a repetition."""

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[int, QtWidgets.QPushButton] = {}
        self.choice = QtWidgets.QComboBox()
        self.choice.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.choice.activated.connect(lambda row: self.chosen.emit(self.choice.itemData(row)))
        self._places: list[int] = []
        self._row = QtWidgets.QHBoxLayout()
        self._row.setSpacing(4)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._row)
        layout.addWidget(self.choice)

    def show_trial(self, analysis: Analysis) -> None:
        """The repetitions of a trial; nothing where there is only one thing to show."""
        over = rows.series(analysis) if analysis.reps else ()
        word = "Hop" if over else "Jump"
        names = {SERIES: ("Series", _tip("The series as a whole", over[0]))} if over else {}
        names |= {i: (f"{rep.rep}", _tip(f"{word} {rep.rep}", rows.hero(rep))) for i, rep in enumerate(analysis.reps)}
        self.show_places(word, names)

    def show_places(self, word: str, names: Mapping[int, tuple[str, str]]) -> None:
        """One choice for each place, with its text and what is told when it is pointed at."""
        clear(self._row)
        self.buttons = {}
        self.choice.clear()
        self._places = list(names)
        several, few = len(names) > 1, len(names) <= MOST
        self.setVisible(several)
        self.choice.setVisible(several and not few)
        if several and few and SERIES not in names:
            self._row.addWidget(label(word, "name"))
        for place, (text, tip) in names.items() if several else ():
            if few:
                self._button(place, text, tip)
            else:
                self.choice.addItem(text if place == SERIES else f"{word} {text}", place)

    def _button(self, place: int, text: str, tip: str) -> None:
        button = QtWidgets.QPushButton(text)
        button.setObjectName("rep")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(tip)
        button.clicked.connect(lambda: self.chosen.emit(place))
        self._row.addWidget(button)
        self.buttons[place] = button

    def mark(self, place: int) -> None:
        """Show which one is shown."""
        for at, button in self.buttons.items():
            button.setChecked(at == place)
        self.choice.setCurrentIndex(self.choice.findData(place))

    def stepped(self, place: int, by: int) -> int:
        """The place so many steps on, round and round."""
        if place not in self._places:
            return place
        return self._places[(self._places.index(place) + by) % len(self._places)]


def _tip(told: str, line: rows.Line | None) -> str:
    return told if line is None else f"{told}: {line.label} {shown(line.value)}"
