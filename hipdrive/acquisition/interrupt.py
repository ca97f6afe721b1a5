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


class Asked:
    """Whether somebody asked for the end. Without a lock: a second Ctrl-C comes while the first one is handled."""

    def __init__(self) -> None:
        self._came = False

    def set(self) -> None:
        """Somebody did."""
        self._came = True

    def is_set(self) -> bool:
        """Whether somebody did."""
        return self._came


@contextlib.contextmanager
def held_back(recorder: Recorder) -> Iterator[Asked]:
    """As soon as there are samples to keep, Ctrl-C only asks for the end while this lasts, however often it comes."""
    asked, before = Asked(), signal.getsignal(signal.SIGINT)

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
