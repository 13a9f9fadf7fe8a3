"""How digit images become inputs, and which image belongs to which part; no random generator decides it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.workloads.manifest import Preprocessing

PREPROCESSING = Preprocessing(
    source="integer pixels 0 to 16, 8 rows of 8, row-major",
    steps=("convert to float32", "divide by 16", "add one channel axis"),
    layout="NCHW",
    element="float32 little-endian",
)
HELD_OUT = 450
SELECTION = 200


@dataclass(frozen=True)
class Split:
    """Indices of each part, ascending; calibration images are training images too, the others are apart."""

    train: tuple[int, ...]
    calibration: tuple[int, ...]
    selection: tuple[int, ...]
    held_out: tuple[int, ...]


def preprocess(pixels: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Pixels (n, 64) from 0 to 16 as inputs (n, 1, 8, 8) from 0 to 1."""
    return np.ascontiguousarray((pixels.astype(np.float32) / np.float32(16)).reshape(-1, 1, 8, 8))


def split(count: int) -> Split:
    """The parts of `count` images in the order of their collection: training first, then selection, the last held out.

    Neighbours tend to come from one writer, so a block at the end is closer to unseen hands than a shuffled pick; calibration takes every
    fourth training image, which spreads it over all writers of the training part.
    """
    first_held_out = count - HELD_OUT
    train = tuple(range(first_held_out - SELECTION))
    return Split(train, train[::4], tuple(range(len(train), first_held_out)), tuple(range(first_held_out, count)))
