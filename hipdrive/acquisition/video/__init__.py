"""Pixels and sound end here: clips and cameras -> Tracks, Signals and frame times. The only PyAV, OpenCV and LiteRT."""

from __future__ import annotations

import os
from pathlib import PurePath

SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mts")
"""Names of clips; what is in one, it says itself."""


def is_clip(path: str | os.PathLike[str]) -> bool:
    """Whether a file is called like a clip.

    >>> is_clip("jump.MOV"), is_clip("jump.trc")
    (True, False)
    """
    return PurePath(path).suffix.lower() in SUFFIXES
