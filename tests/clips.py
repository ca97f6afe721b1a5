"""Clips whose frames carry their number in grey blocks, written with PyAV directly: the truth of the tests of clips."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

SIZE, BITS, BLOCK = (192, 128), 12, 16
TICKS = 90_000


def picture(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A frame: its number as grey blocks along the top, a square that moves, one red corner below on the left."""
    width, height = size
    image = np.full((height, width, 3), 90, np.uint8)
    for bit in range(BITS):
        image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 200 if number >> bit & 1 else 30
    at = 5 * number % (width - 30)
    image[50:80, at : at + 30] = (60, 140, 180)
    image[-32:, :32] = (220, 30, 30)
    return image


def number_in(image: NDArray[np.uint8]) -> int:
    """The number that a frame carries."""
    scale = image.shape[1] / SIZE[0]
    rows = slice(round(4 * scale), round(12 * scale))
    blocks = (image[rows, round((bit * BLOCK + 4) * scale) : round((bit * BLOCK + 12) * scale)] for bit in range(BITS))
    return sum(1 << bit for bit, block in enumerate(blocks) if block.mean() > 115)


def write(
    path: Path,
    times: Iterable[float],
    *,
    encoder: str = "libx264",
    ticks: int = TICKS,
    every: int = 250,
    ahead: int = 3,
    options: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    sound: tuple[NDArray[Any], int, float] | None = None,
) -> Path:
    """A clip of numbered frames at times, s; sound is samples, rate and time of the first."""
    quiet = {"x265-params": "log-level=none"} if encoder == "libx265" else {}
    with av.open(
        str(path), "w", options={"movie_timescale": str(ticks), **(container or {})} if path.suffix == ".mp4" else {}
    ) as file:
        stream = file.add_stream(encoder, rate=60)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = *SIZE, "yuv420p"
        context.time_base = stream.time_base = Fraction(1, ticks)
        context.gop_size, context.max_b_frames = every, ahead
        fast = {"preset": "ultrafast", "bf": str(ahead)} if encoder.startswith("libx26") else {}
        context.options = {**fast, **quiet, **(options or {})}
        audio = None if sound is None else file.add_stream("aac", rate=sound[1], layout="mono")
        file.metadata.update(metadata or {})
        for number, t in enumerate(times):
            frame = VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = round(t * ticks), Fraction(1, ticks)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if sound is not None and audio is not None:
            heard = AudioFrame.from_ndarray(sound[0].astype(np.float32)[np.newaxis], format="fltp", layout="mono")
            heard.sample_rate, heard.time_base = sound[1], Fraction(1, sound[1])
            heard.pts = round(sound[2] * sound[1])
            file.mux(audio.encode(heard))
            file.mux(audio.encode(None))
    return path


# --- boxes of an MP4 file, changed by hand: nobody's library decides what they mean ---


def box(content: bytes | bytearray, *names: bytes) -> tuple[int, int]:
    """Where the content of the first box of a path begins and ends."""
    start, end = 0, len(content)
    for name in names:
        place = start
        while True:
            size, kind = struct.unpack(">I4s", content[place : place + 8])
            if kind == name:
                start, end = place + 8, place + size
                break
            place += size
            if place >= end:
                raise LookupError(name)
    return start, end


def turned(source: Path, path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """The same clip with another display matrix (a, b, c, d) in its track header."""
    content = bytearray(source.read_bytes())
    start, _ = box(content, b"moov", b"trak", b"tkhd")
    a, b, c, d = (65536 * value for value in matrix)
    content[start + 40 : start + 76] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def trimmed(source: Path, path: Path, first_s: float) -> Path:
    """The same clip with an edit list that begins so many s later."""
    content = bytearray(source.read_bytes())
    start, _ = box(content, b"moov", b"trak", b"edts", b"elst")
    scale_at, _ = box(content, b"moov", b"trak", b"mdia", b"mdhd")
    ticks = struct.unpack(">I", content[scale_at + 12 : scale_at + 16])[0]
    media = struct.unpack(">i", content[start + 12 : start + 16])[0]
    content[start + 12 : start + 16] = struct.pack(">i", media + round(first_s * ticks))
    path.write_bytes(content)
    return path
