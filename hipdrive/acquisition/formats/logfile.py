"""The log of a recording that was not finished, looked at without touching it; `hipdrive recover` makes files of it."""

from __future__ import annotations

from hipdrive.acquisition import rawlog, recovery
from hipdrive.acquisition.formats.registry import Options, Source, reader
from hipdrive.errors import UsageError
from hipdrive.trial import Trial


@reader("log", suffixes=(rawlog.SUFFIX,), can_open=lambda source: source.head.startswith(rawlog.MAGIC))
def read_log(source: Source, options: Options) -> Trial:
    """The first trial of a log that a recording left behind."""
    if options.columns or options.swap or options.unit or options.rate is not None:
        raise UsageError("columns", f"{source.name}: a log knows its channels, units and rate; leave them out")
    with recovery.opened(source.path) as found:
        first, *more = recovery.trials(found)
    notes = first.notes if not more else (*first.notes, f"{len(more)} more trials are in the log: recover it")
    return first.with_facts(file=source.name, notes=notes, **options.facts)
