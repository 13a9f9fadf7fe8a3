"""Answers kept while the load ran: which requests are drawn for it, and how many of them differ from the quality evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from runner.contract.evidence import Evidence
from runner.contract.problems import Problem
from runner.contract.run import Trial, Window
from runner.contract.samples import FILE, NOT_FINITE, NOT_KEPT, STATUS, Samples
from runner.contract.schedules import generator, sample_order

EPOCHS = 16  # how many shuffles of the samples a driver goes through before it begins again with the first
DENSE, DENSE_ONE_IN, ONE_IN = 640, 10, 100
SPARE = 1_000  # answered requests of a window of slots in which chance may leave none drawn
MOST_SHUFFLED = 20_000_000
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
    """Outputs were kept of exactly the requests that the seed draws, of the samples that it orders: choosing them afterwards is refused.

    Slots that take turns in one order each go at their own pace: which of their requests were drawn cannot be told from the rows, only how many.
    """
    samples = evidence.samples
    if samples.answer is None:
        return
    population, windows = evidence.methodology.workload.n_samples, [(trial, window) for trial in evidence.run.trials for window in trial.points]
    if samples.sample is not None and len(samples) and int(samples.sample.max()) >= population:
        found = str(int(samples.sample.max()))
        yield Problem(f"{FILE}:sample", found, f"below {population}", "name samples of the data set", "numbers-differ")
    elif len(windows) * population > MOST_SHUFFLED:
        found = f"{len(windows)} windows over {population} samples"
        yield Problem(f"{FILE}:answer", found, f"at most {MOST_SHUFFLED} samples to order", "keep outputs in fewer windows", "too-large")
    else:
        for trial, window in windows:
            yield from _drawing(evidence, trial, window)


def _drawing(evidence: Evidence, trial: Trial, window: Window) -> Iterator[Problem]:
    rows, path = evidence.samples.only(trial.index, window.point), f"(trial {trial.index}, point {window.point})"
    assert rows.answer is not None
    answered, kept = rows.status == STATUS["ok"], rows.answer != NOT_KEPT
    drawn = np.zeros(len(rows), np.bool_)
    if trial.purpose != "search":  # a search keeps no outputs
        drawn[drawn_requests(trial.seed or evidence.methodology.load.seed, len(rows), window.point, trial.index)] = True
    if not _shared_order(evidence, window):
        if (kept != (drawn & answered)).any():
            yield Problem(f"{FILE}:answer {path}", "other requests", "the requests that the seed draws", "keep those and no others", "numbers-differ")
    elif (kept & ~answered).any() or int(kept.sum()) * 2 * ONE_IN < int(answered.sum()) - SPARE:
        found, expected = f"{int(kept.sum())} of {int(answered.sum())}", f"about one answered request in {ONE_IN}"
        yield Problem(f"{FILE}:answer {path}", found, expected, "keep the answers that the seed draws", "numbers-differ")
    if rows.sample is not None and not _ordered(evidence, trial, rows, window):
        yield Problem(f"{FILE}:sample {path}", "other samples", "those that the seed orders", "ask for them in their order", "numbers-differ")


def _shared_order(evidence: Evidence, window: Window) -> bool:
    """Whether several slots take turns in the order of samples at this point."""
    load = evidence.methodology.load
    return load.process == "concurrent_streams" and (window.concurrency or load.concurrency or 1) > 1


def _ordered(evidence: Evidence, trial: Trial, rows: Samples, window: Window) -> bool:
    """Whether stated samples are those of the order; of slots that share it, whether they are the one sample of a trial that repeats it."""
    assert rows.sample is not None
    if _shared_order(evidence, window) and trial.purpose != "repeat-one-sample":
        return True
    expected = _places(evidence, trial.seed, trial.purpose, rows, window.point, trial.index)
    return bool((rows.sample == expected).all())


def sample_places(evidence: Evidence, seed: str | None, purpose: str, rows: Samples, point: int, trial: int) -> Integers:
    """Which sample of the data set each row asked for first."""
    if rows.sample is not None:
        return rows.sample.astype(np.int64)
    return _places(evidence, seed, purpose, rows, point, trial)


def _places(evidence: Evidence, seed: str | None, purpose: str, rows: Samples, point: int, trial: int) -> Integers:
    population, repeat = evidence.methodology.workload.n_samples, purpose == "repeat-one-sample"
    most = 1 if repeat else min(population * EPOCHS, max(1, len(rows)))
    order = sample_order(population, most, seed or evidence.methodology.load.seed, point, trial)
    return np.full(len(rows), order[0]) if repeat else order[rows.request % len(order)]
