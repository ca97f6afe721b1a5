"""Which repetition is shown: a button for each and, of a series of hops, one for the series before them."""

from __future__ import annotations

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
        clear(self._row)
        self.buttons = {}
        self.choice.clear()
        self._places = list(range(first(analysis), len(analysis.reps)))
        word = "Hop" if first(analysis) == SERIES else "Jump"
        few = len(self._places) <= MOST
        self.choice.setVisible(not few)
        self.setVisible(len(self._places) > 1)
        for place in self._places if few and len(self._places) > 1 else ():
            self._button(analysis, place, word)
        if self.buttons and SERIES not in self.buttons:
            self._row.insertWidget(0, label(word, "name"))
        for place in () if few else self._places:
            self.choice.addItem("Series" if place == SERIES else f"{word} {analysis.reps[place].rep}", place)

    def _button(self, analysis: Analysis, place: int, word: str) -> None:
        """One button, which tells its first number when it is pointed at."""
        series = place == SERIES
        line = rows.series(analysis)[0] if series else rows.hero(analysis.reps[place])
        number = analysis.reps[place].rep
        button = QtWidgets.QPushButton("Series" if series else f"{number}")
        told = "The series as a whole" if series else f"{word} {number}"
        button.setObjectName("rep")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(f"{told}: {line.label} {shown(line.value)}" if line is not None else told)
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
