"""Is the file whole, and is the record good enough? For `hipdrive check`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hipdrive.acquisition.rawlog import SUFFIX
from hipdrive.report.inputs import TRIAL_FILES, Ask, analysed, trials
from hipdrive.report.platechecks import plate_checks
from hipdrive.report.rows import told
from hipdrive.report.table import COLOURS, check_line
from hipdrive.report.words import clean, name_of_test
from hipdrive.results import FAIL, REFUSED, Analysis, Finding


def show(path: Path, ask: Ask, console: Console) -> bool:
    """Print every check of a file; whether none failed."""
    stored = list(_stored(path))
    console.print(Text(clean(path), "bold"))
    for finding in stored:
        console.print(Text("  ").append_text(check_line(finding)))
    if any(finding.level == FAIL for finding in stored):
        return False
    fine = []
    for one in analysed(trials(path, ask), ask):
        for finding in plate_checks(one.trial):
            console.print(Text("  ").append_text(check_line(finding)))
        fine.append(_record(one.analysis, console))
    return all(fine)


def _stored(path: Path) -> Iterator[Finding]:
    """What the store says of a trial file."""
    if path.suffix.lower() in TRIAL_FILES:
        from hipdrive.store import check

        yield from check(path)
    elif path.suffix.lower() == SUFFIX:
        from hipdrive.acquisition.recovery import check as check_log

        yield from check_log(path)


def _record(analysis: Analysis, console: Console) -> bool:
    """Print what the analysis found about the record."""
    console.print(Text(f"  {name_of_test(analysis.test)}: ").append(analysis.status, COLOURS[analysis.status]))
    for finding in analysis.quality:
        console.print(Text("  ").append_text(check_line(finding)))
    if analysis.status == REFUSED and analysis.why and told(analysis) == analysis.quality:
        console.print(Text(f"  {clean(analysis.why)}"))
    return analysis.status != REFUSED and all(finding.level != FAIL for finding in analysis.quality)
