"""The curves of a repetition: force of both feet, velocity below, phases shaded, events named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hipdrive.analysis.phases import phases_of
from hipdrive.gui.plothead import along_time, headed
from hipdrive.gui.qt import Qt, QtCore, QtWidgets, pg
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.report import curves
from hipdrive.report.figure import rows
from hipdrive.report.rows import marks
from hipdrive.report.words import event_label
from hipdrive.results import Analysis, Results
from hipdrive.trial import Trial

Floats = curves.Floats

POINTS = 900
"""Pairs of smallest and largest value a curve is thinned to: about two a pixel."""

WIDTHS = (3, 2, 2)
"""Of total, left and right: a thinned curve may be thick."""

FIVE = "10/5"
"""The mark of a hop that counts, as `rows.marks` says it."""

ROW, LETTER = 17.0, 7.6
"""Pixels of a row of names, and of one letter."""


class CurvesView(QtWidgets.QWidget):
    """Wheel and drag along time only; Home or a double click shows the whole repetition again."""

    def __init__(self, theme: Theme = LIGHT) -> None:
        super().__init__()
        self._theme = theme
        self._trial: Trial | None = None
        self._rep: Results | None = None
        self._series: tuple[Results, ...] = ()
        self._marks: dict[int, str] = {}
        self._force: dict[str, Floats] = {}
        self._window = (0.0, 1.0)
        self._low, self._top = 0.0, 1.0
        self._names: list[tuple[float, str, bool, Any]] = []
        self._graphics = pg.GraphicsLayoutWidget()
        self.upper: Any = self._graphics.addPlot(row=0, col=0)
        self.lower: Any = self._graphics.addPlot(row=1, col=0)
        self._graphics.ci.layout.setRowStretchFactor(0, 5)
        self._graphics.ci.layout.setRowStretchFactor(1, 2)
        for plot in (self.upper, self.lower):
            along_time(plot, 64)
            plot.showAxis("right")
            plot.getAxis("right").setWidth(48)
        self.lower.setXLink(self.upper)
        self._legend, self.readout = headed(self, self._graphics)
        self.upper.sigXRangeChanged.connect(self._moved)
        self._graphics.scene().sigMouseMoved.connect(self._pointed)
        self._graphics.scene().sigMouseClicked.connect(self._clicked)
        self._later = QtCore.QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._thin)

    # --- what is shown ----------------------------------------------------------------------------------------

    def show_rep(self, trial: Trial, rep: Results | None) -> None:
        """Show a repetition, or the whole record where there is none."""
        window = curves.window(trial, rep) if rep is not None else (0.0, trial.duration)
        self._show(trial, rep, window)

    def show_series(self, trial: Trial, analysis: Analysis) -> None:
        """Show hops one after the other, those that count marked."""
        windows = [curves.window(trial, rep) for rep in analysis.reps]
        window = min(start for start, _ in windows), max(end for _, end in windows)
        self._show(trial, None, window, analysis.reps, marks(analysis))

    def _show(self, trial: Trial, rep: Results | None, window: tuple[float, float],
              series: tuple[Results, ...] = (), marks: dict[int, str] | None = None) -> None:  # fmt: skip
        self._trial, self._rep, self._series, self._marks = trial, rep, series, marks or {}
        self._force = curves.forces(trial)
        self._window = window
        for plot in (self.upper, self.lower):
            plot.setLimits(xMin=0.0, xMax=max(trial.duration, 0.1), minXRange=min(0.02, trial.duration))
        self._draw()
        self.whole()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        if self._trial is not None:
            seen = self.upper.viewRange()[0]
            self._draw()
            self.upper.setXRange(*seen, padding=0.0)
        else:
            self._ground()

    def whole(self) -> None:
        """Show the whole repetition."""
        self.upper.setXRange(*self._window, padding=0.0)

    def _ground(self) -> None:
        theme = self._theme
        self._graphics.setBackground(theme.card)
        for plot in (self.upper, self.lower):
            for side in ("left", "right", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(theme.edge)
                axis.setTextPen(theme.soft)
                axis.setStyle(tickLength=-4)
            plot.showGrid(y=True, alpha=0.25)

    def _draw(self) -> None:
        assert self._trial is not None
        self.upper.clear()
        self.lower.clear()
        self._names = []
        self._ground()
        total = self._force["total"]
        first, last = (round(t * self._trial.rate) for t in self._window)
        seen = total[first : max(last, first + 2)]
        self._top = max(float(seen.max(initial=1.0)), 1.0)
        self._low = min(0.0, float(seen.min(initial=0.0)))
        self._lines = {name: self._line(i) for i, name in enumerate(self._force)}
        self._phases()
        self._weight()
        speed = curves.velocity(self._trial, self._rep, total) if self._rep is not None else None
        self.lower.setVisible(speed is not None)
        self.upper.getAxis("bottom").setStyle(showValues=speed is None)
        self.upper.getAxis("bottom").setLabel("" if speed is not None else "time, s")
        self._graphics.ci.layout.setRowStretchFactor(1, 2 if speed is not None else 0)
        self.lower.setMaximumHeight(16_777_215 if speed is not None else 0)
        if speed is not None:
            self._speed(speed)
        self.upper.getAxis("left").setLabel("force, N")
        self._legend.setText(self._legend_text())
        self._thin()

    def _line(self, index: int) -> Any:
        dash = Qt.PenStyle.DashLine if index == 2 else Qt.PenStyle.SolidLine
        pen = pg.mkPen(self._theme.lines[min(index, 2)], width=WIDTHS[min(index, 2)], style=dash)
        item = pg.PlotCurveItem(pen=pen, antialias=True)
        item.setZValue(10 - index)
        self.upper.addItem(item)
        return item

    def _legend_text(self) -> str:
        signs = ("━━", "──", "╌╌")
        told = [f'<span style="color:{self._theme.lines[min(i, 2)]}; font-weight:700">{signs[min(i, 2)]} {name}</span>'
                for i, name in enumerate(self._force)]  # fmt: skip
        if any(FIVE in words for words in self._marks.values()):
            told.append(f'<span style="color:{self._theme.ink}">▭ counts in the {FIVE}</span>')
        return "&nbsp;&nbsp;&nbsp;".join(told)

    def _speed(self, speed: curves.Curve) -> None:
        self.lower.addItem(pg.InfiniteLine(0.0, angle=0, pen=pg.mkPen(self._theme.soft, width=1)))
        self.lower.addItem(
            pg.PlotCurveItem(speed.t, speed.y, pen=pg.mkPen(self._theme.lines[0], width=2), antialias=True)
        )
        low, high = float(speed.y.min()), float(speed.y.max())
        room = 0.08 * max(high - low, 0.1)
        self.lower.setYRange(low - room, high + room, padding=0.0)
        self.lower.getAxis("left").setLabel("velocity, m/s")
        self.lower.getAxis("bottom").setLabel("time, s")
        self.lower.getAxis("right").setStyle(showValues=False)

    def _weight(self) -> None:
        rep, right = self._rep if not self._series else self._series[0], self.upper.getAxis("right")
        weight = rep["system_weight"].value if rep is not None and "system_weight" in rep else math.nan
        known = math.isfinite(weight) and weight > 0.0
        right.setStyle(showValues=known)
        right.setLabel("× weight" if known else "")
        if known:
            right.setScale(1.0 / weight)
            pen = pg.mkPen(self._theme.soft, width=1, style=Qt.PenStyle.DashLine)
            self.upper.addItem(pg.InfiniteLine(weight, angle=0, pen=pen))

    def _phases(self) -> None:
        """Phases as shades through both plots; events as lines; names are placed when the view is known."""
        for rep in self._series:
            self._hop(rep)
        if self._rep is None:
            return
        for name, ends in self._shades(self._rep):
            self._name(sum(ends) / 2.0, name, True)
        found = curves.bounds(self._rep)
        pen = pg.mkPen(self._theme.soft, width=1, style=Qt.PenStyle.DotLine)
        for name, t in sorted(found.items(), key=lambda one: one[1]):
            for plot in (self.upper, self.lower):
                plot.addItem(pg.InfiniteLine(t, angle=90, pen=pen))
            self._name(t, event_label(name), False)

    def _shades(self, rep: Results) -> list[tuple[str, tuple[float, float]]]:
        """The phases of a repetition, shaded: their names, starts and ends."""
        found = curves.bounds(rep)
        there = [(phase.name, (found[phase.start], found[phase.end])) for phase in phases_of(rep)
                 if phase.start in found and phase.end in found]  # fmt: skip
        for name, ends in there:
            for plot in (self.upper, self.lower):
                region = pg.LinearRegionItem(ends, movable=False, brush=self._theme.phase(name), pen=pg.mkPen(None))
                region.setZValue(-10)
                plot.addItem(region)
        return there

    def _hop(self, rep: Results) -> None:
        """One hop of a series: its phases, its number above, framed where it counts, and what is wrong below."""
        found = curves.bounds(rep)
        self._shades(rep)
        if "first_contact" not in found or "takeoff" not in found:
            return
        middle = (found["first_contact"] + found["takeoff"]) / 2.0
        words = self._marks.get(rep.rep, "").split(", ")
        self._name(middle, f"{rep.rep}", True, framed=FIVE in words)
        if told := ", ".join(word for word in words if word and word != FIVE):
            self._name(middle, told, False)

    def _name(self, t: float, text: str, phase: bool, *, framed: bool = False) -> None:
        item = pg.TextItem(
            text, color=self._theme.ink if phase else self._theme.soft, anchor=(0.5, 0.0 if phase else 1.0),
            border=pg.mkPen(self._theme.ink, width=1.5) if framed else None,
            fill=pg.mkBrush(self._theme.card) if framed else None,
        )  # fmt: skip
        font = self.font()
        font.setPixelSize(13)
        font.setBold(phase)
        item.setFont(font)
        item.setZValue(20)
        self.upper.addItem(item, ignoreBounds=True)
        self._names.append((t, text, phase, item))

    # --- while it is looked at --------------------------------------------------------------------------------

    def _moved(self) -> None:
        self._later.start()

    def _thin(self) -> None:
        """Thin the curves to what is in view, and keep the names apart."""
        if self._trial is None:
            return
        start, end = self.upper.viewRange()[0]
        for name, line in self._lines.items():
            piece = curves.cut(self._force[name], self._trial.rate, max(start, 0.0), max(end, 0.0), POINTS)
            line.setData(piece.t, piece.y, skipFiniteCheck=True)
        width = max(self.upper.vb.width(), 1.0)
        letter = LETTER * (end - start) / width
        placed = {phase: self._places(phase, (start, end), letter) for phase in (True, False)}
        above, below = (ROW * (1 + max((row for _, row in placed[phase]), default=-1)) for phase in (True, False))
        # the names have room of their own above the highest force and below the lowest
        height = max(self.upper.vb.height() - above - below - 10.0, 40.0)
        pixel = (self._top - self._low) / height
        low, high = self._low - (below + 4.0) * pixel, self._top + (above + 6.0) * pixel
        self.upper.setYRange(low, high, padding=0.0)
        for phase, names in placed.items():
            for (t, _, _, item), row in names:
                item.setPos(t, high - (row * ROW + 2.0) * pixel if phase else low + (below - (row + 1) * ROW) * pixel)

    def _places(
        self, phase: bool, view: tuple[float, float], letter: float
    ) -> list[tuple[tuple[float, str, bool, Any], int]]:
        """The names of phases or of events that are in view, each with its row."""
        held = sorted((one for one in self._names if one[2] is phase), key=lambda one: one[0])
        shown = [one for one in held if view[0] <= one[0] <= view[1]]
        for one in held:
            one[3].setVisible(one in shown)
        marks = rows([(t, text) for t, text, _, _ in shown], letter)
        return [(one, mark.row) for one, mark in zip(shown, marks, strict=True)]

    def resizeEvent(self, event: Any) -> None:
        """Names are kept apart in pixels."""
        super().resizeEvent(event)
        self._later.start()

    def _pointed(self, place: QtCore.QPointF) -> None:
        if self._trial is None or not self.upper.sceneBoundingRect().contains(place):
            self.readout.setText("")
            return
        t = self.upper.vb.mapSceneToView(place).x()
        at = round(t * self._trial.rate)
        if not 0 <= at < self._trial.samples:
            self.readout.setText("")
            return
        told = "   ".join(f"{name} {values[at]:.0f} N" for name, values in self._force.items())
        self.readout.setText(f"{t:.3f} s   {told}")

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.whole()

    def drawn(self) -> dict[str, int]:
        """Points of each curve on the screen, for tests."""
        return {name: len(np.asarray(line.getData()[0])) for name, line in self._lines.items()}

    def named(self) -> Sequence[str]:
        """Names of phases and events on the screen."""
        return [text for _, text, _, item in self._names if item.isVisible()]
