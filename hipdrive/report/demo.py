"""The demonstration: an athlete whose numbers are known, through a device to trial file, analysis and report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hipdrive.errors import UsageError
from hipdrive.report import document, exchange, html, rows, sheet
from hipdrive.report.table import check_line
from hipdrive.report.words import clean, label, name_of_test, parts, shown
from hipdrive.results import INFO, Analysis, Value
from hipdrive.trial import Trial

TESTS = ("cmj", "sj", "dj")
RIG, SEED = "simulated", 1
RESULTS, REPORT = "results.json", "report.html"


def run(folder: Path, console: Console) -> list[Analysis]:
    """Write the demonstration into a folder and print its headline numbers beside the truth.

    Raises
    ------
    UsageError : the folder holds files of these names that are none of ours.
    """
    _check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    done = list(_trials(folder))
    analyses = [analysis for _, analysis in done]
    sheet.write(folder / RESULTS, (document.to_json(document.document(analyses)) + "\n").encode("ascii"))
    page = html.page(done, title="hipdrive demonstration")
    sheet.write(folder / REPORT, page.encode("utf-8", "replace"))
    _tell(console, done, folder)
    return analyses


def _trials(folder: Path) -> Iterator[tuple[Trial, Analysis]]:
    """Each test: recorded, saved, read back and analysed, so that what is shown came through device and file."""
    from hipdrive import store
    from hipdrive.analysis.analyse import analyse

    for test in TESTS:
        recorded = _recorded(test)
        path = folder / f"{test}.h5"
        exchange.save(recorded, path)
        trial = store.load_trial(path).with_facts(truth=recorded.truth, file=path.name)
        yield trial, analyse(trial)


def _recorded(test: str) -> Trial:
    """A jump on the plates of the simulated rig: volts, counts, recorder, plates; as fast as the computer can."""
    from hipdrive.acquisition.recorder import record
    from hipdrive.acquisition.simulated.source import sources
    from hipdrive.hardware import rig as rigs

    rig = rigs.load(RIG)
    devices = tuple(sources(rig, test=test, seed=SEED, jumps=1, free_run=True))
    played = devices[0].room.played
    assert played is not None
    return record(rig, test=test, seconds=played.samples / played.rate, sources=devices)


def _check(folder: Path) -> None:
    """Only a demonstration is replaced by a demonstration."""
    if folder.exists() and not folder.is_dir():
        raise UsageError("demo_folder", f"{clean(folder)} is a file; give --out a folder")
    mine = [folder / f"{test}.h5" for test in TESTS]
    if any(path.exists() for path in mine) and not (folder / RESULTS).is_file():
        raise UsageError("demo_folder", f"{clean(folder)} holds files that the demonstration would replace; "
                         "give --out another folder")  # fmt: skip
    if folder.is_dir():
        sheet.guard_kind(folder / RESULTS, (b'"hipdrive-results"',))
        sheet.guard_kind(folder / REPORT, (html.MARK,))


def _tell(console: Console, done: Sequence[tuple[Trial, Analysis]], folder: Path) -> None:
    table = Table("", "measured", "true", "error", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for trial, analysis in done:
        table.add_row(f"[bold]{name_of_test(analysis.test)}[/bold]  {analysis.status}")
        for cells in _lines(trial, analysis):
            table.add_row(*cells)
    console.print("Three simulated jumps on a stand-in device, recorded to trial files, read back and analysed:\n")
    console.print(table)
    for finding in (f for _, analysis in done for f in analysis.quality if f.level != INFO):
        console.print(check_line(finding))
    console.print(f"\nReport: {clean((folder / REPORT).resolve())}", soft_wrap=True, markup=False)
    console.print(f"Results: {clean((folder / RESULTS).resolve())}", soft_wrap=True, markup=False)


def _lines(trial: Trial, analysis: Analysis) -> Iterator[tuple[str, str, str, str]]:
    """Headline numbers beside the truth, as far as it is known, to the digits of the uncertainty."""
    if trial.truth is None or not analysis.reps:
        return
    for line in rows.headline(analysis, analysis.reps[0]):
        value = line.value
        true = trial.truth.values.get(line.field, math.nan)
        facts = [_bare(Value(number, value.unit, value.u95)) for number in (true, value.value - true)]
        yield f"  {label(line.field)}", shown(value), facts[0], facts[1]


def _bare(value: Value) -> str:
    """A number with its unit, without its doubt; "" where it is not known."""
    number, _, unit = parts(value)
    return f"{number} {unit}".rstrip() if number else ""
