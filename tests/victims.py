"""Programs that are killed: what they do until then. Started by `forkserver`, so that fifty of them are quick."""

import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import ramps

from hipdrive.acquisition import memory, recovery
from hipdrive.acquisition.crew import Crew, Plan
from hipdrive.acquisition.recorder import Recorder

CHANNELS, RATE, BLOCK = 8, 10_000.0, 100


def reader(folder: str, said: Connection) -> None:
    """Records the ramp into a ring that somebody else sees, and a log."""
    made = ramps.rig(CHANNELS, RATE)
    told: list[Any] = []

    def room(size: int) -> Any:
        name, found = memory.create(size)
        told.extend([name, size])
        return found

    crew = Crew(made, ramps.devices(made), Plan(ring_s=5.0, log=Path(folder, "a.hiplog")), lambda line: None, room)
    crew.open()
    crew.start()
    said.send([*told, crew.streams["ni0"].ring.capacity])
    time.sleep(60.0)


def owner(folder: str, said: Connection) -> None:
    """A program whose recording runs in another process."""
    recorder = Recorder("simulated", log=Path(folder, "a.hiplog"), apart=True, options={"test": "dj", "seed": 5})
    recorder.begin(test="dj", athlete="a7")
    recorder.start()
    while True:
        said.send(recorder.streams["ni0"].ring.count)
        time.sleep(0.002)


def finaliser(folder: str, said: Connection) -> None:
    """Makes a trial file of a log."""
    said.send("go")
    recovery.recover(Path(folder, "a.hiplog"))
    said.send("done")
