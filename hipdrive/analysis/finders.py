"""Which function finds the repetitions of which test: a new test has its line here, and its place in `auto.ORDER`."""

from __future__ import annotations

from collections.abc import Callable

from hipdrive.analysis.flights import jumps_and_drops
from hipdrive.analysis.footsteps import footsteps
from hipdrive.analysis.hop_series import series
from hipdrive.analysis.pull import pulls
from hipdrive.analysis.rebound import rebounds
from hipdrive.analysis.scene import Found, Scene
from hipdrive.analysis.stance import stances
from hipdrive.analysis.starts import starts
from hipdrive.analysis.touchdowns import landings

Finder = Callable[[Scene], Found]

FINDERS: dict[str, Finder] = {
    "cmj": jumps_and_drops,
    "sj": jumps_and_drops,
    "dj": jumps_and_drops,
    "cmj_rebound": rebounds,
    "hops": series,
    "landing": landings,
    "balance": stances,
    "isometric": pulls,
    "block_start": starts,
    "steps": footsteps,
}
"""Test that was asked for -> its finder; the finder reads in `scene.given.test` which it was, or "auto"."""
