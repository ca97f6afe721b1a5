"""A simulated athlete filmed beside the plates, with the places of the joints as they truly are."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.rendered import Filmed, Renderer, film
from hipdrive.acquisition.video.scene import Camera, Lamp, Scene
from hipdrive.acquisition.video.writing import ClipWriter
from hipdrive.trial import Edges, Footage, Track, Trial

SMALL = (480, 360)
PARTS = {"shoulder": "shoulder", "elbow": "elbow", "wrist": "wrist", "hip": "hip", "knee": "knee", "ankle": "ankle",
         "heel": "heel", "toe": "foot_index"}  # fmt: skip
"""What the simulated athlete calls a joint, and what a pose program does."""


@cache
def _pictures(path: Path, test: str, seed: int) -> tuple[Trial, Any, Renderer]:
    """The trial, what was filmed and who drew it; the clip lies at `path`."""
    trial = simulate_motion(test, seed=seed)
    assert trial.truth is not None
    camera = Camera(size=SMALL, focal=0.75 * 700.0)
    renderer = Renderer(trial, Scene(camera=camera, discs=False))
    with ClipWriter(path, SMALL) as writer:
        filmed = film(renderer, writer, start=trial.truth.events["takeoff"] - 0.9, seconds=1.6, fps=60.0,
                      exposure=0.002)  # fmt: skip
    return trial, filmed, renderer


def filmed_trial(path: Path, test: str = "cmj", seed: int = 1, noise: float = 0.4) -> Trial:
    """A trial with its clip at `path` and a track of the true places, px, with some noise."""
    trial, filmed, renderer = _pictures(path, test, seed)
    rng = np.random.default_rng(seed)
    rows = []
    for t in filmed.clock.to_force(filmed.times):
        joints = renderer.joints(float(t))
        rows.append([joints[f"{ours}_{side}"] for side in ("left", "right") for ours in PARTS])
    exact = np.array(rows)
    values = exact + rng.normal(0.0, noise, exact.shape)
    names = tuple(f"{side}_{theirs}" for side in ("left", "right") for theirs in PARTS.values())
    track = Track(name=path.name, kind="pose points up=-y view=side", times=filmed.times, names=names, unit="px",
                  values=values, sd=np.full(values.shape[:2], noise))  # fmt: skip
    with Clip(path) as clip:
        footage = Footage(name=path.name, file=str(path), sha256=clip.facts.sha256, times=clip.times,
                          about={"near": "right", "width": SMALL[0], "height": SMALL[1]})  # fmt: skip
    clock = replace(filmed.clock, standard_error=0.0004, method="led_code")
    return replace(trial, tracks=(track,), clocks={track.name: clock}, footage=(footage,))


TICKS = 20e6
"""Hz of the counter that stamps edges."""


def with_lamp(trial: Trial, lamp: Lamp, name: str = "lamp") -> Trial:
    """The trial with the lamp's edges, as a counter stamps them, and a rig that says what they are."""
    end = trial.duration
    edges = tuple(Edges(name=said, ticks=np.round(TICKS * times[(times >= 0.0) & (times <= end)]), rate=TICKS)
                  for said, times in ((name, lamp.on), (f"{name}.off", lamp.off)))  # fmt: skip
    return replace(trial, edges=(*trial.edges, *edges), rig=f'{trial.rig}\n[[sync]]\nid = "{name}"\n')


def with_exposures(trial: Trial, filmed: Filmed, name: str = "camera") -> Trial:
    """The trial with the edges of the camera's line, one where each exposure begins, and a rig that says so."""
    begun = filmed.begun[(filmed.begun >= 0.0) & (filmed.begun <= trial.duration)]
    line = f'\n[[cameras]]\nid = "{name}"\nexposure_ms = {1e3 * filmed.exposure!r}\n'
    edge = Edges(name=name, ticks=np.round(TICKS * begun), rate=TICKS)
    return replace(trial, edges=(*trial.edges, edge), rig=trial.rig + line)
