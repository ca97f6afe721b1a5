"""How far long work is, on the error output where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def watched(total: int, what: str) -> Iterator[Callable[[], None]]:
    """A function to be called at each of so many steps; it draws a bar where the error output is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with counted(what) as told:
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            told(done, total)

        yield step


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to be told how many steps of how many are done; the bar is as of `watched`."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
