"""The one seam to a neural network: images in, named numbers out; and LiteRT, which runs what is in a .tflite file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError

Singles = NDArray[np.float32]

MOST_THREADS = 4
"""These networks are small: more threads wait for one another."""


class Network(Protocol):
    """A network that looks at square images of one size."""

    @property
    def side(self) -> int:
        """Pixels of a side of the images it takes."""

    def __call__(self, images: Singles) -> Mapping[str, Singles]:
        """Images, shape (n, side, side, 3), red first -> outputs by name, each of shape (n, ...)."""


class LiteRT:
    """A .tflite network in memory, run on the processor by ai-edge-litert.

    outputs : name of each output that is wanted, by its shape without the batch. The exporters number outputs as they
        like, their shapes are what the networks of one family share.

    Raises
    ------
    UsageError : LiteRT is not installed here, or the network has no such outputs.
    """

    def __init__(self, content: bytes, outputs: Mapping[tuple[int, ...], str], threads: int | None = None) -> None:
        self._run = _interpreter(content, threads or min(MOST_THREADS, os.cpu_count() or 1))
        into = self._run.get_input_details()[0]
        self._into: int = into["index"]
        self._shape = tuple(int(one) for one in into["shape"])
        there = {tuple(int(n) for n in one["shape"][1:]): int(one["index"]) for one in self._run.get_output_details()}
        missing = [shape for shape in outputs if shape not in there]
        if missing or len(self._shape) != 4 or self._shape[1] != self._shape[2]:
            raise UsageError("network", f"this network takes {self._shape} and gives {sorted(there)}, so it is none "
                             "for poses; fetch the known ones with `hipdrive pose fetch`")  # fmt: skip
        self._outputs = {name: there[shape] for shape, name in outputs.items()}

    @property
    def side(self) -> int:
        """Pixels of a side of the images it takes."""
        return self._shape[1]

    def __call__(self, images: Singles) -> Mapping[str, Singles]:
        """One image after the other: a batch at once is not faster on a processor, and the detector cannot do it."""
        found: dict[str, list[Singles]] = {name: [] for name in self._outputs}
        for image in images:
            self._run.set_tensor(self._into, image[None])
            self._run.invoke()
            for name, index in self._outputs.items():
                found[name].append(self._run.get_tensor(index)[0])
        return {name: np.stack(each) for name, each in found.items()}


def _interpreter(content: bytes, threads: int) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise UsageError("no_litert", "poses need the package ai-edge-litert, which is not installed or has no build "
                         "for this computer (Macs with Intel): pip install ai-edge-litert, or bring points of another "
                         "program with --motion") from None  # fmt: skip
    try:
        with _quiet():
            run = Interpreter(model_content=content, num_threads=threads)
            run.allocate_tensors()
    except (ValueError, RuntimeError) as why:
        raise UsageError("network", f"LiteRT cannot run this network ({str(why).splitlines()[0][:80]}); fetch the "
                         "known ones with `hipdrive pose fetch`") from None  # fmt: skip
    return run


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the line that LiteRT's C++ prints when it begins, which no setting turns off; errors are raised."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # a program without a console may have no error output
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
