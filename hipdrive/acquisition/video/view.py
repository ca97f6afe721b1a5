"""Where a camera stood: from the four corners of a plate, and a pole if there is one, clicked in the picture.

X forward, Y left, Z up from the middle of the plate's surface, m; pixels from the middle of the first pixel, y down.
The plate is level, so its normal is the vertical. Pose and focal length are one least-squares problem, so what the
clicks leave open stands in the covariance and everything projected has an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Locked, read_only

CLICK = 1.0
"""px: SD of a click in each direction."""

USUAL, USUAL_SD, KNOWN_SD = 0.8, 0.25, 0.02
"""Focal length of a camera that nobody knows as a multiple of the longer side of its picture (a phone has 0.72, a
system camera 0.7 to 1.4), and the relative SD of a guessed and of a given one."""

STARTS = (1.0, 0.6, 1.8)
"""Times the guessed focal length from which the search begins, where a pole decides and not the guess."""

MISFIT = (3.0, 0.02)
"""Clicks' SD, and part of the plate's diagonal: corners that fit no worse than the larger may be clicked badly, but are
those of a plate."""

SMALLEST, SIZES = 6.0, (0.1, 5.0)
"""px of the shortest side; m between which a side of a plate is."""

FACINGS = ("right", "left", "camera", "away")
"""Where the athlete looks, as seen in the picture."""


@dataclass(frozen=True, kw_only=True)
class Pole:
    """Something upright of known height on the floor: its foot and its top, px, and its height, m."""

    foot: tuple[float, float]
    top: tuple[float, float]
    height: float


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Points with `normal · point = distance`, m.

    >>> Plane.sagittal(-0.1)
    Plane(normal=(0.0, 1.0, 0.0), distance=-0.1)
    """

    normal: tuple[float, float, float]
    distance: float

    @classmethod
    def sagittal(cls, y: float = 0.0) -> Plane:
        """Upright and forward, `y` left of the plate's middle."""
        return cls(normal=(0.0, 1.0, 0.0), distance=y)

    @classmethod
    def frontal(cls, x: float = 0.0) -> Plane:
        """Upright and across, `x` before the plate's middle."""
        return cls(normal=(1.0, 0.0, 0.0), distance=x)

    @classmethod
    def floor(cls, z: float = 0.0) -> Plane:
        """Level, so high."""
        return cls(normal=(0.0, 0.0, 1.0), distance=z)

    @classmethod
    def upright(cls, degrees: float, through: tuple[float, float] = (0.0, 0.0)) -> Plane:
        """Upright, turned from the sagittal plane by so much to the left, through a place on the floor."""
        a = math.radians(degrees)
        normal = (-math.sin(a), math.cos(a), 0.0)
        return cls(normal=normal, distance=normal[0] * through[0] + normal[1] * through[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class PlateView(Locked):
    """A camera as the corners of a plate show it.

    K : ndarray, shape (3, 3). R, t : of the camera, x_camera = R·x + t, m. picture : (width, height), px.
    residual : rms by which the clicked corners are missed, px. corners : clicked, shape (4, 2), px: back right, front
    right, front left, back left. plate : length (forward) and width, m. focal_known : given, or fixed by a pole.
    covariance : of rotation vector, t and log of the focal length, shape (7, 7).
    """

    K: Floats
    R: Floats
    t: Floats
    picture: tuple[int, int]
    residual: float
    corners: Floats
    plate: tuple[float, float]
    covariance: Floats
    focal_known: bool = False

    def __post_init__(self) -> None:
        """Lock the arrays."""
        for name in ("K", "R", "t", "corners", "covariance"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def focal(self) -> float:
        """Focal length, px."""
        return float(self.K[0, 0])

    @property
    def focal_sd(self) -> float:
        """SD of the focal length, px."""
        return self.focal * math.sqrt(float(self.covariance[6, 6]))

    @property
    def place(self) -> Floats:
        """Where the camera stands, m."""
        return np.asarray(-self.R.T @ self.t)

    @property
    def yaw(self) -> float:
        """Degrees, 0 to 90, by which the camera looks at the plate other than straight from the side."""
        x, y, _ = self.place
        return math.degrees(math.atan2(abs(float(x)), abs(float(y))))

    @property
    def pitch(self) -> float:
        """Degrees by which it looks down at the hips of somebody on the plate, 0.95 m high; negative: up."""
        x, y, z = self.place - (0.0, 0.0, 0.95)
        return math.degrees(math.atan2(float(z), math.hypot(float(x), float(y))))

    @property
    def roll(self) -> float:
        """Degrees by which the picture is turned: positive where the right side of the scene hangs lower."""
        up = self.R @ (0.0, 0.0, 1.0)
        return math.degrees(math.atan2(float(up[0]), -float(up[1])))

    @property
    def scale(self) -> float:
        """Px for a metre across the view at the plate's middle."""
        return self.focal / float(self.t[2])

    @property
    def scale_sd(self) -> float:
        """SD of `scale`, px/m."""
        part = np.zeros(7)
        part[5], part[6] = -self.scale / float(self.t[2]), self.scale
        return math.sqrt(float(part @ self.covariance @ part))

    def project(self, points: ArrayLike) -> Floats:
        """Pixels of points, shape (..., 3), m; NaN for what lies behind the camera."""
        return _seen(np.asarray(points, dtype=np.float64) @ self.R.T + self.t, self.focal, self.picture)

    def doubt(self, points: ArrayLike) -> Floats:
        """SD of projected pixels, x and y, shape (..., 2), as the clicks leave it open."""
        at = np.asarray(points, dtype=np.float64)
        here = np.r_[cv2.Rodrigues(self.R)[0].ravel(), self.t, math.log(self.focal)]
        slopes = []
        for k in range(7):
            step = np.zeros(7)
            step[k] = 1e-6
            slopes.append(
                (_projected(here + step, at, self.picture) - _projected(here - step, at, self.picture)) / 2e-6
            )
        j = np.stack(slopes, axis=-1)
        return np.asarray(np.sqrt(np.einsum("...i,ij,...j->...", j, self.covariance, j)))

    def metres(self, px: ArrayLike, plane: Plane | None = None) -> Floats:
        """Points of a plane (None: the sagittal one in the plate's middle), m, seen at pixels (..., 2).

        A joint beside the plane is told as its shadow on it: 0.1 m nearer than 4 m is 2.5 % larger. NaN where the
        camera looks along the plane, or away from it.
        """
        plane = plane or Plane.sagittal()
        at = np.asarray(px, dtype=np.float64)
        ray = np.stack([(at[..., 0] - self.K[0, 2]) / self.focal, (at[..., 1] - self.K[1, 2]) / self.focal,
                        np.ones(at.shape[:-1])], axis=-1) @ self.R  # fmt: skip
        normal = np.array(plane.normal)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = (plane.distance - float(normal @ self.place)) / (ray @ normal)
        far = np.where((far > 0.0) & np.isfinite(far) & (far < 1e3), far, np.nan)
        return np.asarray(self.place + far[..., np.newaxis] * ray)

    def row_times(self, times: ArrayLike, rows: ArrayLike, readout: float) -> Floats:
        """When each landmark was seen, s: its row is exposed `readout · row / height` after the first.

        times : shape (frames,), of the middle of the first row's exposure. rows : shape (frames, ...), px.
        """
        return row_times(times, rows, readout, self.picture[1])

    def force_line(self, cop: ArrayLike, force: ArrayLike, scale: float = 5e-4) -> Floats:
        """The line of a force, from its point of application to its tip, shape (..., 2, 2), px.

        cop : shape (..., 3), m. force : shape (..., 3), N, of the ground on the athlete. scale : m for a newton.
        """
        foot = np.asarray(cop, dtype=np.float64)
        return self.project(np.stack([foot, foot + scale * np.asarray(force, dtype=np.float64)], axis=-2))


def row_times(times: ArrayLike, rows: ArrayLike, readout: float, height: int) -> Floats:
    """When each landmark was seen, s: `readout · row / height` after the first row.

    >>> row_times([0.0, 1.0], [[0.0, 240.0], [480.0, np.nan]], 0.016, 480).tolist()
    [[0.0, 0.008], [1.016, nan]]
    """
    at, where = np.asarray(times, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    return np.asarray(at.reshape(at.shape + (1,) * (where.ndim - at.ndim)) + readout * where / height)


def plate_corners(size: tuple[float, float]) -> Floats:
    """Corners of a plate, m, shape (4, 3): back right, front right, front left, back left."""
    a, b = 0.5 * size[0], 0.5 * size[1]
    return np.array([[-a, -b, 0.0], [a, -b, 0.0], [a, b, 0.0], [-a, b, 0.0]])


def ordered(corners: ArrayLike, facing: str) -> Floats:
    """Corners, clicked in any order, as back right, front right, front left, back left of an athlete who faces there.

    Raises
    ------
    UsageError : they are no four corners, or nobody faces there.

    >>> ordered([(90, 10), (0, 50), (100, 50), (10, 10)], "right").tolist()
    [[0.0, 50.0], [100.0, 50.0], [90.0, 10.0], [10.0, 10.0]]
    """
    if facing not in FACINGS:
        raise UsageError("facing", f"an athlete who faces {facing!r}: choose one of {', '.join(FACINGS)}")
    four = _four(corners)
    middle = four.mean(axis=0)
    four = four[np.argsort(np.arctan2(four[:, 1] - middle[1], four[:, 0] - middle[0]))[::-1]]  # anticlockwise, as seen
    low = int(np.argmax(four[:, 1] + np.roll(four[:, 1], -1)))
    return np.roll(four, {"right": 0, "camera": 1, "left": 2, "away": 3}[facing] - low, axis=0)


def _four(corners: ArrayLike) -> Floats:
    four = np.asarray(corners, dtype=np.float64)
    if four.shape != (4, 2) or not np.isfinite(four).all():
        raise UsageError("plate_corners", "a plate has four corners: click each of them once")
    return four


def view_of(
    corners: ArrayLike, plate: tuple[float, float], picture: tuple[int, int], *, focal: float | None = None,
    pole: Pole | None = None, click: float = CLICK,
) -> PlateView:  # fmt: skip
    """The camera that sees a plate's corners where they were clicked.

    Parameters
    ----------
    corners : shape (4, 2), px: back right, front right, front left, back left, as the athlete stands (`ordered`).
    plate : its length (forward) and width, m. picture : (width, height), px.
    focal : px, where it is known to some percent. pole : fixes the focal length otherwise. click : SD of a click, px.

    Raises
    ------
    UsageError : the corners are not those of a plate, or sizes make no sense.
    """
    four = _checked(corners, plate, picture, focal, pole)
    guess = focal or USUAL * max(picture)
    prior = (math.log(guess), KNOWN_SD if focal else USUAL_SD)
    shape = plate_corners(plate)
    fits = [
        _fitted(four, shape, picture, times * guess, prior, pole, click) for times in (STARTS if not focal else (1,))
    ]
    found = min((fit for fit in fits if fit is not None), key=lambda fit: fit[1], default=None)
    if found is None:
        raise _no_plate("no camera above the floor sees a plate so")
    params, _, covariance = found
    rotation = np.asarray(cv2.Rodrigues(params[:3])[0], dtype=np.float64)
    length = math.exp(params[6])
    missed = _projected(params[:7], shape, picture) - four
    residual = math.sqrt(float((missed**2).sum(axis=1).mean()))
    diagonal = float(np.hypot(*(four[0] - four[2])))
    if residual > max(MISFIT[0] * click, MISFIT[1] * diagonal):
        raise _no_plate(f"they miss those of a plate of {plate[0]:g} x {plate[1]:g} m by {residual:.1f} px")
    middle = 0.5 * (np.array(picture) - 1.0)
    lens = np.array([[length, 0.0, middle[0]], [0.0, length, middle[1]], [0.0, 0.0, 1.0]])
    return PlateView(K=lens, R=rotation, t=params[3:6], picture=picture, residual=residual, corners=four, plate=plate,
                     covariance=covariance, focal_known=focal is not None or pole is not None)  # fmt: skip


def _no_plate(why: str) -> UsageError:
    return UsageError("plate_corners", f"these corners are not those of a plate: {why}; click them back "
                      "right, front right, front left, back left of the athlete; give length (forward) and width"
                      )  # fmt: skip


def _checked(
    corners: ArrayLike, plate: tuple[float, float], picture: tuple[int, int], focal: float | None, pole: Pole | None
) -> Floats:  # fmt: skip
    four = _four(corners)
    if not all(math.isfinite(side) and SIZES[0] <= side <= SIZES[1] for side in plate):
        raise UsageError("plate_size", f"a plate of {plate[0]:g} x {plate[1]:g} m: give length and width in m, each "
                         f"between {SIZES[0]:g} and {SIZES[1]:g}")  # fmt: skip
    if focal is not None and not 0.1 * max(picture) <= focal <= 100.0 * max(picture):
        raise UsageError("focal", f"a focal length of {focal:g} px makes no sense for a picture of {picture[0]} x "
                         f"{picture[1]}; leave it out if you do not know it")  # fmt: skip
    if pole is not None and (not 0.1 <= pole.height <= 10.0 or math.dist(pole.foot, pole.top) < 20.0):
        raise UsageError("pole", f"a pole of {pole.height:g} m that is {math.dist(pole.foot, pole.top):.0f} px long in "
                         "the picture does not help; take one of 1 to 3 m and click its foot and its top")  # fmt: skip
    sides = np.roll(four, -1, axis=0) - four
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    if np.hypot(*sides.T).min() < SMALLEST:
        raise _no_plate(f"a side is shorter than {SMALLEST:g} px")
    if not ((turns > 0.0).all() or (turns < 0.0).all()):
        raise _no_plate("they cross or bend inwards")
    if (turns > 0.0).all():
        raise _no_plate("they go round the other way")
    if np.abs(turns).min() < 3.0 * np.hypot(*sides.T).max():
        raise _no_plate("they lie in a line, so the camera is too low to see the plate's surface")
    return four


def _projected(params: Floats, points: Floats, picture: tuple[int, int]) -> Floats:
    """Pixels of points by rotation vector, t and log of the focal length."""
    rotation = cv2.Rodrigues(np.ascontiguousarray(params[:3]))[0]
    return _seen(points @ rotation.T + params[3:6], math.exp(params[6]), picture)


def _seen(points: Floats, focal: float, picture: tuple[int, int]) -> Floats:
    """Pixels of points in the camera's frame; NaN where they are not before it."""
    depth = np.where(points[..., 2:] > 1e-3, points[..., 2:], np.nan)
    return np.asarray(0.5 * (np.array(picture) - 1.0) + focal * points[..., :2] / depth)


def _fitted(
    four: Floats, shape: Floats, picture: tuple[int, int], focal: float, prior: tuple[float, float], pole: Pole | None,
    click: float,
) -> tuple[Floats, float, Floats] | None:  # fmt: skip
    """Parameters, badness and covariance of the best camera near a focal length; None where there is none."""
    middle = 0.5 * (np.array(picture) - 1.0)
    lens = np.array([[focal, 0.0, middle[0]], [0.0, focal, middle[1]], [0.0, 0.0, 1.0]])
    try:
        _, turns, shifts, _ = cv2.solvePnPGeneric(shape, four, lens, None, flags=cv2.SOLVEPNP_IPPE)
    except cv2.error:
        return None
    best = None
    for turn, shift in zip(turns, shifts, strict=True):
        start = np.r_[turn.ravel(), shift.ravel(), math.log(focal)]
        if not np.isfinite(start).all() or not _above(start):
            continue
        if pole is not None:
            start = np.r_[start, _on_floor(start, pole.foot, picture)]

        def miss(params: Floats) -> Floats:
            seen = [_projected(params[:7], shape, picture) - four]
            if pole is not None:
                x, y = params[7:]
                ends = _projected(params[:7], np.array([[x, y, 0.0], [x, y, pole.height]]), picture)
                seen.append(ends - np.array([pole.foot, pole.top]))
            off = np.nan_to_num(np.concatenate(seen).ravel() / click, nan=1e6)
            return np.asarray(np.r_[off, (params[6] - prior[0]) / prior[1]])

        fit = least_squares(miss, start, method="lm", x_scale=np.maximum(np.abs(start), 0.1))
        if _above(fit.x) and (best is None or 2.0 * fit.cost < best[1]):
            free = len(fit.fun) - len(fit.x)
            inflated = max(1.0, 2.0 * fit.cost / free)
            best = fit.x, 2.0 * float(fit.cost), np.linalg.pinv(fit.jac.T @ fit.jac)[:7, :7] * inflated
    return best


def _above(params: Floats) -> bool:
    """Whether the camera stands above the floor and the plate before it."""
    rotation = cv2.Rodrigues(np.ascontiguousarray(params[:3]))[0]
    return bool((-rotation.T @ params[3:6])[2] > 0.0 and params[5] > 0.05)


def _on_floor(params: Floats, px: Sequence[float], picture: tuple[int, int]) -> Floats:
    """Where on the floor a pixel looks, (x, y), m; the plate's middle where it does not."""
    rotation = cv2.Rodrigues(np.ascontiguousarray(params[:3]))[0]
    ray = np.r_[(np.array(px) - 0.5 * (np.array(picture) - 1.0)) / math.exp(params[6]), 1.0] @ rotation
    place = -rotation.T @ params[3:6]
    far = -place[2] / ray[2] if abs(ray[2]) > 1e-9 else -1.0
    return np.asarray((place + far * ray)[:2] if 0.0 < far < 100.0 else np.zeros(2))


def mirrored(view: PlateView) -> PlateView:
    """The same camera where the plate's length points the other way: for an athlete who faces the other way."""
    turn = np.diag([-1.0, -1.0, 1.0])
    return replace(view, R=view.R @ turn, corners=np.roll(view.corners, 2, axis=0))
