"""From the command line to the window and back."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from hipdrive.gui.live import LivePage
from hipdrive.gui.plates import PlatesPage
from hipdrive.gui.qt import QtCore, application
from hipdrive.gui.window import MainWindow
from hipdrive.report.inputs import Ask, complaint
from hipdrive.report.job import tell


def main_window() -> MainWindow:
    """The window with all its pages, the live page up."""
    window = MainWindow()
    live = LivePage(window.theme)
    window.add_page(live)
    window.add_page(PlatesPage(lambda: live.session, window.theme))

    def review(paths: Sequence[Path]) -> None:
        window.show_page(window.review)
        window.open(paths) if paths else window.review.ask_files()

    live.review_wanted.connect(review)
    window.show_page(live)
    return window


def run(files: Sequence[Path] = (), ask: Ask | None = None) -> int:
    """Show the window until it is closed; its exit code.

    Raises
    ------
    HipdriveError : there is no display.
    """
    app = application()
    window = main_window()
    window.show()
    if files:
        window.open(files, ask)
    hook = sys.excepthook
    sys.excepthook = lambda kind, why, trace: _told(window, why)
    before = signal.signal(signal.SIGINT, lambda *_: app.quit())
    # Python sees Ctrl-C only when it runs: let it, now and then
    pulse = QtCore.QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(200)
    try:
        return int(app.exec())
    finally:
        signal.signal(signal.SIGINT, before)
        sys.excepthook = hook
        window.close()


def _told(window: MainWindow, why: BaseException) -> None:
    """What went wrong behind a button is said, and the window stays."""
    sentence = complaint("hipdrive", why)
    if os.environ.get("HIPDRIVE_DEBUG"):
        traceback.print_exception(why)
    tell(sentence)
    window.review.said.emit(sentence)
