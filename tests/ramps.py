"""A device each of whose counts names its sample and channel, so that whatever is lost or doubled shows."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.engine import MODELS, Engine, Model, SimDevice
from hipdrive.acquisition.simulated.source import SimulatedSource, sources
from hipdrive.hardware.rig import Rig, loads

CELLS = 4


def rig(channels: int, rate: float, *, block_ms: float = 10.0, buffer_s: float = 4.0) -> Rig:
    """Boards on four cells each."""
    lines = ['schema = "hipdrive-rig/1"', 'name = "ramp"', "[[devices]]", 'id = "ni0"', 'driver = "simulated"',
             'name = "Dev1"', f"rate_hz = {rate}", f"block_ms = {block_ms}", f"buffer_s = {buffer_s}"]  # fmt: skip
    for board in range(channels // CELLS):
        wired = ", ".join(f'c{cell} = "ai{CELLS * board + cell}"' for cell in range(CELLS))
        lines += ["[[plates]]", f'id = "board{board}"', 'kind = "cells"', 'device = "ni0"', f"channels = {{ {wired} }}",
                  "positions_m = { c0 = [0.2, 0.2], c1 = [0.2, -0.2], c2 = [-0.2, -0.2], c3 = [-0.2, 0.2] }",
                  "newton_per_volt = 300.0", "range_n = 5000", f"position_m = [0.0, {board}.0]",
                  'calibration = { id = "none", date = 2026-01-01 }']  # fmt: skip
    return loads("\n".join(lines))


def ramp(first: int, samples: int, channels: int) -> NDArray[np.int16]:
    """The pattern by its definition, shape (samples, channels)."""
    wide = (np.arange(first, first + samples)[:, np.newaxis] + 1000 * np.arange(channels)) % 65536 - 32768
    return wide.astype(np.int16)


def devices(made: Rig, *, free_run: bool = False) -> tuple[SimulatedSource, ...]:
    """The real client on a stand-in device that any rate suits and that sees the ramp."""
    fast = Model(**{**vars(MODELS["stand-in"]), "max_rate": 1e9})
    engine = Engine([SimDevice(name="Dev1", model=fast)], free_run=free_run)
    return tuple(sources(made, engine=engine))


def digest(samples: int, channels: int) -> str:
    """The fingerprint that a file of so many samples must have, from the definition alone."""
    found = hashlib.sha256()
    for first in range(0, samples, 100_000):
        found.update(ramp(first, min(100_000, samples - first), channels).astype("<i2").tobytes())
    return found.hexdigest()


def wrong(rows: NDArray[np.int16], first: int = 0) -> int:
    """How many counts are not those of the ramp from a sample on."""
    found = 0
    for place in range(0, len(rows), 100_000):
        piece = rows[place : place + 100_000]
        found += int((piece != ramp(first + place, *piece.shape)).sum())
    return found
