"""The lines of a trial's log: what somebody said, when, with a code, and of which device and sample."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

Line = dict[str, Any]
"""What somebody said, as the log of a trial has it: time, code, text, device and sample."""


def line_of(code: str, text: str, device: str = "", sample: int | None = None, **facts: Any) -> Line:
    """A line for the log of a trial."""
    line: Line = {"utc": datetime.now(UTC).isoformat(timespec="milliseconds"), "code": code, "text": text}
    if device:
        line["device"] = device
    if sample is not None:
        line["sample"] = sample
    return {**line, **facts}


def as_text(line: Line) -> str:
    """A line as a trial keeps it."""
    return json.dumps(line, ensure_ascii=False, default=str)
