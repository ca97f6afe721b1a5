"""What drives the sample clock of the stand-in driver: the clock on the wall, or a test."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What drives the sample clock."""

    def now(self) -> float:
        """Seconds."""

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait, with the condition held, until it changes or the seconds are over."""


class RealClock:
    """The clock on the wall."""

    def now(self) -> float:
        """Seconds since some instant."""
        return time.perf_counter()

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait until the condition changes or the seconds are over."""
        changed.wait(max(seconds, 0.0))


class ManualClock:
    """Time that moves only when it is told to, so that a test decides which samples exist."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: set[threading.Condition] = set()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds advanced so far."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake whoever waits for samples."""
        with self._lock:
            self._now += seconds
            waiting = list(self._waiting)
        for changed in waiting:
            with changed:
                changed.notify_all()

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait for `advance`; the seconds bound it by the clock on the wall, as a time-out must end."""
        with self._lock:
            self._waiting.add(changed)
        changed.wait(min(max(seconds, 0.0), 0.05))
