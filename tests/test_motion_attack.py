"""Motion that lies, is damaged, or is given twice: it is told or refused, and never changes a number in silence."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planar import body, squat, track

import hipdrive as hd
from hipdrive.acquisition.attach import with_motion
from hipdrive.acquisition.formats.motion import read_motion
from hipdrive.analysis.clockcheck import clock_finding
from hipdrive.analysis.pairs import pair
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.seen import seen
from hipdrive.errors import HipdriveError
from hipdrive.report.syncing import read_pairs
from hipdrive.trial import ClockMap, Trial


@pytest.fixture(scope="module")
def jump() -> Trial:
    return hd.simulate("cmj", joints=True, seed=3)


def checked(trial: Trial) -> tuple[str, float] | None:
    found = seen(trial)
    assert found.motion is not None and found.clock is not None
    said = clock_finding(trial, found.motion, found.clock, Profile())
    return None if said is None else (said.check, said.value)


def claimed(trial: Trial, offset: float) -> Trial:
    return dataclasses.replace(trial, clocks={"motion": ClockMap(offset=offset, method="same_clock")})


def test_the_same_tracks_on_another_clock_are_seen_on_it(jump: Trial) -> None:
    """The motion that was kept from the last trial had the clock of that one."""
    for offset in (0.0, 0.04, -0.3):
        clock = seen(claimed(jump, offset)).clock
        assert clock is not None and clock.offset == offset
    assert seen(dataclasses.replace(jump, clocks={})).clock is None


def test_a_clock_that_is_claimed_wrongly_is_told_where_points_show_it(jump: Trial) -> None:
    assert checked(claimed(jump, 0.0)) is None
    for offset in (0.04, -0.04):
        found = checked(claimed(jump, offset))
        assert found is not None and found[0] == "motion_clock" and found[1] == pytest.approx(offset, abs=0.008)
    other = hd.simulate("cmj", joints=True, seed=9).tracks
    mixed = dataclasses.replace(claimed(hd.simulate("cmj", joints=True, seed=4), 0.0), tracks=other)
    found = checked(mixed)
    assert found is not None and found[0] == "motion_misfit"


def test_a_motion_that_is_there_already_only_gets_its_clock(jump: Trial) -> None:
    """A second copy would stay on the first one's clock, whatever is said."""
    again = with_motion(jump, jump.tracks, clock="0.02,0.004")
    assert len(again.tracks) == len(jump.tracks) and again.clocks["motion"].offset == 0.02
    assert with_motion(jump, jump.tracks, clock="none").clocks == {}


@pytest.mark.parametrize(("times", "scale"), [(1e300, 1.0), (1e-300, 1.0), (1.0, 1e306), (1.0, np.inf)])
def test_numbers_beyond_a_body_are_refused(times: float, scale: float) -> None:
    whole = track(body(squat(21)))
    values = whole.values * scale if np.isfinite(scale) else np.full_like(whole.values, np.inf)
    with pytest.raises(HipdriveError, match="export it again"):
        hd.motion_of(dataclasses.replace(whole, times=whole.times * times, values=values))


def test_a_table_too_wide_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    head = ",".join(f"p{i}_{axis} (m)" for i in range(2010) for axis in "xyz")
    path.write_text("\n".join([f"time,{head}", *(f"{k},{','.join(['1'] * 6030)}" for k in range(3))]))
    with pytest.raises(HipdriveError, match="6031 columns"):
        read_motion(path)


def test_pairs_from_what_never_ends_and_beyond_time(tmp_path: Path) -> None:
    if Path("/dev/zero").exists():
        with pytest.raises(HipdriveError, match="no small file"):
            read_pairs(Path("/dev/zero"))
    with pytest.raises(HipdriveError, match="no numbers"):
        pair(np.array([1e308, -1e308]), np.array([-1e308, 1e308]), 0.001)


def test_a_limit_too_long_for_a_number(tmp_path: Path) -> None:
    from hipdrive.analysis.cuetable import load

    path = tmp_path / "cues.toml"
    path.write_text(f'[hip_not_finished]\nevidence = [{{ field = "hip_extension_at_toeoff", below = {"9" * 500} }}]\n')
    with pytest.raises(HipdriveError, match="give a number"):
        load(path)


@pytest.mark.parametrize("wrong", [{"slope": np.inf}, {"slope": 0.0}, {"slope": -1.0}, {"standard_error": -1.0},
                                   {"offset": np.nan}, {"offset": 1e300}, {"standard_error": np.nan}])  # fmt: skip
def test_a_clock_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """A trial file with it is refused where it is read."""
    with pytest.raises(HipdriveError, match="cannot be"):
        ClockMap(**{"offset": 0.0, **wrong})
