"""LSL on this computer alone, and for this process alone: no network is needed, and no stream of others is heard.

Tests run side by side. Streams of several processes find one another by ports that they share, and of sockets that
share a port only one gets what is sent without multicast; so each process has ports of its own.
"""

import atexit
import contextlib
import os
import tempfile
from pathlib import Path

NAME = "hipdrive-test-lsl-"
FIRST, EACH, MANY = 17_000, 80, 180
"""Ports of each process, below those that the system hands out."""

CONFIG = """
[ports]
IPv6 = disable
MulticastPort = {port}
BasePort = {base}
PortRange = 64
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {{127.0.0.1}}
[log]
level = -3
[tuning]
MulticastMinRTT = 0.1
UnicastMinRTT = 0.1
TimeProbeInterval = 0.01
TimeProbeMaxRTT = 0.05
"""


def configure() -> None:
    """Before liblsl is loaded. What somebody has configured himself is left alone; another process of ours is not."""
    if NAME not in os.environ.get("LSLAPICFG", NAME):
        return
    port = FIRST + EACH * (os.getpid() % MANY)
    path = Path(tempfile.gettempdir()) / f"{NAME}{os.getpid()}.cfg"
    path.write_text(CONFIG.format(port=port, base=port + 1), encoding="utf-8")
    os.environ["LSLAPICFG"] = str(path)
    atexit.register(remove, path)


def remove(path: Path) -> None:
    """The file of this process."""
    with contextlib.suppress(OSError):
        path.unlink()
