"""What was asked for on the command line -> files -> trials -> analyses."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hipdrive.acquisition.rawlog import SUFFIX
from hipdrive.errors import HipdriveError, ReadError, UsageError
from hipdrive.report.sheet import is_own_table
from hipdrive.report.watching import counted
from hipdrive.report.words import clean
from hipdrive.results import Analysis
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from hipdrive.analysis.cuetable import CueTable

TRIAL_FILES = (".h5", ".hdf5")
SIDES = ("left", "right")


@dataclass(frozen=True, kw_only=True)
class Ask:
    """How to read and how to analyse; None where nothing was said.

    `facts` are those of a trial (mass, box_height ...), `parameters` what --set said, `involved` the injured leg,
    `cues` a coach's own table of limits.
    `motion` are files of motion beside the forces, `motion_clock` how their clock lies to that of the forces,
    `motion_as` what they do not say of themselves.
    """

    test: str | None = None
    rate: float | None = None
    columns: str | None = None
    unit: str | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    profiles: tuple[str, ...] = ("hipdrive",)
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    involved: str = ""
    cues: str = ""
    motion: tuple[str, ...] = ()
    motion_clock: str | None = None
    motion_as: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse what cannot be meant before any file is opened."""
        from hipdrive.analysis.profile import load_profile
        from hipdrive.analysis.registry import TESTS
        from hipdrive.analysis.startpush import STARTS

        if self.test is not None and self.test not in ("auto", *TESTS):
            raise UsageError("test_unknown", f"--test {clean(self.test)}: not a test of this version; "
                             f"choose auto, {' or '.join(TESTS)}")  # fmt: skip
        if self.facts.get("side") not in (None, *SIDES):
            raise UsageError("side", f"--side {clean(self.facts['side'])}: choose left or right")
        if self.facts.get("start") not in (None, *STARTS):
            raise UsageError("start", f"--start {clean(self.facts['start'])}: choose one of {', '.join(STARTS)}")
        if self.involved not in ("", *SIDES):
            raise UsageError("involved", f"--involved {clean(self.involved)}: choose left or right")
        if (self.motion_clock is not None or self.motion_as) and not self.motion:
            raise UsageError(
                "motion", "--motion-clock and --motion-as tell about a file of motion; name it with --motion"
            )
        for profile in self.profiles:
            load_profile(profile, self.parameters)
        if self.cues:
            self.cue_table()

    def cue_table(self) -> CueTable:
        """The limits by which faults are told."""
        from hipdrive.analysis.cuetable import load

        return load(self.cues or None)

    def settings(self, profile: str) -> dict[str, Any]:
        """What makes two analyses of the same bytes the same: all that was said, and the rules it came to."""
        from hipdrive.analysis.profile import load_profile

        rules = json.dumps(load_profile(profile, self.parameters).parameters(), sort_keys=True)
        said = {"test": self.test, "rate": self.rate, **self.facts, "columns": self.columns, "unit": self.unit,
                "set": dict(self.parameters) or None, "motion": list(self.motion) or None,
                "motion_clock": self.motion_clock, "motion_as": dict(self.motion_as) or None}  # fmt: skip
        told = {key: value for key, value in said.items() if value is not None}
        return {"profile": profile, **told, "rules": hashlib.sha256(rules.encode()).hexdigest()[:12]}


class Done(NamedTuple):
    """A trial and its analysis under the profile that was asked for."""

    trial: Trial
    analysis: Analysis
    profile: str


def by_trial(done: Sequence[Done]) -> list[list[Done]]:
    """What belongs to each trial, where several profiles were asked for."""
    groups: dict[int, list[Done]] = {}
    for one in done:
        groups.setdefault(id(one.trial), []).append(one)
    return list(groups.values())


def pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE texts as a mapping.

    >>> pairs("--set", ["onset_sds=6"])
    {'onset_sds': '6'}
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError("pair", f"{option} {clean(text)}: give NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def suffixes() -> frozenset[str]:
    """File name endings that a folder is searched for."""
    from hipdrive.acquisition.formats import reading  # noqa: F401  registers the readers
    from hipdrive.acquisition.formats.registry import READERS

    known = frozenset(s.lower() for one in READERS.values() for s in one.suffixes if s) | frozenset(TRIAL_FILES)
    return known - {SUFFIX}  # a log may be recorded right now, and is a trial file later


def files(paths: Sequence[Path]) -> list[Path]:
    """The paths with every folder replaced by the recordings in it, sorted; not our own tables."""
    found: list[Path] = []
    for path in paths:
        found += _recordings(path) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def trials(path: Path, ask: Ask) -> list[Trial]:
    """Every trial of a file, with what the user said about it.

    Raises
    ------
    HipdriveError : the file cannot be read.
    """
    if path.suffix.lower() in TRIAL_FILES:
        found = list(_stored(path, ask))
    else:
        from hipdrive.acquisition.formats.reading import read

        found = [read(path, test=ask.test, rate=ask.rate, columns=ask.columns, unit=ask.unit, **ask.facts)]
    return _moving(found, path, ask) if ask.motion else found


def _moving(found: list[Trial], path: Path, ask: Ask) -> list[Trial]:
    """The one trial of a file with the motion that was named beside it."""
    from hipdrive.acquisition.attach import AUTO, with_motion

    if len(found) != 1:
        raise UsageError("motion", f"{clean(path)}: holds {len(found)} trials, so whose motion it is is not clear; "
                         "give a file with one trial")  # fmt: skip
    trial = found[0]
    for name in ask.motion:
        with counted(f"looking at {Path(name).name}") as told:
            trial = with_motion(trial, name, clock=ask.motion_clock or AUTO, progress=told, **ask.motion_as)
    return [trial]


def _stored(path: Path, ask: Ask) -> Iterator[Trial]:
    """The trials of a trial or study file, which know their channels and rate themselves."""
    from hipdrive.store import load

    if ask.columns is not None:
        raise UsageError("columns", f"{clean(path)}: a trial file knows its channels; leave --columns out")
    if ask.unit is not None:
        raise UsageError("unit", f"{clean(path)}: a trial file knows its unit; leave --unit out")
    for trial in load(path):
        if ask.rate is not None and abs(ask.rate - trial.rate) > 1e-3 * trial.rate:
            raise ReadError("rate", f"{clean(path)}: --rate {ask.rate:g} contradicts the file, which says "
                            f"{trial.rate:g} Hz; leave --rate out")  # fmt: skip
        yield trial.with_facts(file=str(path), test=ask.test, **ask.facts)


def analysed(found: Iterable[Trial], ask: Ask) -> Iterator[Done]:
    """Each trial under each profile that was asked for."""
    from hipdrive.analysis.analyse import analyse

    for trial in found:
        for profile in ask.profiles:
            analysis = analyse(trial, profile=profile, parameters=ask.parameters or None, test=ask.test)
            yield Done(trial, analysis, profile)


def complaint(path: Path | str, why: BaseException) -> str:
    """What went wrong as one sentence that names the file."""
    if isinstance(why, OSError):
        told = (why.strerror or type(why).__name__).lower()
        return f"{clean(path)}: {told}; check the name and that you may use it"
    if isinstance(why, MemoryError):
        return f"{clean(path)}: too large for this computer's memory; cut the recording into pieces"
    if isinstance(why, HipdriveError):
        told = clean(why)
        return told if clean(path) in told or clean(Path(path).name) in told else f"{clean(path)}: {told}"
    return (f"{clean(path)}: hipdrive failed ({type(why).__name__}: {clean(why)}); please report it, "
            "HIPDRIVE_DEBUG=1 shows where")  # fmt: skip


def _recordings(folder: Path) -> list[Path]:
    known = suffixes()
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix.lower() in known and not name.startswith(".") and path.is_file() and not _is_ours(path):
                found.append(path)
    if not found:
        raise UsageError("empty_folder", f"{clean(folder)}: no recording in this folder; hipdrive looks for "
                         f"{' '.join(sorted(known))}")  # fmt: skip
    return found


def _is_ours(path: Path) -> bool:
    try:
        return path.suffix.lower() == ".csv" and is_own_table(path)
    except OSError:
        return False
