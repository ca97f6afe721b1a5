"""The measuring view: what the athlete shall do, the numbers, the curves, the plates, the jumps so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hipdrive.gui.board import Board, restyle
from hipdrive.gui.cards import follow, label, sentence
from hipdrive.gui.jumps import JumpList
from hipdrive.gui.liveplot import LivePlot
from hipdrive.gui.platebar import PlateBar
from hipdrive.gui.qt import QtCore, QtGui, QtWidgets
from hipdrive.gui.start import Facts
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.gui.walkbar import WalkBar
from hipdrive.session import Samples

SECONDS = 8.0
"""s of curve: a jump with its stillness before and after."""

LIMITS = (2600.0, 4200.0, 6200.0, 9300.0, 14500.0, 21000.0)
"""N: ends of the force axis; the next one is taken when a jump reaches beyond, and kept."""

BELOW = 0.06
"""Share of the axis below zero, in which the noise of empty plates is seen."""

TOLD_MS = 7000
"""A remark goes away after so long; a fault stays."""

STYLE = """
QLabel#advice {{ font-size: 34px; font-weight: 800; }}
QLabel#welcome {{ font-size: 46px; font-weight: 800; }}
QLabel#tile {{ color: {soft}; font-size: 17px; font-weight: 700; }}
QLabel#tileunit {{ color: {soft}; font-size: 20px; font-weight: 700; }}
QLabel#big[sure="false"] {{ color: {accent}; }}
QLabel#plate {{ font-size: 17px; }}
QLabel#force {{ font-size: 22px; font-weight: 700; }}
QLabel#tag {{ font-size: 15px; font-weight: 700; padding: 2px 12px; border-radius: 10px; border: 2px solid {good};
    color: {good}; }}
QLabel#tag[level="warn"] {{ border-color: {accent}; color: {accent}; }}
QFrame#banner {{ background: {card}; border: 1px solid {edge}; border-radius: 6px; }}
QFrame#banner[look="act"] {{ background: {accent}; border-color: {accent}; }}
QFrame#banner[look="act"] QLabel {{ color: {back}; }}
QFrame#banner[look="good"] {{ border: 3px solid {good}; }}
QFrame#banner[look="bad"] {{ border: 3px solid {bad}; }}
QFrame#banner[look="warn"] {{ border: 3px solid {warn}; }}
QPushButton#test {{ padding: 6px 2px; font-size: 13px; }}
QFrame#walk {{ background: {card}; border: 1px solid {edge}; border-left: 6px solid {accent}; border-radius: 6px; }}
QFrame#walk[look="go"] {{ border-left-color: {good}; }}
QLabel#slot {{ font-size: 26px; font-weight: 800; }}
QLabel#slotcount {{ font-size: 26px; font-weight: 700; color: {accent}; }}
QLabel#rest {{ font-size: 30px; font-weight: 800; color: {accent}; }}
QFrame#walk[look="go"] QLabel#rest {{ color: {good}; }}
QLabel#remark {{ font-size: 19px; }}
QListWidget {{ font-size: 17px; }}
QListWidget::item {{ font-size: 17px; }}
QPushButton#act {{ font-size: 19px; font-weight: 600; padding: 6px 14px; min-height: 42px; }}
QPushButton#keep {{ font-size: 19px; font-weight: 700; padding: 6px 14px; min-height: 42px; background: {good};
    border-color: {good}; color: {back}; }}
QPushButton#keep:disabled {{ background: {card}; border-color: {edge}; color: {soft}; }}
QPushButton#second {{ font-size: 18px; padding: 10px 26px; }}
QPushButton#first {{ font-size: 23px; padding: 12px 26px; background: {accent}; color: {back}; font-weight: 700; }}
"""


def sheet(theme: Theme) -> str:
    """What the live page adds to the window's style sheet."""
    return STYLE.format(**vars(theme))


class MeasureView(QtWidgets.QWidget):
    """Everything that is on the screen while somebody jumps."""

    def __init__(
        self, actions: Sequence[QtGui.QAction], walking: Sequence[QtGui.QAction] = (), theme: Theme = LIGHT
    ) -> None:
        super().__init__()
        self.theme = theme
        self.walk = WalkBar(walking)
        self.advice, self.remark = label("", "advice"), label("", "remark", wrap=True)
        self.about = label("", "soft")
        self.banner = QtWidgets.QFrame()
        self.banner.setObjectName("banner")
        self.banner.setMinimumHeight(76)  # a remark moves nothing
        self.board, self.jumps, self.facts = Board(), JumpList(), Facts(upright=True)
        self.plates: PlateBar | None = None
        self.plot: LivePlot | None = None
        self.buttons = {action.text(): action_button(action) for action in actions}
        self._held = QtWidgets.QVBoxLayout()
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        # a method, not a lambda: Qt lets go of it with the view, whoever is deleted first
        self._timer.timeout.connect(self._hush)
        self._looks = "", ""
        self._lay_out()
        self.tell("")

    def _lay_out(self) -> None:
        inside = QtWidgets.QVBoxLayout(self.banner)
        inside.setContentsMargins(16, 4, 16, 6)
        inside.setSpacing(0)
        inside.addWidget(self.advice, 1)
        inside.addWidget(self.remark)
        left = QtWidgets.QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(self.banner)
        left.addWidget(self.walk)
        left.addWidget(self.board, 6)
        self._held.setSpacing(6)
        left.addLayout(self._held, 5)
        right = QtWidgets.QVBoxLayout()
        right.setSpacing(6)
        right.addWidget(self.facts)
        right.addWidget(self.jumps, 1)
        right.addWidget(self.about)
        both = QtWidgets.QHBoxLayout()
        both.setSpacing(8)
        both.addLayout(left, 1)
        column = QtWidgets.QWidget()
        column.setLayout(right)
        right.setContentsMargins(0, 0, 0, 0)
        column.setFixedWidth(286)
        both.addWidget(column)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(8)
        for button in self.buttons.values():
            row.addWidget(button, 1)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(both, 1)
        layout.addLayout(row)

    def begin(self, plates: Sequence[str], rate: float) -> None:
        """Curves and plates of another session."""
        for old in (self.plot, self.plates):
            if old is not None:
                self._held.removeWidget(old)
                old.hide()
                old.deleteLater()
        self._top = 0
        self._total = len(plates) > 1
        names = ("total", *plates) if self._total else tuple(plates)
        self.plot = LivePlot(names, rate, seconds=SECONDS, limits=self._limits(), theme=self.theme)
        self.plot.plot.getPlotItem().showLabel("bottom", show=False)
        self.plates = PlateBar(plates, self.theme)
        self.plates.setFixedHeight(44)
        self._held.addWidget(self.plot, 1)
        self._held.addWidget(self.plates)
        self.board.clear("dj")
        self.jumps.show_takes(())
        self.tell("")

    def _limits(self) -> tuple[float, float]:
        return -BELOW * LIMITS[self._top], LIMITS[self._top]

    def add(self, samples: Samples) -> None:
        """New samples for the curves."""
        if self.plot is None:
            return
        total = samples.force.sum(axis=0)
        self.plot.add(np.vstack([total, samples.force]) if self._total else samples.force)
        if total.size and float(total.max()) > LIMITS[self._top] and self._top + 1 < len(LIMITS):
            self._top += 1
            self.plot.set_limits(*self._limits())

    def advise(self, text: str, look: str) -> None:
        """What the athlete shall do; `act` while he is moving."""
        if self.advice.text() != text:
            self.advice.setText(text)
        self._looks = look, self._looks[1]
        self._restyle()

    def tell(self, text: str, look: str = "warn", *, stays: bool = False) -> None:
        """A remark below the advice: what was refused or went wrong, and what to do."""
        self._timer.stop()
        self.remark.setText(sentence(text))
        self.remark.setVisible(bool(text))
        self._looks = self._looks[0], look if text else ""
        self._restyle()
        if text and not stays:
            self._timer.start(TOLD_MS)

    def _hush(self) -> None:
        self.tell("")

    def quiet(self) -> None:
        """Take a good remark away; a warning stays its time."""
        if self._looks[1] == "good":
            self.tell("")

    def _restyle(self) -> None:
        state, remark = self._looks
        look = state if remark in ("", "good") and state else remark
        if self.banner.property("look") == look:
            return
        self.banner.setProperty("look", look)
        for one in (self.banner, self.advice, self.remark):
            restyle(one)

    def set_theme(self, theme: Theme) -> None:
        """Plots in other colours."""
        self.theme = theme
        self.jumps.set_theme(theme)
        if self.plot is not None and self.plates is not None:
            self.plot.set_theme(theme)
            self.plates.set_theme(theme)


def action_button(action: QtGui.QAction) -> QtWidgets.QPushButton:
    """A large button that does what an action does, names its key, and leaves the keyboard to the page."""
    button = QtWidgets.QPushButton()
    button.setObjectName("keep" if action.text() == "Keep" else "act")
    follow(button, action)
    return button
