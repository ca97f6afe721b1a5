"""The plates page: noise and hum of the empty plates as a spectrum, drift, zero, range, and what to do about them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hipdrive.analysis.hum import HARMONICS
from hipdrive.analysis.plate_health import HUM_WARN, Health, Remark, at_the_end, remarks
from hipdrive.gui.board import restyle
from hipdrive.gui.cards import label, sentence
from hipdrive.gui.page import Page
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets, pg
from hipdrive.gui.theme import LIGHT, MARKS, Theme
from hipdrive.report.words import clean
from hipdrive.session import PlateStatus, Session

if TYPE_CHECKING:
    from hipdrive.hardware.checkfile import Told

LOOK_MS = 1000
"""How often the spectra are made anew; only while somebody sees them."""

HIGHEST_HZ, LEAST_TOP = 260.0, 0.5
"""Right end of the axis, and its least height, N."""

LOOKS = {"info": "good", "warn": "warn", "fail": "bad"}

STYLE = """
QLabel#plate {{ font-size: 24px; font-weight: 800; }}
QLabel#fact {{ font-size: 17px; }}
QLabel#remark {{ font-size: 16px; }}
"""


class PlateCard(QtWidgets.QFrame):
    """One plate: its spectrum, its facts, and what is to be said of it."""

    def __init__(self, plate: str, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("card")
        self.name = label(clean(plate).capitalize(), "plate")
        self.state, self.facts, self.told = label("", "status"), label("", "fact"), label("", "remark", wrap=True)
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.plot = pg.PlotWidget()
        self.box = self.plot.getPlotItem()
        self.box.setMenuEnabled(False)
        self.box.hideButtons()
        self.box.setMouseEnabled(x=False, y=False)
        self.plot.setMinimumHeight(150)
        self.plot.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Ignored)
        self.box.getAxis("left").enableAutoSIPrefix(False)
        self.box.setLabel("left", "amplitude, N")
        self.box.setLabel("bottom", "frequency, Hz")
        self.curve = pg.PlotCurveItem()
        self.box.addItem(self.curve)
        self.marks: list[object] = []
        words = QtWidgets.QVBoxLayout()
        words.setSpacing(6)
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self.name)
        head.addStretch()
        head.addWidget(self.state)
        words.addLayout(head)
        words.addWidget(self.facts)
        words.addWidget(self.told, 1)
        side = QtWidgets.QWidget()
        side.setLayout(words)
        side.setFixedWidth(430)
        words.setContentsMargins(0, 0, 0, 0)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 10, 8)
        layout.setSpacing(14)
        layout.addWidget(side)
        layout.addWidget(self.plot, 1)
        self.setMinimumHeight(250)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the plot."""
        self.theme = theme
        self.plot.setBackground(theme.card)
        for side in ("left", "bottom"):
            self.box.getAxis(side).setPen(theme.edge)
            self.box.getAxis(side).setTextPen(theme.soft)
        self.curve.setPen(pg.mkPen(theme.lines[0], width=1))

    def show_health(
        self, health: Health, status: PlateStatus | None, clipped: Sequence[Remark], checked: Told | None = None
    ) -> None:
        """How it is doing now. checked : the last check with known masses."""
        told = (*clipped, *remarks(health))
        if checked is not None and checked.level == "warn":
            message = checked.message.partition(": ")[2]
            told += (Remark(checked.plate, "calibration_check", "warn", message, checked.remedy),)
        worst = max((one.level for one in told), key=("info", "warn", "fail").index, default="info")
        occupied = not health.empty
        self.state.setText("on it now" if occupied and worst == "info" else
                           f"{MARKS['ok']}  good" if worst == "info" else f"{MARKS[worst]}  look")  # fmt: skip
        self.setProperty("level", "" if occupied and worst == "info" else LOOKS[worst])
        restyle(self)
        restyle(self.state)
        self.facts.setText(facts(health, status, checked))
        self.told.setText("\n".join(f"{sentence(one.message)} {sentence(one.remedy)}".strip() for one in told)
                          or "Nothing to mend.")  # fmt: skip
        self._draw(health)

    def _draw(self, health: Health) -> None:
        for one in self.marks:
            self.box.removeItem(one)
        self.marks.clear()
        seen = health.spectrum
        if seen is None:
            self.curve.setData([], [])
            return
        within = seen.frequency <= HIGHEST_HZ
        amplitude = seen.amplitude[within]
        self.curve.setData(seen.frequency[within], amplitude)
        highest = [LEAST_TOP, float(amplitude[2:].max(initial=0.0)), *(one.amplitude for one in health.tones)]
        top = 1.35 * max(highest)
        self.box.setRange(xRange=(0.0, min(HIGHEST_HZ, float(seen.frequency[-1]))), yRange=(0.0, top), padding=0.0)
        mains = next((one.mains for one in health.tones if one.order), 0.0)
        for order in range(1, HARMONICS + 1) if mains else ():
            if order * mains < HIGHEST_HZ:
                pen = pg.mkPen(self.theme.edge, width=1, style=Qt.PenStyle.DashLine)
                self._mark(pg.InfiniteLine(order * mains, 90, pen=pen))
        for tone in health.tones:
            if tone.frequency < HIGHEST_HZ:
                strong = tone.amplitude > HUM_WARN
                text = pg.TextItem(f"{tone.frequency:.0f} Hz  {tone.amplitude:.1f} N", anchor=(0.0, 1.0),
                                   color=self.theme.warn if strong else self.theme.soft)  # fmt: skip
                font = QtGui.QFont()
                font.setPixelSize(15)
                font.setBold(strong)
                text.setFont(font)
                text.setPos(tone.frequency, min(tone.amplitude, 0.92 * top))
                self._mark(text)

    def _mark(self, item: object) -> None:
        self.box.addItem(item, ignoreBounds=True)
        self.marks.append(item)


def facts(health: Health, status: PlateStatus | None, checked: Told | None = None) -> str:
    """Force now, noise, drift, zero, range and the last check with known masses, as rows."""
    from hipdrive.report.platehealth import drift_text

    rows = [("force now", f"{round(health.level, 1) + 0.0:+.1f} N" if math.isfinite(health.level) else "–"),
            ("noise (SD)", f"{health.noise:.1f} N" if math.isfinite(health.noise) else "–"),
            ("drift", drift_text(health).replace("-", "–", 1) if math.isfinite(health.drift.rate) else
             "– (after ten empty seconds)")]  # fmt: skip
    if status is not None:
        rows.append(("zero", f"{status.zero:+.1f} N" if math.isfinite(status.zero) else "not zeroed"))
        rows.append(("range", f"{status.range:.0f} N" if math.isfinite(status.range) else "–"))
    if checked is not None:
        within = f", within {checked.within:.2g} %" if math.isfinite(checked.within) else ""
        rows.append(("checked", f"{checked.date}{within}" if checked.date else "never with known masses"))
    cells = [f"<tr><td style='padding-right:16px'>{name}</td><td><b>{value}</b></td></tr>" for name, value in rows]
    return f"<table>{''.join(cells)}</table>"


class PlatesPage(Page):
    """Every plate of the session that runs; `session` says which, None while there is none."""

    title, key = "Plates", "F4"

    def __init__(self, session: Callable[[], Session | None], theme: Theme = LIGHT) -> None:
        super().__init__()
        self._session, self.theme = session, theme
        self.cards: dict[str, PlateCard] = {}
        self._of: Session | None = None
        self._checked: dict[str, Told] = {}
        where = "Connect your plates or try the simulated ones on the page Jump (F3), then look here."
        self.hint = label(where, "head", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.about = label("The spectrum of each plate while nobody is on it: what hums, and how strongly.", "sentence")
        self.held = QtWidgets.QVBoxLayout()
        self.held.setSpacing(8)
        inside = QtWidgets.QWidget()
        inside.setLayout(self.held)
        self.held.setContentsMargins(0, 0, 0, 0)
        self.area = QtWidgets.QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.area.setWidget(inside)
        inside.setObjectName("page")
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 10)
        layout.addWidget(self.about)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.hint, 1)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.look)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Plots in other colours."""
        self.theme = theme
        self.setStyleSheet(STYLE.format())
        for card in self.cards.values():
            card.set_theme(theme)

    def enter(self) -> None:
        """Look at once, then every second."""
        self.setFocus()
        self.look()

    def showEvent(self, event: QtGui.QShowEvent | None) -> None:
        """Spectra only while somebody sees them."""
        super().showEvent(event)
        self._timer.start(LOOK_MS)

    def hideEvent(self, event: QtGui.QHideEvent | None) -> None:
        """Nothing where nobody looks."""
        self._timer.stop()
        super().hideEvent(event)

    def look(self) -> None:
        """Show how the plates are doing."""
        session = self._session()
        if session is not self._of:
            self._renew(session)
        for one in (self.area, self.about):
            one.setVisible(session is not None)
        self.hint.setVisible(session is None)
        if session is None:
            return
        status = {one.plate: one for one in session.status()}
        clipped = _clipped(session)
        for health in session.health():
            ours = [one for one in clipped if one.plate == health.plate]
            checked = self._checked.get(health.plate)
            self.cards[health.plate].show_health(health, status.get(health.plate), ours, checked)

    def _renew(self, session: Session | None) -> None:
        """Cards for the plates of another session."""
        self._of = session
        self._checked = {} if session is None else _checks(session)
        for card in self.cards.values():
            self.held.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = {} if session is None else {plate: PlateCard(plate, self.theme) for plate in session.plates}
        for card in self.cards.values():
            self.held.addWidget(card, 1)


def _checks(session: Session) -> dict[str, Told]:
    """What the rig says of the last check of each plate with known masses."""
    rig = session.recorder.rig
    if rig is None:
        return {}
    from hipdrive.hardware.checkfile import tell

    return {one.plate: one for one in tell(rig.plates, rig.calibration_checks, dt.date.today())}


def _clipped(session: Session) -> list[Remark]:
    """Channels that were at the end of their range in this session."""
    found = []
    for role, samples in session.clipped.items():
        plate, _, channel = role.partition(".")
        if samples > 1:
            found.append(at_the_end(plate, f"channel {channel or role} ({samples} samples)"))
    return found
