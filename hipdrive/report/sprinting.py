"""`hipdrive sprint`: tables of timed runs -> profiles on the screen, in a document, a table or a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hipdrive.analysis.sprint_profile import TEST, profiles
from hipdrive.analysis.sprint_rules import SprintRules
from hipdrive.errors import UsageError
from hipdrive.report import exchange, html, job, output, sheet
from hipdrive.report.document import plain
from hipdrive.report.inputs import Ask, Done
from hipdrive.report.words import clean, label, parts, sentence
from hipdrive.results import REFUSED, Analysis, Value
from hipdrive.timedrun import SPLITS, VELOCITY, TimedRun

if TYPE_CHECKING:
    from rich.table import Table

    from hipdrive.trial import Trial

TEAM = 2
"""So many runs or more are one line each on the screen."""


@dataclass(frozen=True, kw_only=True)
class RunAsk(Ask):
    """How to read and to fit: `facts` are what the user says of athletes and units."""

    rules: SprintRules = field(default_factory=SprintRules)

    def settings(self, profile: str) -> dict[str, Any]:
        """What makes two analyses of the same bytes the same."""
        return {"profile": profile, "test": TEST, **self.facts, "rules": plain(self.rules.parameters())}


def read(path: Path, ask: RunAsk) -> list[tuple[TimedRun, Analysis]]:
    """Every run of a file with its profile."""
    from hipdrive.acquisition.formats.sprintfile import read_sprint

    runs = read_sprint(path, **ask.facts)
    return list(zip(runs, profiles(runs, ask.rules), strict=True))


def run(paths: Sequence[Path], ask: RunAsk, target: output.Target, *, everything: bool, page: Path | None) -> int:
    """Files into the output, and into one page if one is asked for; the exit code."""
    to = output.output(target, paths, everything=everything)
    if isinstance(to, output.Screen):
        to = Team(everything)
    if page is not None:
        sheet.guard(page, paths)
        sheet.guard_kind(page, (html.MARK,))
    kept: list[tuple[TimedRun, Analysis]] = []

    def one(path: Path) -> bool:
        sha256 = sheet.fingerprint(path)
        found = read(path, ask)
        kept.extend(found if page is not None else [])
        # of a trial an output reads the athlete only, which a timed run names in the same way
        to.add([Done(cast("Trial", timed), analysis, analysis.profile) for timed, analysis in found], sha256, ask)
        return all(analysis.status != REFUSED for _, analysis in found)

    try:
        code = job.each(paths, one)
    finally:
        to.close()
    if page is not None and kept:
        _write(page, kept, paths[0].name if len(paths) == 1 else "Sprint profiles")
        job.tell(clean(page))
    return code


def write_page(path: Path, ask: RunAsk, page: Path) -> bool:
    """Write the page of a table of runs and print its place; whether every run was fitted."""
    found = read(path, ask)
    sheet.guard(page, [path])
    sheet.guard_kind(page, (html.MARK,))
    _write(page, found, path.name)
    print(clean(page))
    return all(analysis.status != REFUSED for _, analysis in found)


def _write(page: Path, found: Sequence[tuple[TimedRun, Analysis]], title: str) -> None:
    sheet.write(page, html.page(found, title=title).encode("utf-8", "replace"))


class Team(output.Screen):
    """Profiles on the terminal: one of its own as a table, several as a line each."""

    def add(self, done: Sequence[Done], sha256: str, ask: Ask) -> None:
        """Print the file's runs."""
        from rich.console import Console

        if len(done) < TEAM or self.everything:
            super().add(done, sha256, ask)
            return
        console = Console(highlight=False)
        console.print(team([one.analysis for one in done]))
        told: dict[str, list[str]] = {}
        for one in done:
            who = clean(one.trial.athlete) or "a run"
            for why in _objections(one.analysis):
                told.setdefault(why, []).append(who)
        for why, names in told.items():
            console.print(f"  {', '.join(names)}: {sentence(why)}", soft_wrap=True)


def _objections(analysis: Analysis) -> list[str]:
    """Why a run is refused, or what its checks object to, and which headline numbers are missing."""
    if analysis.why:
        return [analysis.why]
    warned = [f"{f.message}; {f.remedy}" for f in analysis.quality if f.level != "info"]
    missing = {analysis.reps[0][name].why or "" for name in analysis.headline} - {""}
    return [*warned, *sorted(missing)]


def team(analyses: Sequence[Analysis]) -> Table:
    """One line a run, and below them how sure a run's numbers usually are."""
    from rich.table import Table

    from hipdrive.analysis.registry import headline

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("athlete", no_wrap=True)
    names = headline(TEST, "run")
    for name in names:
        table.add_column(SHORT.get(name, label(name)), justify="right", no_wrap=True)
    table.add_column("")
    for one in analyses:
        cells = [_cell(one.reps[0][name]) if one.reps else "-" for name in names]
        table.add_row(clean(one.provenance.get("athlete") or Path(one.file).name), *cells, one.status)
    fitted = [one for one in analyses if one.reps]
    table.add_row("", *(_usual([one.reps[0][name] for one in fitted]) for name in names), "usually", style="dim")
    return table


SHORT = {"max_sprint_speed": "MSS\nm/s", "F0_per_kg": "F0\nN/kg", "V0": "V0\nm/s", "Pmax_per_kg": "Pmax\nW/kg",
         "RFmax": "RFmax\n%", "DRF": "DRF\n%/(m/s)"}  # fmt: skip


def _cell(value: Value) -> str:
    return parts(replace(value, u95=math.nan)).number or "-"


def _usual(values: Sequence[Value]) -> str:
    """The uncertainty in the middle of those that are known."""
    known = sorted((value for value in values if math.isfinite(value.u95)), key=lambda value: value.u95)
    return f"± {parts(known[len(known) // 2]).u95}" if known else ""


# --- simulated sprinters ---


def simulate(file: Path, *, seed: int, truth: Path | None, settings: Mapping[str, Any], force: bool) -> None:
    """Write a simulated run as a table that `hipdrive sprint` reads, and what is exactly true of it.

    Raises
    ------
    UsageError : a setting makes no sense, or a file is in the way.
    """
    from hipdrive.acquisition.simulated.sprinter import simulate_sprint

    if file.suffix.lower() != ".csv":
        raise UsageError("suffix", f"{clean(file)}: a simulated sprint is a table of times; end its name in .csv")
    if truth is not None and truth.resolve() == file.resolve():
        raise UsageError("truth", f"--truth {clean(truth)}: is the run's own file; choose another name")
    made = simulate_sprint(seed=seed, **{name: _setting(name, value) for name, value in settings.items()})
    for path in (file, truth):
        if path is not None:
            exchange.fresh(path, force=force)
    sheet.write(file, to_csv(made).encode("utf-8"))
    if truth is not None:
        told = {"format": "hipdrive-truth", "version": 1, "test": TEST, "values": dict(made.truth),
                "events": {"run_start": made.truth.get("run_start", -made.truth.get("time_shift", 0.0))},
                "settings": {"seed": seed, "kind": made.kind, **settings}}  # fmt: skip
        sheet.write(truth, (json.dumps(plain(told), indent=1, allow_nan=False) + "\n").encode("ascii"))


def _setting(name: str, value: Any) -> Any:
    """A setting that a command line gave as text."""
    known = ("kind", "noise", "rate", "gates", "mss", "tau", "shift", "mass", "height", "seconds", "quiet", "laser_at")
    if name not in known:
        raise UsageError("simulate", f"simulate: a sprint has no setting {name}; it has {', '.join(known)}")
    if name == "kind":
        return value
    try:
        return tuple(map(float, str(value).split(","))) if name == "gates" else float(value)
    except ValueError:
        raise UsageError("simulate", f"simulate: {name}={value} is not a number") from None


def to_csv(run: TimedRun) -> str:
    """A run as CSV in long form: every digit, so that it reads back to the same numbers."""
    name = "velocity" if run.kind == VELOCITY else "distance"
    head, body = f"athlete,mass,height,time,{name}", f"{run.athlete},{run.mass!r},{run.height!r}"
    pairs = zip(run.time.tolist(), run.value.tolist(), strict=True)
    if run.kind == SPLITS:
        head = "athlete,mass,height,distance,time"
        return "\n".join([head, *(f"{body},{x!r},{t!r}" for t, x in pairs)]) + "\n"
    return "\n".join([head, *(f"{body},{t!r},{x!r}" for t, x in pairs)]) + "\n"
