"""Tags, discs and clicked points, followed through pictures drawn at places that are known to parts of a pixel."""

import math
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hipdrive.acquisition.video import markers
from hipdrive.errors import UsageError
from hipdrive.trial import Track

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
FINE = 8
"""Times as finely as the picture, things are drawn, and averaged afterwards."""


def path(n: int = 24, size: float = 60.0) -> Floats:
    """A loop through the picture, px."""
    turn = np.linspace(0.0, 2.0 * np.pi, n)
    return np.column_stack([160.0 + size * np.cos(turn), 120.0 + 0.6 * size * np.sin(2.0 * turn)])


def room(seed: int = 0, width: int = 320, height: int = 240) -> Floats:
    """A grey room with some structure."""
    rng = np.random.default_rng(seed)
    return np.asarray(cv2.resize(rng.uniform(70.0, 130.0, (height // 16, width // 16)), (width, height)))


def with_patch(ground: Floats, patch: Floats, at: Floats, size: float, turn: float = 0.0) -> Floats:
    """The ground with a square picture laid on it: its middle at `at`, pixel middles being whole numbers."""
    reach = int(size) + 8
    left, top = int(at[0]) - reach, int(at[1]) - reach
    wide = (2 * reach + 1) * FINE
    scale = size * FINE / len(patch)
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    middle = (len(patch) - 1) / 2.0
    to = (at - [left, top] + 0.5) * FINE - 0.5
    matrix = np.array(
        [[cos, -sin, to[0] - cos * middle + sin * middle], [sin, cos, to[1] - sin * middle - cos * middle]]
    )
    drawn = cv2.warpAffine(patch, matrix, (wide, wide), flags=cv2.INTER_AREA)
    cover = cv2.warpAffine(np.ones_like(patch), matrix, (wide, wide))
    small = (2 * reach + 1, 2 * reach + 1)
    drawn, cover = (cv2.resize(one, small, interpolation=cv2.INTER_AREA) for one in (drawn * cover, cover))
    out = ground.copy()
    part = out[top : top + small[1], left : left + small[0]]
    part[...] = part * (1.0 - cover) + drawn
    return out


def taken(grey: Floats, rng: np.random.Generator, noise: float = 3.0) -> Image:
    """The picture a camera makes of it."""
    noisy = cv2.GaussianBlur(grey, (0, 0), 0.7) + rng.normal(0.0, noise, grey.shape)
    return np.repeat(np.clip(noisy, 0.0, 255.0).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def film(draw: Callable[[int, Floats], Floats], places: Floats, seed: int = 0) -> Iterator[tuple[int, float, Image]]:
    rng = np.random.default_rng(seed)
    for k, at in enumerate(places):
        yield k, k / 60.0, taken(draw(k, at), rng)


def tag(number: int) -> Floats:
    """A tag with its white rim, ten cells a side of which eight are the tag's."""
    black = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(markers.FAMILIES["36h11"]), number, 128)
    return np.asarray(cv2.copyMakeBorder(black, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=(255.0,)), dtype=np.float64)


def disc(level: float = 230.0, around: float = 60.0) -> Floats:
    rows, columns = np.mgrid[0:256, 0:256] - 127.5
    return np.where(np.hypot(rows, columns) < 64.0, level, around).astype(np.float64)


def wrong(track: Track, places: Floats, which: int = 0) -> float:
    """Root mean square distance from the truth, px."""
    return float(np.sqrt(np.nanmean(np.sum((track.values[:, which] - places) ** 2, axis=1))))


# --- tags ---


def test_a_tag_of_thirty_six_pixels_is_found_to_a_seventh_of_a_pixel_without_a_bias() -> None:
    places = path()
    track = markers.tags(film(lambda k, at: with_patch(room(), tag(5), at, 45.0, 0.02 * k), places), {5: "left_knee"})
    assert track.names == ("left_knee",)
    assert track.unit == "px"
    assert np.isfinite(track.values).mean() > 0.9
    assert wrong(track, places) < 0.15
    assert np.abs(np.nanmean(track.values[:, 0] - places, axis=0)).max() < 0.08


def test_a_hidden_tag_is_nan_and_found_again_and_another_one_never_taken_for_it() -> None:
    places = path(30)

    def draw(k: int, at: Floats) -> Floats:
        ground = with_patch(room(), tag(9), np.array([70.0, 170.0]), 45.0)
        return ground if 10 <= k < 16 else with_patch(ground, tag(5), at, 45.0)

    track = markers.tags(film(draw, places), {5: "hip", 3: "knee"})
    assert np.isnan(track.values[10:16, 0]).all()
    assert np.isfinite(track.values[22:, 0]).any()
    assert np.isnan(track.values[:, 1]).all()
    assert wrong(track, places) < 0.3


def test_no_tag_at_all_is_said() -> None:
    with pytest.raises(UsageError, match="none of the tags 7 of the family 36h11 is seen"):
        markers.tags(film(lambda k, at: room(), path(4)), {7: "hip"})


@pytest.mark.parametrize(("names", "family"), [({}, "36h11"), ({1: "a", 2: "a"}, "36h11"), ({1: "a"}, "42h1")])
def test_tags_that_make_no_sense_are_refused(names: dict[int, str], family: str) -> None:
    with pytest.raises(UsageError, match="tags"):
        markers.tags(iter(()), names, family=family)


# --- discs ---


@pytest.mark.parametrize(("level", "around"), [(230.0, 60.0), (25.0, 150.0)])
def test_a_disc_is_found_to_a_twentieth_of_a_pixel(level: float, around: float) -> None:
    places = path()
    draw = lambda k, at: with_patch(room(), disc(level, around), at, 40.0)  # noqa: E731
    track = markers.discs(film(draw, places), {"bar": (places[0, 0] + 2.0, places[0, 1] - 1.0)})
    assert np.isfinite(track.values).all()
    assert wrong(track, places) < 0.05


def test_a_covered_disc_is_nan_and_found_again() -> None:
    places = path(40, 30.0)
    draw = lambda k, at: room() if 12 <= k < 15 else with_patch(room(), disc(), at, 40.0)  # noqa: E731
    track = markers.discs(film(draw, places), {"bar": tuple(places[0])})
    assert np.isnan(track.values[12:15]).all()
    assert np.isfinite(track.values[16:]).all()
    assert wrong(track, places) < 0.05


def test_half_a_disc_is_no_disc() -> None:
    """A hand over one half of it would pull the middle by a quarter of its width."""
    places = path(20, 20.0)

    def draw(k: int, at: Floats) -> Floats:
        out = with_patch(room(), disc(), at, 40.0)
        if k > 8:
            out[:, : int(at[0])] = 60.0
        return out

    track = markers.discs(film(draw, places), {"bar": tuple(places[0])})
    assert np.isfinite(track.values[:8]).all()
    assert np.isnan(track.values[9:]).all()


@pytest.mark.parametrize(("at", "said"), [((20.0, 20.0), "no disc"), ((900.0, 20.0), "outside of the picture")])
def test_what_is_no_disc_is_refused(at: tuple[float, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        markers.discs(film(lambda k, where: room(), path(3)), {"bar": at})


# --- clicked points ---


def bar_end(seed: int = 3) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(cv2.resize(rng.uniform(20.0, 240.0, (9, 9)), (126, 126), interpolation=cv2.INTER_CUBIC))


def test_a_clicked_point_is_followed_within_a_pixel() -> None:
    places = path(60, 40.0)
    draw = lambda k, at: with_patch(room(), bar_end(), at, 50.0)  # noqa: E731
    track = markers.points(film(draw, places), {"bar": tuple(places[0])})
    assert np.isfinite(track.values).all()
    assert wrong(track, places) < 1.0


def test_a_point_that_somebody_walks_in_front_of_is_lost_and_stays_lost() -> None:
    places = path(30, 30.0)

    def draw(k: int, at: Floats) -> Floats:
        out = with_patch(room(), bar_end(), at, 50.0)
        if k >= 15:
            out = with_patch(out, bar_end(8), np.array([160.0, 120.0]), 105.0)
        return out

    track = markers.points(film(draw, places), {"bar": tuple(places[0])})
    assert np.isfinite(track.values[:15]).all()
    assert np.isnan(track.values[15:]).all()


def test_a_smooth_wall_cannot_be_followed() -> None:
    with pytest.raises(UsageError, match="without any texture"):
        rng = np.random.default_rng(0)
        markers.points(
            ((k, k / 60.0, taken(np.full((240, 320), 90.0), rng, 0.0)) for k in range(3)), {"bar": (160.0, 120.0)}
        )


def test_a_single_picture_is_no_clip() -> None:
    with pytest.raises(UsageError, match="1 frames; two are needed"):
        markers.points(film(lambda k, at: with_patch(room(), bar_end(), at, 50.0), path(1)), {"bar": (220.0, 120.0)})
