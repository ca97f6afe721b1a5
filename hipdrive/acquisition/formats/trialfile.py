"""hipdrive's own trial files, through the store."""

from __future__ import annotations

from hipdrive import store
from hipdrive.acquisition.formats.registry import Options, Source, reader
from hipdrive.acquisition.formats.stamps import TOLERANCE
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import Trial

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_hdf5(source: Source) -> bool:
    """Whether the file is HDF5, or its suffix says that it should be."""
    return source.head.startswith(SIGNATURE) or source.suffix in (".h5", ".hdf5")


@reader("hipdrive", suffixes=(".h5", ".hdf5"), can_open=is_hdf5)
def read_trial_file(source: Source, options: Options) -> Trial:
    """A hipdrive trial file."""
    if options.columns or options.swap:
        raise UsageError("columns", f"{source.name}: a trial file knows its channels; leave --columns out")
    if options.unit:
        raise UsageError("unit", f"{source.name}: a trial file knows its unit; leave --unit out")
    trial = store.load_trial(source.name)
    if options.rate is not None and abs(options.rate - trial.rate) > TOLERANCE * trial.rate:
        raise ReadError(
            "rate",
            f"{source.name}: --rate {options.rate:g} contradicts the file, which says {trial.rate:g} Hz; "
            "leave --rate out",
        )
    return trial.with_facts(file=source.name, **options.facts)
