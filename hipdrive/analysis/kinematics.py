"""Tracks of points and joint angles -> one Motion in METRICS.md's frame, angles and signs; and what is smooth of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.angles import PELVIS_THIGH, TRUNK_THIGH, choose_hip, from_points
from hipdrive.analysis.coordinates import CONVENTIONS, from_angles
from hipdrive.analysis.facing import AXES, VIEWS, facing
from hipdrive.analysis.hipcentre import with_hips
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segments import centre_of_mass
from hipdrive.analysis.skeleton import SIDES, is_pose, landmarks
from hipdrive.analysis.smoothing import low_passed, noise_sd
from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Track

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
SAME_INSTANT = 1e-4
"""s; frames of two tracks nearer than this are one."""

LARGEST, LATEST, SHORTEST = 1e7, 1e10, 1e-6
"""No place or angle of a body, no time and no frame (s) goes beyond these: that is damage, and sums overflow."""

MARKERS, POSE, ANGLES = "markers", "pose", "angles"
"""Where a Motion comes from (`methods["source"]`), which decides its cut-off."""

HIGHEST = 0.4
"""Of the frame rate: the fastest cut-off that is used, whatever the profile says."""


STATED = ("up", "forward", "view", "angles")
"""What a user can say of a track; it stands behind its kind: `points up=y forward=x`, `angles angles=flexion`."""


def stated(track: Track) -> dict[str, str]:
    """What was said of a track's axes or angles.

    Raises
    ------
    UsageError : that makes no sense.
    """
    said = dict(part.partition("=")[::2] for part in track.kind.split() if "=" in part)
    for name, value in said.items():
        known = {"angles": CONVENTIONS, "view": VIEWS}.get(name, tuple(AXES))
        if name not in STATED or value not in known:
            raise UsageError("motion_as", f"--motion-as {name}={value}: choose one of {', '.join(known)}")
    return said


def is_angles(track: Track) -> bool:
    """Whether a track holds angles, by its kind as the trial file tells them apart."""
    return "angle" in track.kind.partition(" ")[0]


def motion_of(
    tracks: Track | Sequence[Track],
    *,
    up: str | None = None,
    forward: str | None = None,
    hip: str | None = None,
    angles: str | None = None,
    clock: str | None = None,
) -> Motion:
    """What tracks on one clock say of a body.

    Parameters
    ----------
    up, forward : axis of the source that points there, such as "y" or "-x", where the points do not show it.
    hip : `trunk_thigh` or `pelvis_thigh`; by default the pelvis for joint angles, the trunk for points.
    angles : `included` or `flexion`, where the names of angles do not say it.
    clock : the name in `Trial.clocks`, by default that of the first track.

    Raises
    ------
    UsageError : nothing of a body is known in the tracks, or up, forward or the meaning of an angle is not clear.
    """
    if hip not in (None, TRUNK_THIGH, PELVIS_THIGH):
        raise UsageError("hip", f"a hip angle as {hip}: choose {TRUNK_THIGH} or {PELVIS_THIGH}")
    given = [tracks] if isinstance(tracks, Track) else list(tracks)
    if not given:
        raise UsageError("no_motion", "there is no motion: give a track of points or of joint angles")
    times = _common(given)
    points: dict[str, Floats] = {}
    found: dict[str, Floats] = {}
    methods: dict[str, str] = {}
    com = None
    cloud = [one for one in given if not is_angles(one) and one.values.shape[2] in (2, 3)
             and landmarks(one.names, one.values)[0]]  # fmt: skip
    if cloud:
        names = [name for one in cloud for name in one.names]
        scale = _scale(cloud)
        marks, _ = landmarks(names, np.concatenate([_at(one, times) for one in cloud], axis=1) * scale[0])
        if marks:
            said = stated(cloud[0])
            frame = facing(marks, up or said.get("up"), forward or said.get("forward"), said.get("view"))
            points, made = with_hips({name: frame.turned(place) for name, place in marks.items()})
            found, methods = from_points(points, hip or TRUNK_THIGH)
            found = {name: angle for name, angle in found.items() if np.isfinite(angle).any()}  # none from the front
            methods = {name: how for name, how in methods.items() if name in found}
            methods |= {"source": POSE if is_pose(names) else MARKERS, "facing": frame.how, **made}
            com, how = centre_of_mass(points) if scale[1] else (None, "")
            methods |= {"com": how} if com is not None else {}
            points = points if scale[1] else {}
    for one in given:
        if is_angles(one):
            convention = angles or stated(one).get("angles")
            new, how_made = from_angles(one.names, _at(one, times)[:, :, 0], one.unit, convention)
            hip_of(new, how_made, hip or PELVIS_THIGH)
            found |= new
            methods |= {**how_made, "source": methods.get("source", ANGLES)}
    if "facing" in methods and not found and not points:
        raise UsageError("no_metres", f"{given[0].name}: a view from the front tells nothing without metres; give "
                         "points in m or mm")  # fmt: skip
    if not found and not points:
        raise UsageError("no_landmarks", f"{given[0].name}: no shoulder, hip, knee or ankle is known among "
                         f"{', '.join(map(repr, given[0].names[:5]))}; docs/motion.md lists the names")  # fmt: skip
    _both_sides(found, methods)
    return Motion(clock=clock or given[0].name, times=times, angles=found, points=points, com=com, methods=methods)


def hip_of(found: dict[str, Floats], methods: dict[str, str], hip: str) -> None:
    """The hip angles of both sides, and of none, by the method that is wanted."""
    for side in ("", *(f"_{side}" for side in SIDES)):
        choose_hip(found, methods, side, hip)


def _scale(cloud: Sequence[Track]) -> tuple[float, bool]:
    """Factor of the points to metres, and whether they are lengths at all (pixels are not)."""
    units = {one.unit for one in cloud}
    dimensions = {one.values.shape[2] for one in cloud}
    if len(units) > 1 or len(dimensions) > 1:
        raise UsageError("motion_units", "points in different units or dimensions cannot be put together: give one "
                         f"file of points ({', '.join(sorted(one.name for one in cloud))})")  # fmt: skip
    unit = units.pop()
    return METRES.get(unit, 1.0), unit in METRES


def _common(tracks: Sequence[Track]) -> Floats:
    """The times of all tracks together, which have to be the same instants where they overlap."""
    times = tracks[0].times
    for one in tracks:
        if len(one.times) < 2 or not np.isfinite(one.times).all() or not (np.diff(one.times) > 0.0).all():
            raise UsageError("motion_times", f"{one.name}: the times of its frames do not rise; export it again")
        if np.abs(one.times[[0, -1]]).max() > LATEST or np.diff(one.times).min() < SHORTEST:
            raise UsageError("motion_times", f"{one.name}: the times of its frames cannot be seconds; export it again")
        if np.nanmax(np.abs(one.values), initial=0.0) > LARGEST:
            raise UsageError("motion_values", f"{one.name}: holds numbers too large for a body; export it again")
    for one in tracks[1:]:
        inside = one.times[(one.times >= times[0]) & (one.times <= times[-1])]
        near = np.abs(times[np.clip(np.searchsorted(times, inside - SAME_INSTANT), 0, len(times) - 1)] - inside)
        if len(inside) and float(near.max()) > SAME_INSTANT:
            raise UsageError("motion_times", f"{tracks[0].name} and {one.name} were not sampled at the same instants; "
                             "give one of them, or files of one recording")  # fmt: skip
        new = one.times[np.abs(one.times - times[_nearest(times, one.times)]) > SAME_INSTANT]
        times = np.sort(np.concatenate([times, new]))
    return times


def _nearest(times: Floats, wanted: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Index of the time nearest to each wanted one."""
    right = np.clip(np.searchsorted(times, wanted), 1, max(1, len(times) - 1))
    left = right - 1
    return np.where(wanted - times[left] <= times[np.minimum(right, len(times) - 1)] - wanted, left, right)


def _at(track: Track, times: Floats) -> Floats:
    """A track's values at common times, NaN where it has no frame."""
    values = np.full((len(times), *track.values.shape[1:]), np.nan)
    values[_nearest(times, track.times)] = track.values
    return values


def _both_sides(found: dict[str, Floats], methods: dict[str, str]) -> None:
    """Of every joint the mean of left and right, or the one side that there is, under its name without a side."""
    for name in [re.sub(r"_(left|right)$", "", one) for one in found]:
        sides = [f"{name}_{side}" for side in SIDES if f"{name}_{side}" in found]
        if name not in found and sides:
            found[name] = np.asarray(np.mean([found[one] for one in sides], axis=0))
            methods[name] = methods[sides[0]]


# --- smooth angles and velocities ---


@dataclass(frozen=True, kw_only=True)
class Smooth:
    """Low-passed angles (deg), their velocities (deg/s) and the noise that each had (SD, deg), by name."""

    cutoff: float
    angles: Mapping[str, Floats]
    velocities: Mapping[str, Floats]
    noise: Mapping[str, float]


def cutoff_of(motion: Motion, profile: Profile, *, start: bool = False) -> float:
    """The cut-off for every joint of a motion, Hz: of markers or of pose, in a jump or in a sprint start."""
    source = motion.methods.get("source", MARKERS)
    wanted = profile.motion_cutoff_start if start else profile.motion_cutoff
    wanted = profile.marker_cutoff if source == MARKERS else wanted
    return min(wanted, HIGHEST / float(np.median(np.diff(motion.times))))


def smooth(motion: Motion, cutoff: float, gap: float, names: Iterable[str] | None = None) -> Smooth:
    """Angles of a motion with one cut-off for all; `gap` (s) is the longest hole that is bridged."""
    wanted = [name for name in (motion.angles if names is None else names) if name in motion.angles]
    done = {name: low_passed(motion.times, motion.angles[name], cutoff, gap) for name in wanted}
    noise = {name: noise_sd(motion.times, motion.angles[name], cutoff, gap) for name in wanted}
    return Smooth(
        cutoff=cutoff,
        angles={name: one[0] for name, one in done.items()},
        velocities={name: one[1] for name, one in done.items()},
        noise=noise,
    )
