"""Files -> one HTML page each, named after the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hipdrive.errors import UsageError
from hipdrive.report import html, sheet
from hipdrive.report.inputs import Ask, analysed, trials
from hipdrive.report.words import clean
from hipdrive.results import REFUSED


def write_page(path: Path, ask: Ask, target: Path) -> bool:
    """Write the page of a file and print its place; whether every trial of the file was analysed."""
    done = list(analysed(trials(path, ask), ask))
    sheet.guard(target, [path])
    sheet.guard_kind(target, (html.MARK,))
    page = html.page([(one.trial, one.analysis) for one in done], title=path.name, cues=ask.cue_table())
    sheet.write(target, page.encode("utf-8", "replace"))
    print(clean(target))
    return all(one.analysis.status != REFUSED for one in done)


def places(paths: Sequence[Path], out: Path) -> dict[Path, Path]:
    """A page's place for each file: in the folder `out`, which is made; or `out` itself, where that is a page's name.

    Raises
    ------
    UsageError : one page was named for several files, or the folder is a file.
    """
    page = out.suffix.lower() in (".html", ".htm") and not out.is_dir()
    if page and len(paths) != 1:
        raise UsageError("out_is_page", f"--out {clean(out)} is one page and there are {len(paths)} recordings; "
                         "give a folder")  # fmt: skip
    folder = out.parent if page else out
    if folder.exists() and not folder.is_dir():
        raise UsageError("out_is_file", f"--out {clean(folder)} is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return {paths[0]: out} if page else dict(zip(paths, names(paths, out), strict=True))


def names(paths: Sequence[Path], folder: Path) -> list[Path]:
    """A page's place for each file; files of one name in several folders are numbered.

    >>> [p.name for p in names([Path("a/jump.csv"), Path("b/jump.csv")], Path())]
    ['jump.html', 'jump-2.html']
    """
    taken: set[str] = set()
    found = []
    for path in paths:
        name, number = path.stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{path.stem}-{number}"
        taken.add(name.lower())
        found.append(folder / f"{name}.html")
    return found
