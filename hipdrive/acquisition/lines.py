"""Digital lines that follow what happens: a thread of their own, so that a slow driver delays nobody.

An order that is not carried out yet is replaced by a newer one for the same line: there is never more than one waiting
for each, and what comes out is always the latest. A line whose driver refuses it is left alone from then on, and that
is said.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hipdrive.errors import HipdriveError

if TYPE_CHECKING:
    from hipdrive.hardware.outputs import Output
    from hipdrive.hardware.rig import Rig

Setter = Callable[[str, bool], None]
"""Sets a line (`Dev1/port0/line0`) high or low."""

PATIENCE_S = 1.0
"""How long closing waits for the driver."""


class Lines(threading.Thread):
    """The outputs of a rig.

    outputs : of the rig, with the driver's name of their line. setter : by default NI's driver.
    """

    def __init__(self, outputs: Iterable[tuple[Output, str]], setter: Setter | None = None) -> None:
        super().__init__(name="hipdrive-lines", daemon=True)
        self._of: dict[str, list[tuple[Output, str]]] = {}
        self._active_low: dict[str, bool] = {}
        for output, line in outputs:
            self._of.setdefault(output.on, []).append((output, line))
            self._active_low[line] = output.active_low
        self._set = setter or _by_driver
        self._wanted: dict[str, tuple[bool, float]] = {}
        self._release: dict[str, float] = {}
        self._broken: set[str] = set()
        self._faults: deque[str] = deque(maxlen=16)
        self._there = threading.Condition()
        self._closing = False
        self.dropped = 0

    def occurred(self, name: str, active: bool | None) -> None:
        """Order what an occasion asks for; never waits for the driver. active : None of a moment."""
        ours = self._of.get(name)
        if not ours:
            return
        with self._there:
            for output, line in ours:
                self.dropped += line in self._wanted
                hold = output.hold_s if active is None else 0.0
                self._wanted[line] = active is not False, hold
            self._there.notify()

    def faults(self) -> tuple[str, ...]:
        """What went wrong since the last call, a sentence each."""
        with self._there:
            said = tuple(self._faults)
            self._faults.clear()
        return said

    def close(self) -> None:
        """Set all lines inactive, and end."""
        with self._there:
            self._closing = True
            self._wanted = {line: (False, 0.0) for line in self._active_low}
            self._release.clear()
            self._there.notify()
        if self.ident is not None:
            self.join(PATIENCE_S)

    def run(self) -> None:
        """Carry out orders until the end."""
        for line in self._active_low:
            self._put(line, active=False)
        while True:
            with self._there:
                while not self._wanted and not self._due():
                    if self._closing:
                        return
                    self._there.wait(self._until_due())
                orders, self._wanted = self._wanted, {}
                due = self._due()
                for line in due:
                    del self._release[line]
            for line in due:
                if line not in orders:
                    self._put(line, active=False)
            for line, (active, hold) in orders.items():
                self._put(line, active=active)
                with self._there:
                    self._release.pop(line, None)
                    if active and hold > 0.0:
                        self._release[line] = time.monotonic() + hold

    def _due(self) -> list[str]:
        now = time.monotonic()
        return [line for line, until in self._release.items() if until <= now]

    def _until_due(self) -> float | None:
        return max(0.0, min(self._release.values()) - time.monotonic()) if self._release else None

    def _put(self, line: str, *, active: bool) -> None:
        if line in self._broken:
            return
        try:
            self._set(line, active != self._active_low[line])
        except Exception as why:  # whatever a driver does, the others go on
            self._broken.add(line)
            told = str(why) if isinstance(why, HipdriveError) else f"{line}: the line cannot be set ({why})"
            with self._there:
                self._faults.append(f"{told}; it is left alone from now on")


def lines_of(rig: Rig | None, setter: Setter | None = None) -> Lines | None:
    """The lines of a rig, not started; None where it has none.

    Lines of a simulated device exist only where its stand-in driver runs; elsewhere nothing comes of them.
    """
    if rig is None or not rig.outputs:
        return None
    if setter is None and any(device.driver == "simulated" for device in rig.devices):
        setter = _by_stand_in
    return Lines(((one, f"{rig.device(one.device).name}/{one.line}") for one in rig.outputs), setter)


def _by_driver(line: str, high: bool) -> None:
    from hipdrive.acquisition.nidaq import set_line

    set_line(line, high)


def _by_stand_in(line: str, high: bool) -> None:
    from hipdrive.acquisition import nidaq

    if nidaq.lent:
        nidaq.set_line(line, high)
