"""The page of hip drive: curves and lanes on the left, what they come to on the right."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hipdrive.analysis.lanes import lanes
from hipdrive.gui.cards import card, label, sentence
from hipdrive.gui.clippane import ClipPane
from hipdrive.gui.driveplots import Drawn, DrivePlots
from hipdrive.gui.drivetold import DriveTold
from hipdrive.gui.qt import Qt, QtWidgets
from hipdrive.gui.reps import RepRow
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.gui.work import Opened
from hipdrive.report import curves, drive
from hipdrive.report.driveplot import AFTER, BEFORE, EVENTS
from hipdrive.report.motioncurves import curves as seen_curves
from hipdrive.results import Movement, Results, Value

UNKNOWN = math.nan, math.nan


class DriveView(QtWidgets.QWidget):
    """Shows a repetition, or, where no clock joins motion and force, one of the movements seen."""

    def __init__(self, theme: Theme = LIGHT) -> None:
        super().__init__()
        self.plots = DrivePlots(theme)
        self.clip = ClipPane()
        self.plots.pointed.connect(self.clip.go)
        self.clip.moved.connect(self.plots.show_cursor)
        self.told = DriveTold()
        self.movements = RepRow()
        self.movements.chosen.connect(self._movement)
        self._at = 0
        self.note = label("", "sentence", wrap=True)
        self._entry: Opened | None = None
        left = card()
        box = QtWidgets.QVBoxLayout(left)
        box.setContentsMargins(4, 4, 4, 4)
        box.addWidget(self.movements, alignment=Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self.note)
        box.addWidget(self.plots, 1)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.parts = QtWidgets.QSplitter(Qt.Orientation.Horizontal)
        self.parts.addWidget(self.clip)
        self.parts.addWidget(left)
        self.parts.setStretchFactor(1, 3)
        self.parts.setStretchFactor(0, 2)
        layout.addWidget(self.parts, 1)
        layout.addWidget(self.told)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.plots.set_theme(theme)

    def show_entry(self, entry: Opened, rep: Results | None) -> None:
        """Show a repetition of a trial that was seen moving."""
        self._entry = entry
        analysis = entry.analysis
        joined = rep is not None and bool((analysis.motion or {}).get("clock"))
        moved = () if joined else analysis.movements
        self.movements.show_places("Movement", {
            i: (f"{one.number}", f"{one.start:.2f} to {one.end:.2f} s") for i, one in enumerate(moved)
        })  # fmt: skip
        if moved:
            self._movement(0)
        elif rep is not None and joined:
            self._rep(entry, rep)
        else:
            self._show(None, {}, drive.FIRST, ("", math.nan))

    def step(self, by: int) -> bool:
        """The next movement, where movements are shown."""
        if not self.movements.isVisible():
            return False
        self._movement(self.movements.stepped(self._at, by))
        return True

    def _rep(self, entry: Opened, rep: Results) -> None:
        bounds = curves.bounds(rep)
        start, end = curves.window(entry.trial, rep)
        seen = seen_curves(entry.trial, entry.analysis, start, end)
        events = {name: rep.events[name].t for name in EVENTS if name in rep.events}
        events = {name: t for name, t in events.items() if math.isfinite(t)}
        takeoff = bounds.get("takeoff", bounds.get("landing_zero_velocity", math.nan))
        drawn = None
        if seen is not None and bounds:
            shown = max(start, min(bounds.values()) - BEFORE), min(end, takeoff + AFTER)
            push = events.get("zero_velocity", events.get("first_contact", math.nan)), events.get("takeoff", math.nan)
            drawn = Drawn(entry.trial, seen, lanes(rep), events, shown, push, force=True)
        self._show(drawn, rep, (*drive.DELAYS, *drive.FIRST), ("take-off", takeoff))

    def _movement(self, row: int) -> None:
        assert self._entry is not None
        self._at = row
        self.movements.mark(row)
        one: Movement = self._entry.analysis.movements[row]
        seen = seen_curves(self._entry.trial, self._entry.analysis, one.start - AFTER, one.end + AFTER)
        drawn = None
        if seen is not None:
            shown = one.start - BEFORE, one.end + AFTER
            drawn = Drawn(self._entry.trial, seen, lanes(one.values), {"zero_velocity": one.low}, shown, UNKNOWN,
                          force=one.on_force)  # fmt: skip
        self._show(drawn, one.values, (*drive.DEEPEST, *drive.DELAYS), ("lowest point", one.low),
                   "At the lowest point, and on the way up")  # fmt: skip

    def _show(
        self, drawn: Drawn | None, values: Mapping[str, Value], names: tuple[str, ...], zero: tuple[str, float],
        title: str = "Numbers",
    ) -> None:  # fmt: skip
        assert self._entry is not None
        self.plots.show_drawn(drawn)
        self.clip.show_trial(self._entry.trial, dict(drawn.events) if drawn is not None else {},
                             drive.clocked(self._entry.analysis))  # fmt: skip
        self.plots.setVisible(drawn is not None)
        analysis = self._entry.analysis
        self.note.setText("" if drawn is not None else self._absence(values))
        self.note.setVisible(drawn is None)
        self.told.show_told(drive.clocked(analysis), drive.of(analysis, self._entry.ask.cue_table()),
                            lanes(values) if values else None, zero, values, names, title)  # fmt: skip

    def _absence(self, values: Mapping[str, Value]) -> str:
        """Why there is nothing to draw."""
        assert self._entry is not None
        analysis = self._entry.analysis
        if "source" not in (analysis.motion or {}):
            return sentence(drive.clocked(analysis))
        if analysis.reps and not values:
            return "Joints are shown hop by hop: choose one above, or press Right."
        return "No joint was seen in this stretch of time."
