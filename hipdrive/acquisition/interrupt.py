"""Ctrl-C while something is recorded that nobody can repeat."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hipdrive.acquisition.recorder import Recorder


@contextlib.contextmanager
def held_back(recorder: Recorder) -> Iterator[threading.Event]:
    """As soon as there are samples to keep, Ctrl-C only sets the event while this lasts, however often it comes."""
    asked, before = threading.Event(), signal.getsignal(signal.SIGINT)

    def pressed(number: int, frame: FrameType | None) -> None:
        if not recorder.seconds and callable(before):
            before(number, frame)
        asked.set()

    # elsewhere than in the main thread no handler can be set, and none is called
    held = callable(before) and threading.current_thread() is threading.main_thread()
    if held:
        signal.signal(signal.SIGINT, pressed)
    try:
        yield asked
    finally:
        if held:
            signal.signal(signal.SIGINT, before)
