"""hipdrive: force-plate jump analysis with numbers that can be trusted.

`import hipdrive as hd` is quick: every name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Trial": "hipdrive.trial",
    "Signal": "hipdrive.trial",
    "Track": "hipdrive.trial",
    "ClockMap": "hipdrive.trial",
    "Raw": "hipdrive.trial",
    "Value": "hipdrive.results",
    "Finding": "hipdrive.results",
    "Results": "hipdrive.results",
    "Analysis": "hipdrive.results",
    "HipdriveError": "hipdrive.errors",
    "analyse": "hipdrive.analysis.analyse",
    "analyse_many": "hipdrive.analysis.analyse",
    "across": "hipdrive.analysis.across",
    "asymmetry": "hipdrive.analysis.asymmetry",
    "compare": "hipdrive.analysis.compare",
    "metric": "hipdrive.analysis.registry",
    "Estimate": "hipdrive.analysis.estimate",
    "reliability": "hipdrive.analysis.reliability",
    "bland_altman": "hipdrive.analysis.agreement",
    "change_status": "hipdrive.analysis.change",
    "load_profile": "hipdrive.analysis.profile",
    "simulate": "hipdrive.acquisition.simulated.athlete",
    "read": "hipdrive.acquisition.formats.reading",
    "read_motion": "hipdrive.acquisition.formats.motion",
    "motion_of": "hipdrive.analysis.kinematics",
    "with_motion": "hipdrive.acquisition.attach",
    "Motion": "hipdrive.analysis.motion",
    "TimedRun": "hipdrive.timedrun",
    "sprint": "hipdrive.analysis.sprint_profile",
    "read_sprint": "hipdrive.acquisition.formats.sprintfile",
    "simulate_sprint": "hipdrive.acquisition.simulated.sprinter",
    "record": "hipdrive.acquisition.recorder",
    "save": "hipdrive.store",
    "load": "hipdrive.store",
    "frame": "hipdrive.report.frames",
}
"""Public name -> the module that holds it."""

__all__ = sorted([*_HOMES, "__version__"])

if TYPE_CHECKING:
    from hipdrive.acquisition.attach import with_motion as with_motion
    from hipdrive.acquisition.formats.motion import read_motion as read_motion
    from hipdrive.acquisition.formats.reading import read as read
    from hipdrive.acquisition.formats.sprintfile import read_sprint as read_sprint
    from hipdrive.acquisition.recorder import record as record
    from hipdrive.acquisition.simulated.athlete import simulate as simulate
    from hipdrive.acquisition.simulated.sprinter import simulate_sprint as simulate_sprint
    from hipdrive.analysis.across import across as across
    from hipdrive.analysis.agreement import bland_altman as bland_altman
    from hipdrive.analysis.analyse import analyse as analyse
    from hipdrive.analysis.analyse import analyse_many as analyse_many
    from hipdrive.analysis.asymmetry import asymmetry as asymmetry
    from hipdrive.analysis.change import change_status as change_status
    from hipdrive.analysis.compare import compare as compare
    from hipdrive.analysis.estimate import Estimate as Estimate
    from hipdrive.analysis.kinematics import motion_of as motion_of
    from hipdrive.analysis.motion import Motion as Motion
    from hipdrive.analysis.profile import load_profile as load_profile
    from hipdrive.analysis.registry import metric as metric
    from hipdrive.analysis.reliability import reliability as reliability
    from hipdrive.analysis.sprint_profile import sprint as sprint
    from hipdrive.errors import HipdriveError as HipdriveError
    from hipdrive.report.frames import frame as frame
    from hipdrive.results import Analysis as Analysis
    from hipdrive.results import Finding as Finding
    from hipdrive.results import Results as Results
    from hipdrive.results import Value as Value
    from hipdrive.store import load as load
    from hipdrive.store import save as save
    from hipdrive.timedrun import TimedRun as TimedRun
    from hipdrive.trial import ClockMap as ClockMap
    from hipdrive.trial import Raw as Raw
    from hipdrive.trial import Signal as Signal
    from hipdrive.trial import Track as Track
    from hipdrive.trial import Trial as Trial


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'hipdrive' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Every public name, loaded or not."""
    return list(__all__)
