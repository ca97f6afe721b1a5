"""Sounds and a light over the whole window, by what happens; off until somebody switches them on.

Where no sound can be made, because a library or a device is missing, the light goes on alone and a sentence says so.
"""

from __future__ import annotations

import math
import struct
import tempfile
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets, sound_effect
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.occasions import SIGNALS, Note, Occurred, Signal, signal_of

SAMPLES_S, LOUD, EDGE_S = 44_100, 0.6, 0.006
"""Samples a second, of full scale; s over which a note fades in and out, so that it does not click."""

STRENGTH = 235
"""How opaque the light is, of 255: what is below can be made out."""

VOLUME = 0.9


def tone(notes: Sequence[Note]) -> bytes:
    """Notes one after the other as 16-bit samples; 0 Hz is a pause.

    >>> len(tone([(440.0, 0.1)])) == 2 * 4410
    True
    """
    parts = []
    for hertz, seconds in notes:
        count = round(seconds * SAMPLES_S)
        edge = max(1, round(EDGE_S * SAMPLES_S))
        for i in range(count):
            fade = min(1.0, i / edge, (count - 1 - i) / edge)
            level = LOUD * fade * math.sin(2.0 * math.pi * hertz * i / SAMPLES_S)
            parts.append(struct.pack("<h", round(32767 * level)))
    return b"".join(parts)


def write_wave(path: Path, notes: Sequence[Note]) -> None:
    """Notes as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLES_S)
        file.writeframes(tone(notes))


class Sounds:
    """A sound for each occasion; none where this computer makes none, and `why` says it."""

    def __init__(self) -> None:
        self.why = ""
        self.played: list[str] = []
        self._effects: dict[str, Any] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._ready = False

    def prepare(self) -> None:
        """Make the sounds, once; what keeps them from being made is no fault of a recording."""
        if self._ready:
            return
        self._ready = True
        kind, self.why = sound_effect()
        if kind is None:
            return
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="hipdrive-sounds-", ignore_cleanup_errors=True)
            for name, signal in SIGNALS.items():
                path = Path(self._folder.name, f"{name}.wav")
                write_wave(path, signal.notes)
                effect = self._effects[name] = kind()
                effect.setSource(QtCore.QUrl.fromLocalFile(str(path)))
                effect.setVolume(VOLUME)
        except (OSError, RuntimeError) as why:
            self._effects.clear()
            self.why = f"no sounds: they cannot be made ({why}); free some space in the temporary folder"

    def play(self, name: str) -> None:
        """The sound of an occasion, if there is one."""
        self.played.append(name)
        del self.played[:-32]
        effect = self._effects.get(name)
        if effect is not None:
            effect.play()

    def close(self) -> None:
        """Let go of sounds and files."""
        for effect in self._effects.values():
            effect.stop()
        self._effects.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


class Light(QtWidgets.QWidget):
    """A colour with a sign and a word over the whole window, for a moment; mouse and keys go through it."""

    def __init__(self, window: QtWidgets.QWidget, theme: Theme = LIGHT) -> None:
        super().__init__(window)
        self.theme = theme
        self.signal: Signal | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    def shine(self, signal: Signal) -> None:
        """Show a signal for its time; a newer one takes its place."""
        self.signal = signal
        self.setGeometry(self._all())
        self.raise_()
        self.show()
        self.update()
        self._timer.start(round(1000.0 * signal.seconds))

    def _all(self) -> QtCore.QRect:
        parent = self.parentWidget()
        return parent.rect() if parent is not None else QtCore.QRect()

    def eventFilter(self, watched: QtCore.QObject | None, event: QtCore.QEvent | None) -> bool:
        """Keep the size of the window."""
        if event is not None and event.type() == QtCore.QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._all())
        return False

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:
        """The colour, the sign as large as it fits, the word below it."""
        if self.signal is None:
            return
        ground = QtGui.QColor(colour(self.theme, self.signal.look))
        ground.setAlpha(STRENGTH)
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QtGui.QColor(self.theme.back))
        height = self.height()
        for text, share, top, bold in ((self.signal.sign, 0.50, 0.06, 400), (self.signal.word, 0.17, 0.66, 800)):
            font = QtGui.QFont()
            font.setPixelSize(max(12, min(round(share * height), round(1.5 * self.width() / max(1, len(text))))))
            font.setWeight(QtGui.QFont.Weight(bold))
            painter.setFont(font)
            room = round((0.30 if bold == 800 else 0.58) * height)
            box = QtCore.QRect(0, round(top * height), self.width(), room)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


def colour(theme: Theme, look: str) -> str:
    """The colour of a look: blue for contact, orange for flight, green, red; each has its own sign besides."""
    looks: Mapping[str, str] = {"accent": theme.accent, "lift": theme.lines[2], "good": theme.good, "bad": theme.bad,
                                "warn": theme.warn}  # fmt: skip
    return looks[look]


class Signals:
    """Sounds and the light of a window; `on` is the one switch."""

    def __init__(self, window: QtWidgets.QWidget, theme: Theme = LIGHT) -> None:
        self.on = False
        self.sounds, self.light = Sounds(), Light(window, theme)

    def switch(self, on: bool) -> str:
        """On or off; why there is no sound, "" if there is."""
        self.on = on
        if not on:
            self.light.hide()
            return ""
        self.sounds.prepare()
        return self.sounds.why

    def occurred(self, one: Occurred) -> None:
        """Tell it, if it is switched on and has a signal."""
        signal = signal_of(one)
        if self.on and signal is not None:
            self.sounds.play(one.name)
            self.light.shine(signal)

    def close(self) -> None:
        """Let go of the sounds."""
        self.sounds.close()
