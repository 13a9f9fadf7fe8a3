"""From rows to the values that doors get: cards from columns alone, views and sides from the stored documents."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from lynxweb.registry.cards import ArtifactLine, MethodologyView, RunCard
from lynxweb.registry.models import MethodologyVersion, Run
from lynxweb.registry.redacting import content_of
from lynxweb.registry.reproducing import shown_grades
from runner.contract.executor import Executor
from runner.contract.methodology import Methodology
from runner.contract.quality import QualityEvaluation
from runner.contract.reasons import Side, Standing
from runner.contract.run import MetricValue
from runner.contract.run import Run as RunDocument


def card(run: Run, *, numbers: bool = True) -> RunCard:
    """A run as a list shows it; without its metric where `numbers` is false or a finding withholds it."""
    return cards([run], numbers=numbers)[0]


def _node(run: Run) -> str:
    """What a node is called: by its name inside its organisation, which may be a host's, and by its pseudonym wherever outsiders may look."""
    return run.node.name if run.visibility in ("private", "organisation") else run.node_id[:17]


def cards(runs: Iterable[Run], *, numbers: bool = True) -> tuple[RunCard, ...]:
    """A card of each run, in the same order; grades as a reader sees them."""
    listed = list(runs)
    grades = shown_grades(listed)
    return tuple(_card(run, grades[run.digest], numbers) for run in listed)


def _card(run: Run, grade: str, numbers: bool) -> RunCard:
    return RunCard(
        digest=run.digest,
        label=run.label,
        runtime=run.runtime,
        precision_label=run.precision_label,
        product=run.product,
        point_text=run.point_text,
        primary=_primary(run) if numbers else None,
        validity=run.validity,
        grade=grade,
        kind=run.kind,
        node_name=_node(run),
        submitted_at=run.submitted_at,
        undeclared=run.nonce is None,
        methodology_digest=run.methodology_id,
        executor_digest=run.executor_id,
        position=run.position,
        state=run.state,
        stage=run.stage,
        visibility=run.visibility,
    )


def _primary(run: Run) -> MetricValue | None:
    if run.latency_withheld and run.primary_metric.startswith("latency"):
        return None
    rows = (row for row in run.metrics.all() if row.definition == run.primary_metric)
    return next((MetricValue.model_validate_json(bytes(row.stated)) for row in rows), None)


def side(run: Run) -> Side:
    """A run as one side of a comparison."""
    quality = None if run.quality is None else QualityEvaluation.model_validate_json(content_of(run.quality))
    return Side(
        run.digest,
        RunDocument.model_validate_json(content_of(run.document)),
        methodology(content_of(run.methodology.document)),
        executor(content_of(run.executor.document)),
        quality,
        run.samples_sha256,
    )


def standing(run: Run) -> Standing:
    """How a run stands now."""
    return Standing(run.validity, run.state, run.grade, run.latency_withheld)  # type: ignore[arg-type]


def artifact_lines(run: Run) -> tuple[ArtifactLine, ...]:
    """Every member of the run's bundle: files from storage and documents, by name."""
    files = [ArtifactLine(link.role, link.artifact_id, link.artifact.size_bytes) for link in run.artifacts.select_related("artifact")]
    documents = {
        "run.json": run.document, "methodology.json": run.methodology.document, "executor.before.json": run.executor.document,
        "executor.after.json": run.executor_after, "quality.json": run.quality,
    }  # fmt: skip
    lines = [ArtifactLine(name, one.sha256, len(one.content)) for name, one in documents.items() if one is not None]
    return tuple(sorted(files + lines, key=lambda line: line.name))


def methodology_view(version: MethodologyVersion, runs: tuple[RunCard, ...] = ()) -> MethodologyView:
    """A methodology version with its document."""
    document = methodology(content_of(version.document))
    return MethodologyView(version.digest, document, document.block_digests, runs, version.published_at)


# Documents are write-once and read again and again: the bytes are the key, so nothing can go stale.
@lru_cache(maxsize=128)
def methodology(content: bytes) -> Methodology:
    """The methodology in stored bytes."""
    return Methodology.model_validate_json(content)


@lru_cache(maxsize=128)
def executor(content: bytes) -> Executor:
    """The executor in stored bytes."""
    return Executor.model_validate_json(content)
