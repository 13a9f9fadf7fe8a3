"""Answers kept while the load ran: which requests are drawn for it, and how many of them differ from the quality evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from runner.contract.evidence import Evidence
from runner.contract.problems import Problem
from runner.contract.samples import FILE, NOT_FINITE, NOT_KEPT, STATUS, Samples
from runner.contract.schedules import generator, sample_order

EPOCHS = 16  # how many shuffles of the samples a driver goes through before it begins again with the first
DENSE, DENSE_ONE_IN, ONE_IN = 640, 10, 100
Integers = npt.NDArray[np.int64]


def drawn_requests(root: str, requests: int, point: int, trial: int) -> Integers:
    """Numbers of the requests whose outputs are kept: about one in ten of the first 640 and one in a hundred after, by stream `quality`.

    Request i is drawn by the i-th raw word alone, so the drawing does not depend on how many requests a window will hold.
    """
    words = generator(root, "quality", point, trial).random_raw(requests)
    one_in = np.where(np.arange(requests) < DENSE, DENSE_ONE_IN, ONE_IN).astype(np.uint64)
    return np.flatnonzero(words % one_in == 0).astype(np.int64)


def answers_of(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """The class of each row of outputs (n, classes); `NOT_FINITE` where one of them is not a finite number."""
    finite = np.isfinite(logits).all(axis=1)
    return np.where(finite, np.where(np.isfinite(logits), logits, -np.inf).argmax(axis=1), NOT_FINITE).astype(np.int32)


def performance_mismatches(evidence: Evidence) -> Iterator[tuple[int, int, int]]:
    """(trial, kept answers, kept answers that differ from the evaluation's of the same sample) of every trial that kept some."""
    if evidence.samples.answer is None or evidence.items is None:
        return
    expected = answers_of(evidence.items.logits)
    for trial in evidence.run.trials:
        kept = wrong = 0
        for window in trial.points:
            mine = evidence.samples.only(trial.index, window.point)
            places = sample_places(evidence, trial.seed, trial.purpose, mine, window.point, trial.index)
            assert mine.answer is not None
            chosen = (mine.answer != NOT_KEPT) & (mine.status == 0)
            kept += int(chosen.sum())
            wrong += int((mine.answer[chosen] != expected[places[chosen]]).sum())
        yield trial.index, kept, wrong


def drawing_problems(evidence: Evidence) -> Iterator[Problem]:
    """Outputs were kept of exactly the requests that the seed draws: choosing them afterwards is refused."""
    if evidence.samples.answer is None:
        return
    population = evidence.methodology.workload.n_samples
    if evidence.samples.sample is not None and len(evidence.samples) and int(evidence.samples.sample.max()) >= population:
        found = str(int(evidence.samples.sample.max()))
        yield Problem(f"{FILE}:sample", found, f"below {population}", "name samples of the data set", "numbers-differ")
        return
    for trial in evidence.run.trials:
        for window in trial.points:
            rows = evidence.samples.only(trial.index, window.point)
            assert rows.answer is not None
            drawn = np.zeros(len(rows), np.bool_)
            if trial.purpose != "search":  # a search keeps no outputs
                drawn[drawn_requests(trial.seed or evidence.methodology.load.seed, len(rows), window.point, trial.index)] = True
            if rows.sample is None and ((rows.answer != NOT_KEPT) != (drawn & (rows.status == STATUS["ok"]))).any():
                path = f"{FILE}:answer (trial {trial.index}, point {window.point})"
                yield Problem(path, "other requests", "the answers of the requests that the seed draws", "keep those and no others", "numbers-differ")


def sample_places(evidence: Evidence, seed: str | None, purpose: str, rows: Samples, point: int, trial: int) -> Integers:
    """Which sample of the data set each row asked for first."""
    if rows.sample is not None:
        return rows.sample.astype(np.int64)
    population = evidence.methodology.workload.n_samples
    order = sample_order(population, population * EPOCHS, seed or evidence.methodology.load.seed, point, trial)
    return np.full(len(rows), order[0]) if purpose == "repeat-one-sample" else order[rows.request % len(order)]
