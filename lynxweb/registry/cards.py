"""What the registry hands to its doors: plain frozen values, typed documents inside, nothing that could reach the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from runner.contract.comparability import Comparison
from runner.contract.executor import Executor
from runner.contract.findings import Finding
from runner.contract.methodology import Methodology
from runner.contract.quality import QualityEvaluation
from runner.contract.run import MetricValue, Run


@dataclass(frozen=True)
class RunCard:
    """One run as a list shows it; `primary` is the primary metric, None where it was withheld or must not be shown.

    `state` says whether it stands, `stage` how far its review went, `visibility` who sees it.
    """

    digest: str
    label: str
    runtime: str
    precision_label: str
    product: str
    point_text: str
    primary: MetricValue | None
    validity: str
    grade: str
    kind: str
    node_name: str
    submitted_at: datetime
    undeclared: bool
    methodology_digest: str
    executor_digest: str
    position: int
    state: str = "standing"
    stage: str = "submitted"
    visibility: str = "organisation"

    @property
    def stands(self) -> bool:
        """Whether nobody withdrew or superseded it."""
        return self.state == "standing"


@dataclass(frozen=True)
class ArtifactLine:
    """One stored file of a run: its name in the bundle, its SHA-256 and its size."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class EventLine:
    """One event of the log, as a history shows it."""

    position: int
    time: str
    action: str
    actor: str
    role: str | None
    reason: str | None
    leaf_digest: str


@dataclass(frozen=True)
class RunView:
    """One run with everything a page or an answer may show of it."""

    card: RunCard
    run: Run
    methodology: Methodology
    methodology_digest: str
    executor_before: Executor
    executor_after: Executor
    executor_digest: str
    quality: QualityEvaluation | None
    findings: tuple[Finding, ...]
    why_not_higher: str
    artifacts: tuple[ArtifactLine, ...]
    receipt: Mapping[str, object]
    position: int
    open_declarations: int
    key_id: str
    abandoned_declarations: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the signed payload: the run's name."""
        return self.card.digest


@dataclass(frozen=True)
class RunPage:
    """A piece of the list of runs, newest first; `next` is the cursor of what follows, None at the end."""

    runs: tuple[RunCard, ...]
    next: str | None


@dataclass(frozen=True)
class ExecutorLine:
    """One configuration as a list shows it: its fingerprint and the newest executor version that has it."""

    digest: str
    fingerprint: str
    runtime: str
    precision_label: str
    product: str


@dataclass(frozen=True)
class ExecutorView:
    """One executor version, the runs of its configuration and other configurations of the same product.

    `versions` counts the documents with this fingerprint: they differ in state, such as steal, and in nothing that was configured.
    """

    digest: str
    fingerprint: str
    executor: Executor
    block_digests: Mapping[str, str]
    runs: tuple[RunCard, ...]
    others: tuple[ExecutorLine, ...]
    versions: int


@dataclass(frozen=True)
class MethodologyView:
    """One methodology version and the runs under it."""

    digest: str
    methodology: Methodology
    block_digests: Mapping[str, str]
    runs: tuple[RunCard, ...]
    published_at: datetime


@dataclass(frozen=True)
class Group:
    """Runs that share all that must match under iso-precision; `compare()` alone decides about each pair."""

    key: str
    methodology: MethodologyView
    precision_label: str
    runs: tuple[RunCard, ...]


@dataclass(frozen=True)
class Judged:
    """A judged pair. For a refused one nothing here holds a number: cards come without their metric, `nearest` without metrics.

    `digest` names the permalink; a refused pair is never stored, so its permalink does not exist. `cards` gives the card (without its
    metric) of every run that `nearest` names.
    """

    comparison: Comparison
    digest: str
    stored_at: datetime | None
    as_of_position: int | None
    nearest: tuple[Comparison, ...]
    a: RunCard
    b: RunCard
    cards: Mapping[str, RunCard] = field(default_factory=dict)

    @property
    def allowed(self) -> bool:
        """Whether numbers may be shown."""
        return self.comparison.allowed
