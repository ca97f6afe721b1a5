"""What a recording says of the calibration of its plates: when they were checked with known masses, and how good."""

from __future__ import annotations

import contextlib
import datetime as dt

from hipdrive.errors import UsageError
from hipdrive.results import Finding
from hipdrive.trial import Trial


def plate_checks(trial: Trial) -> tuple[Finding, ...]:
    """One finding a plate of a recording; nothing where no rig is stored, or one of a later hipdrive."""
    if not trial.rig:
        return ()
    from hipdrive.hardware.checkfile import tell
    from hipdrive.hardware.rig import loads

    try:
        rig = loads(trial.rig, trial.file or "trial")
    except UsageError:
        return ()
    day = dt.date.today()
    with contextlib.suppress(ValueError):
        day = dt.datetime.fromisoformat(trial.created).date()
    return tuple(Finding("calibration_check", one.level, one.within, "%", one.message, one.remedy)
                 for one in tell(rig.plates, rig.calibration_checks, day))  # fmt: skip
