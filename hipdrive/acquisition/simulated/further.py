"""Settings that only one kind of simulated athlete has: known, within their range, one of their choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hipdrive.errors import UsageError

Ranges = Mapping[str, tuple[float, float, str]]
"""Setting -> least and largest value, and unit."""


def without(what: str, settings: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse settings of every athlete that this kind has not."""
    for name in names:
        if settings[name] is not None:
            raise UsageError("simulate", f"simulate: {name} is no setting of {what}; leave it out")


def further(
    what: str, known: Mapping[str, Any], more: Mapping[str, Any], ranges: Ranges, choices: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """The settings of a kind of athlete, those that were given (`more`) over its own (`known`).

    ranges, choices : of the settings that are numbers, and of all others; None is always left to the seed.

    Raises
    ------
    UsageError : a setting is not one of its own, or not possible.
    """
    for name, value in more.items():
        if name not in known:
            raise UsageError("simulate", f"simulate: {name}={value!r} is no setting of {what}; there are "
                             f"{', '.join(known)}")  # fmt: skip
        if value is None:
            continue
        if name in choices:
            fits, allowed = value in choices[name], " or ".join(map(str, choices[name]))
        else:
            low, high, unit = ranges[name]
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits, allowed = number and low <= value <= high, f"{low:g} to {high:g}{unit}"
        if not fits:
            raise UsageError("simulate", f"simulate: {name} {value!r} is not possible; give {allowed}")
    return {**known, **more}
