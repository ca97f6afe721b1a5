"""How well `hipdrive sync` finds an offset by the centre of mass, and how honest its error is: docs/sync.md's table.

python tests/sync_study.py --seeds 300                    every frame rate, a countermovement jump
python tests/sync_study.py --seeds 300 --test dj --rates 60
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from functools import cache

import numpy as np

from hipdrive.acquisition.simulated import perturbed
from hipdrive.acquisition.simulated.linkage import Settings, movement, simulate_motion
from hipdrive.acquisition.simulated.moving import Moving
from hipdrive.analysis import sync
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.profile import Profile
from hipdrive.errors import HipdriveError
from hipdrive.trial import Floats, Trial

WHITE, SLOW, SLOW_TIME = 0.005, 0.015, 0.2
"""m, m, s: noise of the centre of mass as a good pose program makes it (VIDEO.md 4c)."""

MOVEMENTS = 20
"""Movements among which the seeds go round."""

FURTHEST = 30.0
"""s: offsets are drawn within this."""


@cache
def made(test: str, seed: int) -> tuple[Trial, Moving]:
    """A trial and the movement behind it, of one body."""
    trial = simulate_motion(test, seed=seed, mass=75.0, height=1.8)
    assert trial.truth is not None
    told = {one.name: trial.truth.settings[one.name] for one in fields(Settings)}
    return trial, movement(test, Settings(**told))


def seen(
    test: str, seed: int, noise_seed: int, rate: float, *, white: float = WHITE, slow: float = SLOW,
    slow_time: float = SLOW_TIME, model: float = 0.0, offset: float | None = None, drift: float = 0.0,
    scale: float | None = None,
) -> tuple[Trial, Motion, float]:  # fmt: skip
    """A trial, the centre of mass as a camera on its own clock sees it, and the true offset at the camera's zero."""
    trial, moving = made(test, seed)
    assert trial.truth is not None
    rng = np.random.default_rng([noise_seed, seed, round(rate)])
    off = float(rng.uniform(-FURTHEST, FURTHEST)) if offset is None else offset
    size = float(rng.uniform(0.95, 1.05)) if scale is None else scale
    t = perturbed.frames(0.0, moving.marks["end"], rate, 0.0, rng)
    com = np.full((len(t), 3), np.nan)
    rise, speed = moving.com(t).imag, moving.velocity(t).imag
    late = rng.normal(0.0, model) * np.ptp(rise) / np.abs(speed).max() * speed
    com[:, 2] = (size * (rise - late) + rng.normal(0.0, white, len(t))
                 + perturbed.slow(t, rng, slow, slow_time))  # fmt: skip
    stamps = (t - trial.truth.settings["phase"] - off) / (1.0 + drift)
    return trial, Motion(clock="camera", times=stamps, com=com, methods={"com": "truth"}), off


def study(test: str, rate: float, seeds: int, **noise: float) -> tuple[Floats, Floats, int]:
    """Errors and standard errors of every seed, s, and how many were refused."""
    errors, sizes, refused = [], [], 0
    for seed in range(seeds):
        trial, motion, off = seen(test, seed % MOVEMENTS, seed, rate, **noise)
        try:
            found = sync.match(trial, motion, Profile(sync_model_error=noise.get("model", 0.0)))
        except HipdriveError:
            refused += 1
            continue
        errors.append(found.clock.offset - off)
        sizes.append(found.clock.standard_error)
    return np.array(errors), np.array(sizes), refused


def row(test: str, rate: float, seeds: int, **noise: float) -> str:
    """One row of the table."""
    e, s, refused = study(test, rate, seeds, **noise)
    z = e / s
    inside = 100.0 * (np.abs(z) < 1.96).mean()
    ms = f"{1e3 * e.mean():+.2f} | {1e3 * e.std():.2f} | {1e3 * s.mean():.2f}"
    return (f"| {test} | {rate:g} | {ms} | {z.std():.2f} | {inside:.1f} | {1e3 * np.abs(e).max():.1f} | "
            f"{refused} of {seeds} |")  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--test", default="cmj")
    parser.add_argument("--rates", type=float, nargs="*", default=[30.0, 60.0, 120.0, 240.0])
    parser.add_argument("--white", type=float, default=WHITE)
    parser.add_argument("--slow", type=float, default=SLOW)
    parser.add_argument("--slow-time", type=float, default=SLOW_TIME)
    parser.add_argument("--model", type=float, default=0.0, help="error of the body's model, as sync_model_error")
    ask = parser.parse_args()
    print("| test | Hz | bias ms | SD ms | mean SE ms | chi | coverage % | worst ms | refused |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rate in ask.rates:
        told = {"white": ask.white, "slow": ask.slow, "slow_time": ask.slow_time, "model": ask.model}
        print(row(ask.test, rate, ask.seeds, **told), flush=True)


if __name__ == "__main__":
    main()
