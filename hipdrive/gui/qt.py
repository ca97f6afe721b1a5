"""The one door to Qt and pyqtgraph; PySide6 would be a change of this file only.

Whether a window can be shown is found out first: Qt itself would end the process where there is no display.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from typing import Any

from hipdrive.errors import HipdriveError

try:
    import pyqtgraph as pg
    from PyQt6 import QtCore, QtGui, QtSvg, QtWidgets
    from PyQt6.QtCore import Qt
except ImportError as why:  # a library of the system is missing, or the package itself
    raise HipdriveError(
        "no_qt", f"the window cannot be loaded ({why}); install PyQt6 and pyqtgraph with `pip install hipdrive`, and "
        "on Linux the system's libraries with `sudo apt-get install libgl1 libegl1 libfontconfig1 libxkbcommon0 "
        "libdbus-1-3`"
    ) from why  # fmt: skip

pg.setConfigOptions(antialias=False, useOpenGL=False)

HEADLESS = ("offscreen", "minimal", "vnc")
"""Qt platforms that need no display."""


def require_display() -> None:
    """See to it that a window can be shown.

    Raises
    ------
    HipdriveError : there is no display, or one of the libraries that Qt needs for it is missing.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if not sys.platform.startswith("linux") or platform in HEADLESS or QtWidgets.QApplication.instance() is not None:
        return
    wayland, display = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland and platform in ("", "wayland"):
        return
    if not display:
        raise HipdriveError("no_display", "the window needs a screen and this machine shows none; use `hipdrive "
                            "analyse` and `hipdrive report` here, or log in with a desktop")  # fmt: skip
    if not _answers(display):
        raise HipdriveError("no_display", f"the window needs a screen and display {display} does not answer; use "
                            "`hipdrive analyse` and `hipdrive report` here, or log in with a desktop")  # fmt: skip
    try:
        ctypes.CDLL("libxcb-cursor.so.0")
    except OSError as why:
        raise HipdriveError("no_display", "the window needs a library of the system that is missing; install it with "
                            "`sudo apt-get install libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 "
                            "libxkbcommon-x11-0`") from why  # fmt: skip


def _answers(display: str) -> bool:
    """Whether an X server answers there; where that cannot be asked, Qt will tell."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    fine = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return fine


def sound_effect() -> tuple[Any, str]:
    """Qt's class of short sounds, and why there is none: a library is missing, or there is no device to hear it on."""
    try:
        from PyQt6.QtMultimedia import QMediaDevices, QSoundEffect
    except ImportError as why:
        return None, (f"no sounds: a library of the system is missing ({why}); on Linux install it with `sudo apt-get "
                      "install libpulse0`")  # fmt: skip
    if not QMediaDevices.audioOutputs():
        return None, "no sounds: this computer has no sound output; connect a loudspeaker and switch them on again"
    return QSoundEffect, ""


def application(arguments: Sequence[str] = ()) -> QtWidgets.QApplication:
    """The application, made once."""
    require_display()
    there = QtWidgets.QApplication.instance()
    if isinstance(there, QtWidgets.QApplication):
        return there
    app = QtWidgets.QApplication(["hipdrive", *arguments])
    app.setApplicationName("hipdrive")
    app.setStyle("Fusion")
    return app


__all__ = ["Qt", "QtCore", "QtGui", "QtSvg", "QtWidgets", "application", "pg", "require_display", "sound_effect"]
