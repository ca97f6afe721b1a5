"""Where results go: a table on the screen, a JSON document, or a CSV or Parquet table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hipdrive.errors import UsageError
from hipdrive.report import document, frames, sheet
from hipdrive.report.inputs import Ask, Done, by_trial
from hipdrive.report.together import Together, entry, view
from hipdrive.report.words import clean

if TYPE_CHECKING:
    from hipdrive.analysis.compare import Comparison

KINDS = ("json", "csv", "parquet")
STARTS = {"json": (b'"hipdrive-results"',), "csv": (sheet.TABLE_START,), "parquet": (b"PAR1",)}
"""By what a file of each kind is known to be ours."""


@dataclass(frozen=True)
class Target:
    """What kind of output, and which file; None is the standard output."""

    kind: str
    path: Path | None = None


class Output(Protocol):
    """Takes the analyses of one file after another."""

    def wants(self, sha256: str, ask: Ask) -> bool:
        """Whether a file of these bytes has to be analysed at all."""

    def add(self, done: Sequence[Done], sha256: str, ask: Ask) -> None:
        """Take the analyses of one file."""

    def close(self) -> None:
        """Write what is not written yet."""


def target(asked: Iterable[str], out: Path | None) -> Target:
    """The target of the options --json, --csv, --parquet and --out.

    >>> target([], Path("team.csv")).kind
    'csv'

    Raises
    ------
    UsageError : they contradict one another.
    """
    kinds = list(asked)
    if len(kinds) > 1:
        raise UsageError("kinds", f"--{kinds[0]} and --{kinds[1]}: choose one of them")
    ending = out.suffix.lower().removeprefix(".") if out is not None else ""
    if kinds and ending in KINDS and ending != kinds[0]:
        raise UsageError("kinds", f"--{kinds[0]} and --out {clean(out)}: the ending says {ending}; make them agree")
    kind = kinds[0] if kinds else ending
    if out is not None and kind not in KINDS:
        raise UsageError("out", f"--out {clean(out)}: end it in .json, .csv or .parquet, or add --json, "
                         "--csv or --parquet")  # fmt: skip
    if out is not None and out.is_dir():
        out = out / f"results.{kind}"
    if kind == "parquet" and out is None:
        raise UsageError("parquet", "--parquet is not for the screen; add --out FILE.parquet")
    return Target(kind or "table", out)


def output(to: Target, inputs: Sequence[Path], *, resume: bool = False, everything: bool = False) -> Output:
    """The output of a target. `inputs` are never replaced, nor is a file that hipdrive did not write.

    Raises
    ------
    UsageError : the target cannot be written.
    """
    if to.path is not None:
        sheet.guard(to.path, inputs)
        sheet.guard_kind(to.path, STARTS[to.kind])
        if to.kind == "csv":
            sheet.guard_kind(sheet.units_path(to.path), (sheet.UNITS_START,))
    if to.kind == "table":
        return Screen(everything)
    if to.kind == "json":
        return Document(to.path)
    return Rows() if to.path is None else Growing(sheet.Sheet(to.path, to.kind, resume=resume))


class Screen:
    """Tables on the terminal, each as soon as it is there."""

    def __init__(self, everything: bool) -> None:
        self.everything = everything
        self.together = Together()

    def wants(self, sha256: str, ask: Ask) -> bool:
        """Every file."""
        return True

    def add(self, done: Sequence[Done], sha256: str, ask: Ask) -> None:
        """Print the file's trials."""
        from rich.console import Console

        from hipdrive.report import table

        console = Console(highlight=False)
        table.show(console, [one.analysis for one in done], everything=self.everything, cues=ask.cue_table())
        for comparison in _comparisons(done):
            from hipdrive.report import spread

            console.print(spread.view(comparison, everything=self.everything))
        self.together.add(done, ask)

    def close(self) -> None:
        """Print what can be said across the trials."""
        from rich.console import Console

        found, note = self.together.found()
        for one in found:
            Console(highlight=False).print(view(one))
        if note:
            print(f"note: {note}", file=sys.stderr)


class Document:
    """One JSON document, when all files are there."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.trials: list[dict[str, Any]] = []
        self.together = Together()
        self.spread: list[dict[str, Any]] = []

    def wants(self, sha256: str, ask: Ask) -> bool:
        """Every file."""
        return True

    def add(self, done: Sequence[Done], sha256: str, ask: Ask) -> None:
        """Keep the entries; what is said across the trials needs the analyses, too."""
        self.trials += [document.trial_entry(one.analysis, ask.cue_table()) for one in done]
        self.together.add(done, ask)
        for comparison in _comparisons(done):
            from hipdrive.report import spread

            self.spread += spread.entries(comparison)

    def close(self) -> None:
        """Write the document."""
        more = {"spread": self.spread} if self.spread else {}
        more |= entry(self.together.found()[0])
        text = document.to_json({**document.document([]), "trials": self.trials, **more}) + "\n"
        if self.path is None:
            sys.stdout.write(text)
        else:
            sheet.write(self.path, text.encode("ascii"))


class Rows:
    """A CSV on the standard output: its columns are known when the last file is read."""

    def __init__(self) -> None:
        self.rows: list[frames.Row] = []

    def wants(self, sha256: str, ask: Ask) -> bool:
        """Every file."""
        return True

    def add(self, done: Sequence[Done], sha256: str, ask: Ask) -> None:
        """Keep the rows."""
        self.rows += _rows(done, sha256, ask)

    def close(self) -> None:
        """Write them."""
        sys.stdout.write(frames.to_csv(self.rows))


class Growing:
    """A table in a file, which knows what it already holds."""

    def __init__(self, table: sheet.Sheet) -> None:
        self.table = table

    def wants(self, sha256: str, ask: Ask) -> bool:
        """Unless the table holds the file under every profile asked for."""
        return not all(self.table.has(sha256, ask.settings(name)) for name in ask.profiles)

    def add(self, done: Sequence[Done], sha256: str, ask: Ask) -> None:
        """Append the file's repetitions."""
        self.table.add(_rows(done, sha256, ask))

    def close(self) -> None:
        """Write the table a last time."""
        self.table.flush()


def _comparisons(done: Sequence[Done]) -> Iterator[Comparison]:
    """Each trial of which several profiles were asked, side by side."""
    for group in by_trial(done):
        if len(group) > 1:
            from hipdrive.analysis.compare import compared

            yield compared([one.analysis for one in group])


def _rows(done: Sequence[Done], sha256: str, ask: Ask) -> list[frames.Row]:
    """Wide rows of one file, found again by its fingerprint and the settings."""
    return [
        {**row, "sha256": sha256, "athlete": one.trial.athlete}
        for one in done
        for row in frames.wide_rows(one.analysis, ask.settings(one.profile))
    ]
