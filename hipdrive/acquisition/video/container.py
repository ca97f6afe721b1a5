"""Opening a clip's file, which is not trusted: local and regular, of a known kind, of a bounded size."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from hipdrive.errors import ReadError

MAX_BYTES = 8 * 1024**3
MAX_FRAMES = 500_000
MAX_PIXELS = 40_000_000
MAX_SECONDS = 24 * 3600.0
"""What a clip may hold at most: 8K pictures, and more frames than anybody filmed of one trial."""

KINDS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,mxf"
"""Demultiplexers that may be used: none that opens what another file or address holds, as play lists do."""

FAULTS = (av.FFmpegError, ValueError, IndexError)
"""What PyAV raises for damaged files; the last where a stream appears that the beginning did not speak of."""

OPTIONS = {"protocol_whitelist": "file", "format_whitelist": KINDS, "max_streams": "32"}


def opened(path: Path) -> InputContainer:
    """The container of a clip.

    Raises
    ------
    ReadError : it is no clip, or larger than a clip can be.
    """
    _check_file(path)
    try:
        return av.open(str(path.resolve()), options=OPTIONS, metadata_errors="replace")
    except FAULTS as why:
        raise ReadError("not_a_clip", f"{path}: is no clip that can be read ({reason(why)}); give a whole MP4, MOV, "
                        "MKV or AVI file, or export it again") from None  # fmt: skip
    except MemoryError:
        raise ReadError("too_large", f"{path}: does not fit into memory; cut it into single trials") from None


def _check_file(path: Path) -> None:
    name = str(path)
    if "\x00" in name:
        raise ReadError("cannot_open", f"{name!r}: is not a file name; check the name")
    try:
        facts = path.stat()
        if stat.S_ISREG(facts.st_mode):
            path.open("rb").close()
    except OSError as why:
        raise ReadError("cannot_open", f"{name}: cannot be read ({why.strerror or why}); check the name and that you "
                        "may read it") from None  # fmt: skip
    if stat.S_ISDIR(facts.st_mode):
        raise ReadError("directory", f"{name}: is a folder; give the clip in it")
    if not stat.S_ISREG(facts.st_mode):
        raise ReadError("not_a_file", f"{name}: is not a regular file; give a clip")
    if facts.st_size == 0:
        raise ReadError("empty", f"{name}: is empty; copy it from the camera again")
    if facts.st_size > MAX_BYTES:
        raise ReadError("too_large", f"{name}: is larger than {MAX_BYTES // 1024**3} GB; cut it into single trials")


def video_of(container: InputContainer, path: Path) -> VideoStream:
    """The stream with the pictures, whose size is one that pictures can have.

    Raises
    ------
    ReadError : there is none, or its pictures are too large, or nothing here decodes it.
    """
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        raise ReadError("no_video", f"{path}: holds no pictures; give the clip, not its sound")
    context = stream.codec_context
    if context is None or stream.time_base is None:
        raise ReadError("codec", f"{path}: its pictures cannot be decoded here; export it as H.264")
    width, height = context.width, context.height
    if not (width > 0 and height > 0 and width * height <= MAX_PIXELS):
        raise ReadError("dimensions", f"{path}: says that its pictures have {width} x {height} pixels, which no "
                        "camera makes; export it again")  # fmt: skip
    # What is damaged shall be an error, not a picture that was made up from the one before.
    context.options = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS)}
    return stream


def reason(why: BaseException) -> str:
    """What the decoder says, in a line."""
    words = " ".join(str(getattr(why, "strerror", "") or why).split()).lower()
    return words[:120]


def fingerprint(path: Path) -> str:
    """sha256 of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
