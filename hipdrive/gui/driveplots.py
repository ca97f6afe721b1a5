"""Force, joint angles, velocities and the joints' lanes under one another on one time axis.

What is drawn is what the report draws; nothing is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hipdrive.analysis.lanes import Lane, Lanes
from hipdrive.gui.plothead import along_time, headed
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets, pg
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.report import curves
from hipdrive.report.figure import rows
from hipdrive.report.motioncurves import MotionCurves
from hipdrive.report.words import event_label
from hipdrive.results import Value
from hipdrive.trial import Trial

JOINTS: Mapping[str, tuple[Any, str]] = {
    "hip": (Qt.PenStyle.SolidLine, "o"), "knee": (Qt.PenStyle.DashLine, "s"), "ankle": (Qt.PenStyle.DotLine, "d"),
}  # fmt: skip
"""Joint -> dashes and marker; its colour is the theme's."""

SIGNS = {"hip": "━━ ●", "knee": "╍╍ ■", "ankle": "┅┅ ◆"}
"""Dashes and marker of a joint in the legend."""

NAMES = {"hip": "hip", "knee": "knee", "ankle": "ankle (dorsiflexion)"}
"""What is drawn of each joint."""

PANELS = (("force", "force, N", 4), ("angle", "angle, °", 4), ("speed", "extending, °/s", 4), ("lanes", "", 3))
"""Name, label and share of the height of each panel."""

STRAIGHT, TICKS = 180.0, (-45, 0, 45, 90, 135)
"""Degrees of a straight joint, and those named beside it."""

BAR, TICK, ASIDE = 0.23, 0.3, 0.37
"""Half heights of a lane's bar and of its ends, and how far beside its middle the intervals lie."""

ROW, LETTER = 16.0, 7.4
"""Pixels of a row of names, and of one letter."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One repetition or movement to draw: its curves and lanes, the events named, and the times shown first.

    force : whether the force has the clock of the curves.
    """

    trial: Trial
    seen: MotionCurves
    lanes: Lanes | None
    events: Mapping[str, float]
    shown: tuple[float, float]
    push: tuple[float, float]
    force: bool


class DrivePlots(QtWidgets.QWidget):
    """Wheel and drag along time only; a double click shows the whole repetition again."""

    pointed = QtCore.pyqtSignal(float)
    """The time that is pointed at, s."""

    def __init__(self, theme: Theme = LIGHT) -> None:
        super().__init__()
        self._theme = theme
        self._drawn: Drawn | None = None
        self._names: list[tuple[float, str, Any]] = []
        self._absent: list[tuple[float, Any]] = []
        self._cursors: list[Any] = []
        self._force: dict[str, curves.Floats] = {}
        self._top = self._low = 0.0
        self._graphics = pg.GraphicsLayoutWidget()
        self._graphics.ci.layout.setVerticalSpacing(2)
        self._graphics.ci.layout.setContentsMargins(2, 2, 8, 2)
        self.plots: dict[str, Any] = {}
        for row, (name, _, _) in enumerate(PANELS):
            plot = self._graphics.addPlot(row=row, col=0)
            along_time(plot, 66)
            self.plots[name] = plot
            if row:
                plot.setXLink(self.plots["force"])
        self._legend, self.readout = headed(self, self._graphics)
        self._later = QtCore.QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._place)
        self.plots["force"].sigXRangeChanged.connect(lambda: self._later.start())
        self._graphics.scene().sigMouseMoved.connect(self._pointed)
        self._graphics.scene().sigMouseClicked.connect(lambda event: self.whole() if event.double() else None)

    # --- what is shown ----------------------------------------------------------------------------------------

    def show_drawn(self, drawn: Drawn | None) -> None:
        """Show a repetition or a movement; nothing where there are no curves."""
        self._drawn = drawn
        self._draw()
        self.whole()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        seen = self.plots["force"].viewRange()[0]
        self._draw()
        self.plots["force"].setXRange(*seen, padding=0.0)

    def whole(self) -> None:
        """Show the whole repetition."""
        if self._drawn is not None:
            self.plots["force"].setXRange(*self._drawn.shown, padding=0.0)

    def _draw(self) -> None:
        self._names, self._absent, self._cursors = [], [], []
        self._graphics.setBackground(self._theme.card)
        for plot in self.plots.values():
            plot.clear()
        self._graphics.setVisible(self._drawn is not None)
        self._legend.setText("")
        if self._drawn is None:
            return
        there = {"force": self._drawn.force, "angle": True, "speed": True,
                 "lanes": self._drawn.lanes is not None and self._drawn.lanes.there}  # fmt: skip
        self._panels(there)
        self._force = curves.forces(self._drawn.trial) if self._drawn.force else {}
        self._forces()
        self._joints(self.plots["angle"], self._drawn.seen.angles, STRAIGHT)
        self._joints(self.plots["speed"], self._drawn.seen.velocities, 0.0)
        self.plots["angle"].getAxis("left").setTicks([[*((t, f"{t}") for t in TICKS), (STRAIGHT, "straight")]])
        self._peaks()
        if there["lanes"] and self._drawn.lanes is not None:
            self._lanes(self._drawn.lanes)
        self._times([self.plots[name] for name, shown in there.items() if shown])
        self._legend.setText(self._legend_text())
        self._later.start()

    def _panels(self, there: Mapping[str, bool]) -> None:
        """The panels that have something, the time below the last."""
        assert self._drawn is not None
        last = [name for name, shown in there.items() if shown][-1]
        layout = self._graphics.ci.layout
        first, end = self._reach()
        for row, (name, text, share) in enumerate(PANELS):
            plot, shown = self.plots[name], there[name]
            plot.setVisible(shown)
            plot.setMaximumHeight(16_777_215 if shown else 0)
            layout.setRowStretchFactor(row, share if shown else 0)
            plot.setLimits(xMin=first, xMax=end, minXRange=0.02)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(self._theme.edge)
                axis.setTextPen(self._theme.soft)
                axis.setStyle(tickLength=-4)
            plot.getAxis("left").setLabel(text)
            plot.getAxis("bottom").setStyle(showValues=name == last)
            plot.getAxis("bottom").setLabel("time, s" if name == last else "")
            plot.getAxis("bottom").setHeight(None if name == last else 4)
            plot.showGrid(y=name != "lanes", alpha=0.25)

    def _reach(self) -> tuple[float, float]:
        """From when to when there is something to look at, s."""
        assert self._drawn is not None
        times = self._drawn.seen.t
        return min(self._drawn.shown[0], float(times[0])), max(self._drawn.shown[1], float(times[-1]))

    def _forces(self) -> None:
        assert self._drawn is not None
        trial, plot = self._drawn.trial, self.plots["force"]
        first, last = self._reach()
        lines = {name: curves.cut(values, trial.rate, first, last) for name, values in self._force.items()}
        inks = (self._theme.ink, self._theme.soft, self._theme.soft)
        for i, line in enumerate(lines.values()):
            style = Qt.PenStyle.DashLine if i == 2 else Qt.PenStyle.SolidLine
            pen = pg.mkPen(inks[min(i, 2)], width=2 if i == 0 else 1, style=style)
            plot.addItem(pg.PlotCurveItem(line.t, line.y, pen=pen, antialias=True))
        total = lines["total"].y if "total" in lines else np.zeros(1)
        self._top, self._low = max(float(total.max(initial=1.0)), 1.0), min(0.0, float(total.min(initial=0.0)))

    def _joints(self, plot: Any, lines: Mapping[str, curves.Floats], rest: float) -> None:
        """The curves of the joints with a line where they are straight or at rest."""
        assert self._drawn is not None
        pen = pg.mkPen(self._theme.soft, width=1, style=Qt.PenStyle.DashLine)
        plot.addItem(pg.InfiniteLine(rest, angle=0, pen=pen))
        for joint, values in lines.items():
            pen = pg.mkPen(self._theme.joints[joint], width=2.2, style=JOINTS[joint][0])
            plot.addItem(pg.PlotCurveItem(self._drawn.seen.t, values, pen=pen, connect="finite", antialias=True))
        inside = (self._drawn.seen.t >= self._drawn.shown[0]) & (self._drawn.seen.t <= self._drawn.shown[1])
        seen = np.concatenate([values[inside] for values in lines.values()]) if lines else np.zeros(0)
        seen = np.append(seen[np.isfinite(seen)], rest)
        low, high = float(seen.min()), float(seen.max())
        room = 0.14 * max(high - low, 1.0)
        plot.setYRange(low - room, high + room, padding=0.0)

    def _peaks(self) -> None:
        """A marker on each velocity where it is largest."""
        assert self._drawn is not None
        for lane in self._drawn.lanes.lanes if self._drawn.lanes is not None else ():
            line = self._drawn.seen.velocities.get(lane.joint)
            if line is not None and math.isfinite(lane.peak.value):
                at = float(np.interp(lane.peak.value, self._drawn.seen.t, line))
                self.plots["speed"].addItem(self._mark(lane.joint, lane.peak.value, at, 11))

    def _mark(self, joint: str, t: float, y: float, size: int) -> Any:
        item = pg.ScatterPlotItem([t], [y], symbol=JOINTS[joint][1], size=size, brush=self._theme.joints[joint],
                                  pen=pg.mkPen(self._theme.card, width=1.5))  # fmt: skip
        item.setZValue(15)
        return item

    # --- lanes ------------------------------------------------------------------------------------------------

    def _lanes(self, made: Lanes) -> None:
        """From start to end a bar, the fastest instant a marker, and on each the interval of its time."""
        plot = self.plots["lanes"]
        for row, lane in enumerate(made.lanes):
            self._lane(plot, lane, float(row))
        plot.getAxis("left").setTicks([[(row, lane.joint) for row, lane in enumerate(made.lanes)]])
        plot.setYRange(-0.55, len(made.lanes) - 0.45, padding=0.0)
        plot.invertY(True)

    def _lane(self, plot: Any, lane: Lane, row: float) -> None:
        colour = pg.mkColor(self._theme.joints[lane.joint])
        known = [one.value for one in (lane.onset, lane.peak, lane.end) if math.isfinite(one.value)]
        if known:
            fill = pg.mkColor(colour)
            fill.setAlpha(85)
            plot.addItem(pg.BarGraphItem(x0=[min(known)], x1=[max(known)], y=[row], height=2 * BAR, brush=fill,
                                         pen=pg.mkPen(None)))  # fmt: skip
        for one in (lane.onset, lane.end):
            if math.isfinite(one.value):
                ends = [one.value, one.value], [row - TICK, row + TICK]
                plot.addItem(pg.PlotCurveItem(*ends, pen=pg.mkPen(colour, width=3)))
                self._interval(plot, one, row + ASIDE)
        self._interval(plot, lane.peak, row - ASIDE)
        if math.isfinite(lane.peak.value):
            plot.addItem(self._mark(lane.joint, lane.peak.value, row, 13))
        times = {"start": lane.onset, "fastest": lane.peak, "end": lane.end}
        if missing := [name for name, one in times.items() if not math.isfinite(one.value)]:
            item = pg.TextItem(f"no time: {', '.join(missing)}", color=self._theme.soft, anchor=(0.0, 0.5))
            item.setFont(self._font())
            plot.addItem(item, ignoreBounds=True)
            self._absent.append((row, item))

    def _interval(self, plot: Any, value: Value, row: float) -> None:
        if math.isfinite(value.value) and math.isfinite(value.u95):
            item = pg.ErrorBarItem(x=np.array([value.value]), y=np.array([row]), left=value.u95, right=value.u95,
                                   beam=0.16, pen=pg.mkPen(self._theme.ink, width=1.5))  # fmt: skip
            plot.addItem(item)

    # --- times ------------------------------------------------------------------------------------------------

    def _times(self, plots: Sequence[Any]) -> None:
        """The push as a shade and the events as lines through all panels; names above the first."""
        assert self._drawn is not None
        for plot in plots:
            if math.isfinite(self._drawn.push[1] - self._drawn.push[0]):
                shade = self._theme.phase("propulsion", 0.5)
                region = pg.LinearRegionItem(self._drawn.push, movable=False, brush=shade, pen=pg.mkPen(None))
                region.setZValue(-10)
                plot.addItem(region)
            for t in self._drawn.events.values():
                plot.addItem(pg.InfiniteLine(t, pen=pg.mkPen(self._theme.soft, style=Qt.PenStyle.DotLine)))
            cursor = pg.InfiniteLine(0.0, pen=pg.mkPen(self._theme.accent, width=1))
            cursor.setVisible(False)
            plot.addItem(cursor, ignoreBounds=True)
            self._cursors.append(cursor)
        for name, t in sorted(self._drawn.events.items(), key=lambda one: one[1]):
            item = pg.TextItem(event_label(name), color=self._theme.ink, anchor=(0.5, 0.0))
            item.setFont(self._font())
            item.setZValue(20)
            plots[0].addItem(item, ignoreBounds=True)
            self._names.append((t, event_label(name), item))

    def _font(self) -> QtGui.QFont:
        font = self.font()
        font.setPixelSize(13)
        return font

    def _place(self) -> None:
        """Names in rows above what is drawn, apart from one another."""
        if self._drawn is None:
            return
        plot = self.plots["force" if self._drawn.force else "angle"]
        start, end = plot.viewRange()[0]
        for row, item in self._absent:
            item.setPos(start, row)
        width, height = max(plot.vb.width(), 1.0), max(plot.vb.height(), 1.0)
        letter = LETTER * (end - start) / width
        shown = [one for one in self._names if start <= one[0] <= end]
        for one in self._names:
            one[2].setVisible(one in shown)
        marks = rows([(t, text) for t, text, _ in shown], letter)
        above = ROW * (1 + max((mark.row for mark in marks), default=-1)) + 6.0
        if self._drawn.force:
            pixel = (self._top - self._low) / max(height - above - 6.0, 30.0)
            plot.setYRange(self._low - 6.0 * pixel, self._top + above * pixel, padding=0.0)
        low, high = plot.viewRange()[1]
        pixel = (high - low) / height
        for (t, _, item), mark in zip(shown, marks, strict=True):
            half = (len(mark.name) + 1) * letter / 2.0
            item.setPos(min(max(t, start + half), end - half), high - (mark.row * ROW + 1.0) * pixel)

    def resizeEvent(self, event: Any) -> None:
        """Names are kept apart in pixels."""
        super().resizeEvent(event)
        self._later.start()

    def _legend_text(self) -> str:
        assert self._drawn is not None
        told = [f'<span style="color:{self._theme.joints[joint]}; font-weight:700">{SIGNS[joint]} {NAMES[joint]}</span>'
                for joint in self._drawn.seen.angles]  # fmt: skip
        inks, signs = (self._theme.ink, self._theme.soft, self._theme.soft), ("━━", "──", "╌╌")
        told += [f'<span style="color:{inks[min(i, 2)]}">{signs[min(i, 2)]} {name}</span>'
                 for i, name in enumerate(self._force)]  # fmt: skip
        return "&nbsp;&nbsp;&nbsp;".join(told)

    def _pointed(self, place: QtCore.QPointF) -> None:
        """What every curve says at the time that is pointed at."""
        over = [plot for plot in self.plots.values() if plot.isVisible() and plot.sceneBoundingRect().contains(place)]
        for cursor in self._cursors:
            cursor.setVisible(bool(over))
        if self._drawn is None or not over:
            self.readout.setText("")
            return
        t = float(over[0].vb.mapSceneToView(place).x())
        self.show_cursor(t)
        self.pointed.emit(t)

    def show_cursor(self, t: float) -> None:
        """Put the cursor at a time, s, and say what every curve has there."""
        if self._drawn is None:
            return
        for cursor in self._cursors:
            cursor.setVisible(True)
            cursor.setPos(t)
        self.readout.setText("   ".join(self._at(t)))

    def _at(self, t: float) -> list[str]:
        assert self._drawn is not None
        seen, trial = self._drawn.seen, self._drawn.trial
        told = [f"{t:.3f} s"]
        if self._force and 0 <= round(t * trial.rate) < trial.samples:
            told.append(f"{self._force['total'][round(t * trial.rate)]:.0f} N")
        if seen.t[0] <= t <= seen.t[-1]:
            for joint, values in seen.angles.items():
                angle, speed = (float(np.interp(t, seen.t, line)) for line in (values, seen.velocities[joint]))
                if math.isfinite(angle) and math.isfinite(speed):
                    told.append(f"{joint} {angle:.0f}°, {speed:.0f} °/s")
        return told
