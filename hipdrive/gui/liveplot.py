"""A scrolling plot of several channels that keeps up with any device: decimated as samples come, drawn when due.

The rules were measured (ACQUISITION.md 3.2): pens of width 1, fixed axes, no check for numbers, no antialias.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.gui.decimate import MinMax
from hipdrive.gui.qt import QtCore, QtGui, QtWidgets, pg
from hipdrive.gui.theme import LIGHT, Theme

FRAME_MS = 16
"""Between two frames: a monitor shows 60 a second."""

COLUMNS = 1200
"""Pixel columns of a curve, about those of a laptop."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8a6d00", "#7f8a97")
"""Okabe and Ito's, for more channels than total, left and right."""


class LivePlot(QtWidgets.QWidget):
    """The last seconds of several channels, newest on the right.

    names : of the channels. rate : samples a second. seconds : shown. limits : of the force axis.
    `add` may be called as often as blocks come; painting happens in frames of 16 ms, and only while it is visible.
    """

    def __init__(
        self, names: Sequence[str], rate: float, *, seconds: float = 10.0,
        limits: tuple[float, float] = (-100.0, 3000.0), unit: str = "N", theme: Theme = LIGHT, columns: int = COLUMNS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.names, self.rate = tuple(names), rate
        size = max(1, round(seconds * rate / columns))
        self.peaks = MinMax(len(self.names), columns, size)
        self._x = np.repeat((np.arange(columns) + 1.0 - columns) * (size / rate), 2)
        self.plot = pg.PlotWidget()
        box = self.plot.getPlotItem()
        box.setMenuEnabled(False)
        box.hideButtons()
        box.setMouseEnabled(x=False, y=False)
        box.disableAutoRange()
        box.setRange(xRange=(-seconds, 0.0), yRange=limits, padding=0.0)
        box.setLabel("left", f"force, {unit}" if unit == "N" else unit)
        box.setLabel("bottom", "time, s")
        self.curves = [pg.PlotCurveItem(name=name) for name in self.names]
        for curve in self.curves:
            box.addItem(curve)
        self._dirty = False
        self.frames = 0
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self.set_theme(theme)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the ground and the lines."""
        self.plot.setBackground(theme.card)
        box = self.plot.getPlotItem()
        for side in ("left", "bottom"):
            box.getAxis(side).setPen(theme.edge)
            box.getAxis(side).setTextPen(theme.soft)
        colours = (*theme.lines, *COLOURS) if len(self.names) <= 3 else (theme.lines[0], *COLOURS)
        for i, curve in enumerate(self.curves):
            curve.setPen(pg.mkPen(colours[i % len(colours)], width=1))

    def set_limits(self, low: float, high: float) -> None:
        """Another force axis; it never changes by itself."""
        self.plot.getPlotItem().setYRange(low, high, padding=0.0)

    def add(self, block: ArrayLike) -> None:
        """Take samples, (channels, n)."""
        self.peaks.add(block)
        self._dirty = True

    def refresh(self) -> None:
        """Hand what is new to the curves; Qt paints them."""
        if not self._dirty:
            return
        self._dirty = False
        self.frames += 1
        for curve, values in zip(self.curves, self.peaks.values, strict=True):
            curve.setData(self._x, values, skipFiniteCheck=True)

    def showEvent(self, event: QtGui.QShowEvent | None) -> None:
        """Frames only while somebody can see them."""
        super().showEvent(event)
        self._timer.start(FRAME_MS)

    def hideEvent(self, event: QtGui.QHideEvent | None) -> None:
        """No frames where nobody looks."""
        self._timer.stop()
        super().hideEvent(event)
