"""What goes wrong with a stand-in device, by a word and a time, to see what a recording does then."""

from __future__ import annotations

import re

from hipdrive.acquisition.simulated.task import Faults
from hipdrive.errors import UsageError

WORDS = {
    "unplugged": "unplug_at",
    "overflow": "overflow_at",
    "frozen": "clock_stops_at",
}
"""Word -> the fault of the stand-in driver: no power or cable; the computer was away for too long; no sample clock."""


def faults(asked: str, rate: float) -> Faults:
    """The faults of `WORD@SECONDS`, several with a comma between.

    Raises
    ------
    UsageError : there is no such fault.

    >>> faults("unplugged@1.5", 1000.0).unplug_at
    1500
    """
    found = Faults()
    for one in asked.split(","):
        parts = re.fullmatch(r"\s*([a-z]+)@(\d{1,5}(?:\.\d{1,6})?)\s*", one)
        if parts is None or parts[1] not in WORDS:
            raise UsageError("fault", f"--fault {one.strip()[:40]}: give {', '.join(WORDS)} and when, for example "
                             "unplugged@2.5")  # fmt: skip
        setattr(found, WORDS[parts[1]], round(float(parts[2]) * rate))
    return found
