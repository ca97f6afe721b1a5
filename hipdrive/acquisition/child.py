"""The process that records for another one: `python -m hipdrive.acquisition.child`, started by `Apart`.

It is told what to do by lines of JSON on its standard input and answers so on its standard output. When the input
ends, whoever started it is gone: then it stops sampling, ends its log, and ends. It imports no window and no analysis.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from hipdrive.acquisition import memory, wire
from hipdrive.acquisition.crew import Crew, Plan
from hipdrive.acquisition.rawlog import plain
from hipdrive.acquisition.source import open_sources
from hipdrive.errors import HipdriveError
from hipdrive.trial import Edges

OWNER_DIED = "owner_died"

SWITCH_S = 0.0005
"""s after which a thread gives way: the one that reads must not wait for the one that writes."""


class Mouth:
    """Says lines from a thread of its own, so that nobody waits for who reads them."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lines: deque[bytes] = deque()
        self._there = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="hipdrive-mouth", daemon=True)
        self._thread.start()

    def say(self, **facts: Any) -> None:
        """Say something; never waits."""
        self._lines.append(json.dumps(facts, default=plain).encode() + b"\n")
        self._there.set()

    def close(self) -> None:
        """Say what is left, if anybody listens."""
        self._closing = True
        self._there.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            closing = self._closing
            while self._lines:
                try:
                    self._out.write(self._lines.popleft())
                    self._out.flush()
                except (OSError, ValueError):
                    return  # nobody listens any more
            if closing:
                return
            self._there.wait()
            self._there.clear()


class Child:
    """A crew, and what is told and asked of it."""

    def __init__(self, asked: dict[str, Any], mouth: Mouth) -> None:
        from hipdrive.hardware import rig as rigs

        self.mouth = mouth
        self._names: list[str] = []
        rig = rigs.loads(asked["rig"], asked["name"])
        log = None if asked["log"] is None else Path(asked["log"])
        plan = Plan(ring_s=asked["ring_s"], limit_s=asked["limit_s"], log=log)
        self.crew = Crew(rig, open_sources(rig, **asked["options"]), plan,
                         lambda line: mouth.say(line=line), self._memory)  # fmt: skip
        self.crew.told = self._edges

    def _memory(self, size: int) -> Any:
        name, found = memory.create(size)
        self._names.append(name)
        return found

    def _edges(self, device: str, found: Sequence[Edges]) -> None:
        self.mouth.say(edges=[wire.edges_as_json(one) for one in found], device=device)

    def run(self, orders: BinaryIO) -> None:
        """Record until told to stop, or until nobody is there to tell."""
        watch = threading.Thread(target=self._watch, name="hipdrive-watch", daemon=True)
        told = False
        try:
            self._open()
            for line in orders:
                order = json.loads(line)
                if "stop" in order:
                    told = True
                    break
                if "start" in order:
                    self._start()
                    watch.start()
                self._obey(order)
        except HipdriveError as why:
            self.mouth.say(failed=str(why), code=why.code)
            self.crew.stop()
            return
        if not told:
            count = min(one.ring.count for one in self.crew.streams.values())
            text = "the program that began this recording has ended; all that came is kept"
            self.crew.log(OWNER_DIED, text, sample=count)
        self.crew.stop()
        if watch.ident is not None:
            watch.join(5.0)
        whole = {name: [0, one.ring.count] for name, one in self.crew.streams.items()}
        known = [[name, place, wire.truth_as_json(self.crew.truth(name, *place))] for name, place in whole.items()]
        self.mouth.say(stopped=True, stuck=self.crew.running, truth=known)

    def _open(self) -> None:
        """Take hold of the devices, and say what they are and where their rings."""
        self.crew.open()
        self.mouth.say(opened=[
            {"info": wire.info_as_json(one.info), "memory": name, "capacity": one.ring.capacity}
            for one, name in zip(self.crew.streams.values(), self._names, strict=True)
        ])  # fmt: skip

    def _start(self) -> None:
        """Start the devices: not before the other process holds the rings, and hears whose samples they are."""
        self.crew.start()
        gc.freeze()
        self.mouth.say(started=True)

    def _obey(self, order: dict[str, Any]) -> None:
        if "halt" in order:
            self.crew.halt()
        if "keep" in order:
            self.crew.keep(**order["keep"])
        if "truth" in order:
            self.mouth.say(answer=[order["number"], wire.truth_as_json(self.crew.truth(*order["truth"]))])

    def _watch(self) -> None:
        """Say of each device when it is done."""
        for name, one in self.crew.streams.items():
            one.finished.wait()
            self.mouth.say(finished=name, edges_lost=one.edges_lost)

    def forget(self) -> None:
        """The names of the memory, where whoever started this died before taking it."""
        for name in self._names:
            memory.forget(name)


def main() -> None:
    """Record as the first line of the input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that is talked to
    sys.setswitchinterval(SWITCH_S)
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no answer
    mouth = Mouth(out)
    child = None
    try:
        child = Child(json.loads(sys.stdin.buffer.readline()), mouth)
        child.run(sys.stdin.buffer)
    except HipdriveError as why:
        mouth.say(failed=str(why), code=why.code)
    finally:
        if child is not None:
            child.forget()
        mouth.close()


if __name__ == "__main__":
    main()
