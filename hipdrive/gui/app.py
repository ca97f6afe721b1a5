"""From the command line to the window and back."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from hipdrive.gui.qt import QtCore, application
from hipdrive.gui.window import MainWindow
from hipdrive.report.inputs import Ask


def run(files: Sequence[Path] = (), ask: Ask | None = None) -> int:
    """Show the window until it is closed; its exit code.

    Raises
    ------
    HipdriveError : there is no display.
    """
    app = application()
    window = MainWindow()
    window.show()
    if files:
        window.open(files, ask)
    before = signal.signal(signal.SIGINT, lambda *_: app.quit())
    # Python sees Ctrl-C only when it runs: let it, now and then
    pulse = QtCore.QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(200)
    try:
        return int(app.exec())
    finally:
        signal.signal(signal.SIGINT, before)
        window.close()
