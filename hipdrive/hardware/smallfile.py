"""Small text files that people write: read with a limit, and told in one sentence where they cannot be."""

from __future__ import annotations

from pathlib import Path

from hipdrive.errors import UsageError

LARGEST = 1_000_000
"""Bytes."""


def text_of(file: Path, what: str) -> str:
    """The text of a file; `what` it should be, for the sentence.

    Raises
    ------
    UsageError : it cannot be read, is too long or not UTF-8.
    """
    shown = str(file) if str(file).isprintable() else repr(str(file))
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, ValueError) as why:
        told = getattr(why, "strerror", None) or why
        raise UsageError("file", f"{shown[:300]}: cannot be read ({told}); give {what}") from None
    if len(content) > LARGEST:
        raise UsageError("file", f"{shown}: more than {LARGEST:,} bytes are not {what}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("file", f"{shown}: is no text in UTF-8; save it as UTF-8") from None
