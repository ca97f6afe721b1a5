"""The clip beside the curves: one frame with the skeleton, at the cursor that both share, and its clock set by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hipdrive.errors import HipdriveError
from hipdrive.gui.cards import card, label, sentence
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets
from hipdrive.report.words import event_label
from hipdrive.trial import Trial

SHOWN, LEAST = 640, 220
"""Pixels of a frame's width that are decoded, and that the pane keeps at least."""

SLOW, LATEST_MS = (1.0, 0.25, 0.1), 15
"""Speeds at which it plays, and ms between looks whether the next frame is due."""

HALF_FRAME = 1.0 / math.sqrt(12.0)
"""Standard error, in frames, of an instant of which only the frame is known."""


class Picture(QtWidgets.QWidget):
    """One frame, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QtGui.QImage | None = None
        self._pixels = b""  # Qt draws from this memory, so it is held
        self.setMinimumSize(LEAST, LEAST)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)

    def show_pixels(self, pixels: Any) -> None:
        """A picture (h, w, 3), uint8, RGB; None for none."""
        if pixels is None:
            self._image, self._pixels = None, b""
        else:
            high, wide, _ = pixels.shape
            self._pixels = np.ascontiguousarray(pixels).tobytes()
            self._image = QtGui.QImage(self._pixels, wide, high, 3 * wide, QtGui.QImage.Format.Format_RGB888)
        self.update()

    def paintEvent(self, event: Any) -> None:
        """The picture in the middle, its shape kept."""
        if self._image is None:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QtCore.QRect(QtCore.QPoint(0, 0), size)
        place.moveCenter(self.rect().center())
        painter.drawImage(place, self._image)
        painter.end()


class ClipPane(QtWidgets.QFrame):
    """Steps through the frames of a trial's clip; nothing is drawn before somebody looks at it."""

    moved = QtCore.pyqtSignal(float)
    """The time of the frame that is shown, s on the clock of the curves."""
    clocked = QtCore.pyqtSignal(float, float)
    """Seconds to add to the clip's times, and their 95 % uncertainty."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._beside: Any = None
        self._trial: Trial | None = None
        self._at = 0
        self._events: Mapping[str, float] = {}
        self._due, self._clock = 0.0, QtCore.QElapsedTimer()
        self.head = label("", "name", wrap=True)
        self.picture = Picture()
        self.told = label("", "soft", wrap=True)
        self.slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Frame")
        self.slider.valueChanged.connect(self._slid)
        self.back, self.play, self.on = (QtWidgets.QPushButton(text) for text in ("◀", "▶▶", "▶"))
        for button, name in ((self.back, "Frame before"), (self.play, "Play"), (self.on, "Next frame")):
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setFixedWidth(46)
        self.back.clicked.connect(lambda: self.step(-1))
        self.on.clicked.connect(lambda: self.step(1))
        self.play.setCheckable(True)
        self.play.toggled.connect(self._play)
        self.speed = QtWidgets.QComboBox()
        for speed in SLOW:
            self.speed.addItem("full speed" if speed == 1.0 else f"{speed:g} of it", speed)
        self.speed.setCurrentIndex(1)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(LATEST_MS)
        self._timer.timeout.connect(self._next)
        self.instants = QtWidgets.QHBoxLayout()
        row = QtWidgets.QHBoxLayout()
        for widget in (self.back, self.on, self.play, self.speed):
            row.addWidget(widget)
        row.addStretch()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(5)
        layout.addWidget(self.head)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.told)
        layout.addWidget(self.slider)
        layout.addLayout(row)
        layout.addLayout(self.instants)
        layout.addWidget(self._by_hand())
        self.hide()

    def _by_hand(self) -> QtWidgets.QWidget:
        """The panel of the clock: what it is now, and this frame said to be an event of the force."""
        made = card()
        box = QtWidgets.QGridLayout(made)
        box.setContentsMargins(10, 6, 10, 8)
        self.sync = label("", "soft", wrap=True)
        self.instant = QtWidgets.QComboBox()
        self.instant.setAccessibleName("Event of the force")
        self.set_clock = QtWidgets.QPushButton("This frame is it")
        self.set_clock.setToolTip("Set the clip's clock by hand: the frame that is shown is the chosen event")
        self.set_clock.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.set_clock.clicked.connect(self._set_clock)
        box.addWidget(self.sync, 0, 0, 1, 2)
        box.addWidget(self.instant, 1, 0)
        box.addWidget(self.set_clock, 1, 1)
        box.setColumnStretch(0, 1)
        return made

    # --- what is shown ----------------------------------------------------------------------------------------

    def show_trial(self, trial: Trial, events: Mapping[str, float], clock: str) -> None:
        """The clip of a trial, hidden where it has none; `clock`: how its clock was brought to the force's.

        events : times of the force, s, that can be jumped to.
        """
        if trial is not self._trial:
            self.close_clip()
            self._trial = trial
            if trial.footage:
                self._open(trial)
        self.setVisible(bool(trial.footage))
        self._events = dict(events)
        self.sync.setText(sentence(clock))
        self.instant.clear()
        while (item := self.instants.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for name, t in events.items():
            self.instant.addItem(event_label(name), t)
            button = QtWidgets.QPushButton(event_label(name))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _, at=t: self.go(at))
            self.instants.addWidget(button)
        self.set_clock.setEnabled(self._beside is not None and bool(events))
        if self._beside is not None and events:
            self.go(next(iter(events.values())))

    def _open(self, trial: Trial) -> None:
        from hipdrive.acquisition.video.beside import beside

        footage = trial.footage[0]
        try:
            self._beside = beside(trial, small=SHOWN)
        except HipdriveError as why:
            self.picture.show_pixels(None)
            self.told.setText(sentence(str(why)))
        self.head.setText(f"{footage.name}: {len(footage.times)} frames")
        for widget in (self.slider, self.back, self.on, self.play, self.speed):
            widget.setEnabled(self._beside is not None)
        if self._beside is not None:
            self.slider.blockSignals(True)
            self.slider.setRange(0, len(self._beside) - 1)
            self.slider.blockSignals(False)

    def close_clip(self) -> None:
        """Let go of the file."""
        self.play.setChecked(False)
        opened, self._beside, self._trial = self._beside, None, None
        if opened is not None:
            opened.close()

    def go(self, t: float) -> None:
        """Show the frame nearest to a time, s."""
        if self._beside is not None and math.isfinite(t):
            self._show(self._beside.index_at(t))

    def step(self, by: int) -> None:
        """Frames on, or back."""
        if self._beside is not None:
            self._show(min(max(self._at + by, 0), len(self._beside) - 1))

    def _slid(self, at: int) -> None:
        if self._beside is not None and at != self._at:
            self._show(at)

    def _show(self, at: int) -> None:
        self._at = at
        self.slider.blockSignals(True)
        self.slider.setValue(at)
        self.slider.blockSignals(False)
        t = float(self._beside.times[at])
        try:
            self.picture.show_pixels(self._beside.picture(at, SHOWN))
            seen = "" if self._beside.points(at) else ", nobody seen"
            self.told.setText(f"Frame {at + 1}, {t:.3f} s{seen}")
        except HipdriveError as why:
            self.picture.show_pixels(None)
            self.told.setText(sentence(str(why)))
        self.moved.emit(t)

    # --- playing ----------------------------------------------------------------------------------------------

    def _play(self, wanted: bool) -> None:
        self.play.setText("❚❚" if wanted else "▶▶")
        if not wanted or self._beside is None:
            self._timer.stop()
            return
        if self._at == len(self._beside) - 1:
            self._show(0)
        self._due = float(self._beside.times[self._at])
        self._clock.start()
        self._timer.start()

    def _next(self) -> None:
        """The frame that is due now; those that there was no time for are left out."""
        now = self._due + 1e-3 * self._clock.elapsed() * float(self.speed.currentData())
        at = int(np.searchsorted(self._beside.times, now, side="right")) - 1
        if at > self._at:
            self._show(at)
        if self._at >= len(self._beside) - 1:
            self.play.setChecked(False)

    # --- its clock --------------------------------------------------------------------------------------------

    def _set_clock(self) -> None:
        """The frame that is shown is the event that is chosen."""
        t, times = float(self.instant.currentData()), self._beside.footage.times
        interval = float(np.median(np.diff(times)))
        self.clocked.emit(t - float(times[self._at]), 1.96 * HALF_FRAME * interval)
