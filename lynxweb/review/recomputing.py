"""Stated beside recomputed: the numbers of a stored run computed again from its raw rows, for whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lynxweb.audit.actors import Actor
from lynxweb.registry import gathering
from lynxweb.registry.missing import Redacted
from lynxweb.registry.models import Run
from lynxweb.registry.rechecking import members_of
from lynxweb.registry.redacting import content_of, gone
from lynxweb.registry.seeing import run_seen_by
from runner.contract.evidence import Evidence
from runner.contract.recompute import disagreements, operating_points
from runner.contract.run import MetricValue, OperatingPoint
from runner.contract.samples import decode as decode_samples
from runner.contract.surroundings import around
from runner.contract.telemetry import decode as decode_telemetry

MOST_REMEMBERED = 128


@dataclass(frozen=True)
class RecomputedMetric:
    """One metric at one operating point as the bundle states it and as the raw rows give it; None where a side has none."""

    point: OperatingPoint
    definition: str
    stated: MetricValue | None
    recomputed: MetricValue | None

    @property
    def equal(self) -> bool:
        """Whether both sides agree to the last digit, interval and trial values among it."""
        return self.stated == self.recomputed


@dataclass(frozen=True)
class Recomputation:
    """Every metric of a run, stated and recomputed, and every other number that differs as (path, stated, recomputed).

    `gone` says why nothing could be recomputed: a part of the raw rows was redacted.
    """

    metrics: tuple[RecomputedMetric, ...] = ()
    others: tuple[tuple[str, str, str], ...] = ()
    rows: int = 0
    gone: str | None = None

    @property
    def equal(self) -> bool:
        """Whether everything was recomputed, and nothing differs."""
        return self.gone is None and not self.others and all(one.equal for one in self.metrics)


def recomputed_for(actor: Actor, run_digest: str) -> Recomputation:
    """The numbers of one run computed again now; unknown and foreign are `NotFound` alike."""
    run = run_seen_by(actor, run_digest)
    links = dict(run.artifacts.values_list("role", "artifact_id"))
    for digest in links.values():
        if (missing := gone(digest)) is not None:
            return Recomputation(gone=str(missing))
    try:
        return _recomputed(run.digest)
    except Redacted as missing:
        return Recomputation(gone=str(missing))


# A run's bytes are write-once and its digest covers them all: nothing can go stale but a redaction, which is looked for before.
@lru_cache(maxsize=MOST_REMEMBERED)
def _recomputed(run_digest: str) -> Recomputation:
    evidence = _evidence(Run.objects.whole().get(digest=run_digest))
    stated, batch = evidence.run.operating_points, evidence.before.serving.max_batch.value or 1
    found = operating_points(evidence.samples, evidence.run.trials, evidence.methodology, batch, around(evidence), stated)
    others = tuple((one.path, one.found, one.expected) for one in disagreements(evidence.run, found))
    return Recomputation(compared(stated, found), others, len(evidence.samples))


def compared(stated: tuple[OperatingPoint, ...], found: tuple[OperatingPoint, ...]) -> tuple[RecomputedMetric, ...]:
    """Each metric of each operating point on both sides, in the order in which it is stated; pure."""
    by_name = {point.name: {one.definition: one for one in point.metrics} for point in found}
    rows = []
    for point in stated:
        given, again = {one.definition: one for one in point.metrics}, by_name.get(point.name, {})
        rows += [RecomputedMetric(point, name, given.get(name), again.get(name)) for name in dict.fromkeys([*given, *again])]
    return tuple(rows)


def _evidence(run: Run) -> Evidence:
    """The documents and raw rows of a stored run, opened."""
    side, members = gathering.side(run), members_of(run)
    telemetry = decode_telemetry(members["telemetry.parquet"]()) if "telemetry.parquet" in members else ()
    samples, after = decode_samples(members["samples.parquet"]()), gathering.executor(content_of(run.executor_after))
    return Evidence(side.run, side.methodology, side.executor, after, samples, side.quality, telemetry)
