"""A clip beside a trial: who is seen in it becomes a Track in pixels, and the clip a `Footage` that says how.

Looking takes a minute for ten seconds of film, so what was seen is remembered while the program runs, and a trial that
holds it already keeps it.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition.video.clipclock import SOUNDS
from hipdrive.analysis.viewed import FRONTS
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats, Footage, Track, Trial

if TYPE_CHECKING:
    from hipdrive.acquisition.video.blazepose import BlazePose
    from hipdrive.acquisition.video.clip import Clip
    from hipdrive.acquisition.video.posing import Pose
    from hipdrive.acquisition.video.viewfile import ViewFacts

FACTS = ("athlete", "time_scale", "view", "forward", "crops", "sound")
"""What can be said of a clip that it does not say."""

CROPS, REMEMBERED = 5, 8
"""Looks at each frame that are averaged, and clips that are remembered."""

Box = tuple[float, float, float, float]
"""Left, top, width and height, px."""

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]

_seen: OrderedDict[tuple[Any, ...], Pose] = OrderedDict()


@dataclass(frozen=True, kw_only=True)
class Looking:
    """How a clip is looked at.

    athlete : box x0, y0, x1, y1 or point x, y, px of the first frame, where it is not the largest person.
    time_scale : seconds of the world in one of the file, below 1 in slow motion.
    view : `side` or `front`. forward : axis of the picture, such as "x" or "-x", to which the athlete faces.
    crops : looks a frame. sound : `chirp` or `clap`, where clip and recording both hold one.
    """

    athlete: tuple[float, ...] | None = None
    time_scale: float | None = None
    view: str = ""
    forward: str = ""
    crops: int = CROPS
    sound: str = ""

    @classmethod
    def said(cls, facts: Mapping[str, str]) -> Looking:
        """What was said in words.

        Raises
        ------
        UsageError : that makes no sense of a clip.

        >>> Looking.said({"athlete": "100,50,300,600", "time_scale": "0.125"}).athlete
        (100.0, 50.0, 300.0, 600.0)
        """
        for name, value in facts.items():
            if name not in FACTS:
                raise UsageError("motion_as", f"--motion-as {name}={value}: of a clip say {', '.join(FACTS)}")
        place = _numbers("athlete", facts.get("athlete"))
        if place is not None and len(place) not in (2, 4):
            raise UsageError("motion_as", f"--motion-as athlete={facts['athlete']}: give X,Y or a box X0,Y0,X1,Y1 in "
                             "pixels of the first frame")  # fmt: skip
        scale, crops = (_numbers(name, facts.get(name)) for name in ("time_scale", "crops"))
        for name, one in (("time_scale", scale), ("crops", crops)):
            if one is not None and (len(one) != 1 or not one[0] > 0.0):
                raise UsageError("motion_as", f"--motion-as {name}={facts[name]}: give one number above 0")
        if facts.get("sound") not in (None, *SOUNDS):
            raise UsageError("motion_as", f"--motion-as sound={facts['sound']}: choose {' or '.join(SOUNDS)}")
        return cls(athlete=place, sound=facts.get("sound", ""), time_scale=None if scale is None else scale[0],
                   view=facts.get("view", ""),
                   forward=facts.get("forward", ""), crops=CROPS if crops is None else int(crops[0]))  # fmt: skip


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = (math.nan,)
    if not all(map(math.isfinite, found)):
        raise UsageError("motion_as", f"--motion-as {name}={text}: give numbers")
    return found


def filmed(
    path: str | os.PathLike[str],
    looking: Looking | None = None,
    *,
    backend: BlazePose | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[Track, Footage, tuple[str, ...]]:
    """The points of the athlete in a clip, what is known of the clip, and what has to be said.

    Parameters
    ----------
    backend : networks that find a body; None takes those in the store (`weights.weights`).
    progress, cancelled : as of `posing.pose_of`.

    Raises
    ------
    ReadError : the clip is damaged, or there are no networks. HipdriveError : nobody is seen, or cancelled.
    """
    from hipdrive.acquisition.video import viewfile
    from hipdrive.acquisition.video.clip import Clip

    how, name = looking or Looking(), Path(path).name
    file = viewfile.file_of(Path(path))
    said = viewfile.read(file) if file.is_file() else None
    with Clip(path, how.time_scale) as clip:
        marks = _marked(clip, said, name, progress)
        notes: tuple[str, ...] = ()
        person: Box | None = None
        if said is not None and (said.tags or said.discs):
            assert marks is not None
            seen, facts = marks, {"markers": ", ".join(marks.names)}
        else:
            seen, facts, notes, person = _posed(clip, name, _with_box(how, said), backend, progress, cancelled)
            seen = seen if marks is None else _together(seen, marks)
        told = {**dataclasses.asdict(clip.facts), **facts, **_view(Path(path), clip.size, said, person)}
        # unless somebody says it, the analysis tells the side from the front, and refuses what is neither
        view = how.view or ("" if said is None else "front" if said.facing in FRONTS else "side")
        words = ["pose"] * (person is not None) + ["points", "up=-y"] + [f"view={view}"] * bool(view)
        track = dataclasses.replace(seen, kind=" ".join(words + [f"forward={how.forward}"] * bool(how.forward)))
        every = (*notes, *told.pop("cautions"))
        about = {"width": clip.size[0], "height": clip.size[1], **told, "near": near_side(track), "notes": list(every)}
        about.pop("sha256")
        return track, Footage(name=name, file=str(path), sha256=clip.facts.sha256, times=track.times,
                              about={k: v for k, v in about.items() if v == v}), every  # fmt: skip


def _posed(
    clip: Clip, name: str, how: Looking, backend: BlazePose | None, progress: Progress | None,
    cancelled: Cancelled | None,
) -> tuple[Track, dict[str, Any], tuple[str, ...], Box | None]:  # fmt: skip
    """The athlete's keypoints, how they were found, what is to be said, and how tall he stands in the picture."""
    from hipdrive.acquisition.video.posing import pose_of
    from hipdrive.acquisition.video.track import track_of

    networks = backend or _networks()
    key = (clip.facts.sha256, clip.facts.time_scale, how.athlete, how.crops, tuple(sorted(networks.facts.items())))
    pose = _seen.get(key)
    if pose is None:
        pose = pose_of(clip, networks, athlete=how.athlete, crops=how.crops, progress=progress, cancelled=cancelled)
        _seen[key] = pose
        while len(_seen) > REMEMBERED:
            _seen.popitem(last=False)
    return track_of(pose, name), {**pose.facts, "regions": _plain(pose.regions)}, pose.notes, _person(pose)


def _marked(clip: Clip, said: ViewFacts | None, name: str, progress: Progress | None) -> Track | None:
    """Tags, discs and clicked points that the view file names, as one track; None where it names none."""
    from hipdrive.acquisition.video import markers

    if said is None or not (said.tags or said.discs or said.points):
        return None
    found = []
    if said.tags:
        found.append(markers.tags(clip.frames(), {number: one for one, number in said.tags.items()},
                                  family=said.tag_family, name=name))  # fmt: skip
    for follow, clicked in ((markers.discs, said.discs), (markers.points, said.points)):
        if clicked:
            found.append(follow(clip.frames(), {one: (x, y) for one, (x, y) in clicked.items()}, name=name))
    if progress is not None:
        progress(1, 1)
    track = found[0]
    for one in found[1:]:
        track = _together(track, one)
    return track


def _together(track: Track, other: Track) -> Track:
    """Two tracks of the frames of one clip as one; names of the first count where both have them."""
    new = [i for i, name in enumerate(other.names) if name not in track.names]
    none = np.full((len(track.times), len(new)), np.nan)
    return dataclasses.replace(
        track, names=(*track.names, *(other.names[i] for i in new)),
        values=np.concatenate([track.values, other.values[:, new]], axis=1),
        sd=None if track.sd is None else np.concatenate([track.sd, none], axis=1),
    )  # fmt: skip


def _view(path: Path, size: tuple[int, int], facts: ViewFacts | None, person: Box | None) -> dict[str, Any]:
    """What is known of where the camera stood, from the file beside the clip; and what speaks against what it shows.

    Raises
    ------
    UsageError : the view file is wrong. HipdriveError : the view cannot show what is asked of it.
    """
    from hipdrive.acquisition.video import viewfile
    from hipdrive.acquisition.video.viewlimits import ANY, FRONTAL, METRES, SAGITTAL, cannot, cautions

    if facts is not None and facts.picture != size:
        raise UsageError("view_file", f"{viewfile.file_of(path)}: was made for pictures of {facts.picture[0]} x "
                         f"{facts.picture[1]}, and this clip has {size[0]} x {size[1]}; click the corners "
                         "again")  # fmt: skip
    camera = None if facts is None else viewfile.view(facts)
    facing = "" if facts is None else facts.facing
    never = cannot(camera, person, size)
    wanted = FRONTAL if facing in FRONTS else SAGITTAL
    for quantity in (ANY, *((wanted,) if camera is not None else ())):
        if quantity in never:
            raise HipdriveError("view", f"{path.name}: {never[quantity]}")
    others = {FRONTAL, SAGITTAL} - {wanted}
    found = [one.text for one in cautions(camera, person, size) if not set(one.forbids) & others and camera is not None]
    told: dict[str, Any] = {"cautions": found}
    if facts is not None:
        told |= {"facing": facing, "readout_ms": facts.readout_ms}
        told |= {} if facts.exposure_ms is None else {"exposure_ms": facts.exposure_ms}
        told |= {} if facts.lamp is None else {"lamp": list(facts.lamp)}
        told |= {} if facts.plate is None else {"plate": facts.plate}
    if camera is not None and METRES not in never:
        told["camera"] = {"K": camera.K.tolist(), "R": camera.R.tolist(), "t": camera.t.tolist(),
                          "residual_px": camera.residual, "yaw_deg": camera.yaw, "pitch_deg": camera.pitch,
                          "plate_m": list(camera.plate)}  # fmt: skip
    return told


def _person(pose: Pose) -> Box | None:
    """The box, left, top, width and height, px, of the athlete where he stands tallest."""
    seen = pose.xy[np.isfinite(pose.xy[:, 0, 0])]
    if not len(seen):
        return None
    low, high = seen.min(axis=1), seen.max(axis=1)
    at = int(np.argsort(high[:, 1] - low[:, 1])[int(0.9 * (len(seen) - 1))])
    (left, top), (right, bottom) = low[at], high[at]
    return float(left), float(top), float(right - left), float(bottom - top)


def _with_box(how: Looking, said: ViewFacts | None) -> Looking:
    """The athlete's box of the view file, where none was said."""
    if how.athlete is not None or said is None or said.athlete is None:
        return how
    left, top, width, height = said.athlete
    return dataclasses.replace(how, athlete=(left, top, left + width, top + height))


def _networks() -> BlazePose:
    from hipdrive.acquisition.video.blazepose import loaded
    from hipdrive.acquisition.video.weights import weights

    kept = weights()
    return loaded(kept.detector, kept.landmarks, kept.facts)


def _plain(regions: Floats) -> list[list[float] | None]:
    """The squares that were looked at, to a tenth of a pixel; None where nobody was seen."""
    return [[round(float(one), 2) for one in row] if np.isfinite(row).all() else None for row in regions]


def near_side(track: Track) -> str:
    """The side of the body that is nearer to the camera: the one that the network is surer of.

    >>> from hipdrive.trial import Track
    >>> sd = np.array([[1.0, 2.0], [1.0, 3.0]])
    >>> near_side(Track(name="a", kind="points", times=np.arange(2.0), values=np.zeros((2, 2, 2)),
    ...                 names=("left_knee", "right_knee"), unit="px", sd=sd))
    'left'
    """
    if track.sd is None:
        return ""
    doubt = {side: [i for i, name in enumerate(track.names) if name.startswith(side)] for side in ("left", "right")}
    with np.errstate(all="ignore"):
        left, right = (np.nanmedian(track.sd[:, rows]) if rows and np.isfinite(track.sd[:, rows]).any() else math.nan
                       for rows in doubt.values())  # fmt: skip
    if not math.isfinite(left - right):
        return ""
    return "left" if left < right else "right"


def with_footage(trial: Trial, footage: Footage) -> Trial:
    """The trial with a clip; what was seen in it before, and its clock, make room for what is seen now."""
    bare = without(trial, footage.name)
    return dataclasses.replace(bare, footage=(*bare.footage, footage))


def without(trial: Trial, name: str) -> Trial:
    """The trial without a clip of this name, which it may hold."""
    if all(one.name != name for one in trial.footage):
        return trial
    return dataclasses.replace(
        trial, footage=tuple(one for one in trial.footage if one.name != name),
        tracks=tuple(one for one in trial.tracks if one.name != name),
        clocks={key: one for key, one in trial.clocks.items() if key != name},
    )  # fmt: skip
