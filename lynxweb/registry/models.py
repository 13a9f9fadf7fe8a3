"""The tables of the registry: write-once documents, versions, declarations and runs; only a run's standing ever changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.db import models

from lynxweb.accounts.models import Node, Organisation, OwnedQuerySet
from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import Actor
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.registry.models_documents import DIGEST, Artifact, Document

__all__ = (
    "DIGEST", "STAGES", "VISIBILITIES", "Abandonment", "Artifact", "ComparabilityKey", "Declaration", "Document", "ExecutorVersion", "FindingRow",
    "MethodologyVersion", "MetricRow", "Run", "RunArtifact", "RunQuerySet",
)  # fmt: skip

STAGES = ("submitted", "in_review", "changes_requested", "reviewed", "published")
VISIBILITIES = ("private", "organisation", "review", "link", "public")
SEES_PRIVATE = frozenset({Role.ENGINEER.value, Role.PUBLISHER.value, Role.AUDITOR.value, Role.ADMINISTRATOR.value})
SEES_REVIEW = frozenset({Role.REVIEWER.value, Role.AUDITOR.value})


class MethodologyVersionQuerySet(InsertOnlyQuerySet["MethodologyVersion"]):
    """Published methodologies; publishing shows them to everybody who signs in."""

    def seen_by(self, actor: Actor) -> Self:
        """All of them; for a visitor those under which a run was measured that everybody may see."""
        if actor.kind != "visitor":
            return self
        return self.filter(models.Exists(Run.objects.for_actor(actor).filter(methodology=models.OuterRef("pk"))))

    def newest(self) -> Self:
        """Newest first, with their documents."""
        return self.select_related("document").order_by("-position")

    def among(self, digests: Iterable[str]) -> Self:
        """The versions with these digests."""
        return self.filter(digest__in=list(digests))

    def before(self, position: int | None) -> Self:
        """Those published before a position of the log; all of them for None."""
        return self if position is None else self.filter(position__lt=position)


class MethodologyVersion(InsertOnly):
    """One published methodology version; names repeat, digests do not."""

    digest = models.CharField(max_length=DIGEST, primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    version = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    position = models.BigIntegerField(unique=True)
    published_at = models.DateTimeField()

    objects = MethodologyVersionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name}@{self.version} {self.digest}"


class ExecutorVersionQuerySet(InsertOnlyQuerySet["ExecutorVersion"]):
    """Executor versions, seen by whoever may see a run on them."""

    def seen_by(self, actor: Actor) -> Self:
        """Those on which a run was measured that this actor may see."""
        return self.filter(models.Exists(Run.objects.for_actor(actor).filter(executor=models.OuterRef("pk"))))

    def newest(self) -> Self:
        """Newest first."""
        return self.order_by("-position")

    def before(self, position: int | None) -> Self:
        """Those first seen before a position of the log; all of them for None."""
        return self if position is None else self.filter(position__lt=position)

    def others_like(self, version: ExecutorVersion) -> Self:
        """Versions of other configurations on the same product."""
        return self.filter(product=version.product).exclude(fingerprint=version.fingerprint)

    def one_each(self, seen: Self) -> Self:
        """Of every fingerprint the newest version among those in `seen`: a document also holds state, so nearly every run has its own."""
        newer = seen.filter(fingerprint=models.OuterRef("fingerprint"), position__gt=models.OuterRef("position"))
        return self.filter(~models.Exists(newer))


class ExecutorVersion(InsertOnly):
    """One captured executor by the digest of its document, state such as steal included; equal fingerprints are one configuration."""

    digest = models.CharField(max_length=DIGEST, primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=DIGEST, db_index=True)
    runtime = models.CharField(max_length=200)
    precision_label = models.CharField(max_length=200)
    product = models.CharField(max_length=200, db_index=True)
    position = models.BigIntegerField(db_index=True)

    objects = ExecutorVersionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest


class DeclarationQuerySet(InsertOnlyQuerySet["Declaration"]):
    """Declarations, by organisation."""

    def for_actor(self, actor: Actor) -> Self:
        """The declarations of the actor's own organisation; the site itself sees all."""
        return self if actor.kind == "system" else self.filter(organisation=actor.organisation or "")

    def beside(self, methodology: str, node: str) -> Self:
        """Declarations of this node under this methodology."""
        return self.filter(methodology=methodology, node=node)

    def open(self) -> Self:
        """Those that no run has answered and nobody has given up."""
        return self.filter(~models.Exists(Run.objects.filter(nonce=models.OuterRef("pk"))), abandonment=None)

    def unanswered(self) -> Self:
        """Those that no run has answered, given up or not, newest first."""
        return self.filter(~models.Exists(Run.objects.filter(nonce=models.OuterRef("pk")))).order_by("-declared_at")

    def abandoned(self) -> Self:
        """Those that somebody has given up."""
        return self.filter(abandonment__isnull=False)

    def told(self, state: str | None) -> Self:
        """Those of one state (`open`, `used`, `abandoned`; None for all), newest first, each with the run that answers it as `answered_by`."""
        answer = models.Subquery(Run.objects.filter(nonce=models.OuterRef("pk")).values("digest")[:1])
        listed = self.annotate(answered_by=answer).select_related("node", "abandonment").order_by("-declared_at", "nonce")
        if state == "used":
            return listed.filter(answered_by__isnull=False)
        return listed.open() if state == "open" else listed.abandoned() if state == "abandoned" else listed


class Declaration(InsertOnly):
    """A promise to measure: its nonce is signed into the bundle. The run with this nonce answers it; an abandonment gives it up."""

    nonce = models.CharField(max_length=DIGEST, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    methodology = models.ForeignKey(MethodologyVersion, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = DeclarationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.nonce

    @property
    def run(self) -> str | None:
        """The digest of the run that answers it."""
        return Run.objects.filter(nonce=self.nonce).values_list("digest", flat=True).first()

    @property
    def state(self) -> str:
        """`used` where a run answers it, `abandoned` where it was given up, `open` otherwise."""
        if self.run is not None:
            return "used"
        return "abandoned" if Abandonment.objects.filter(declaration=self.nonce).exists() else "open"


class AbandonmentQuerySet(InsertOnlyQuerySet["Abandonment"]):
    """Declarations given up."""


class Abandonment(InsertOnly):
    """That a declared run will not come: revision 2 of its declaration."""

    declaration = models.OneToOneField(Declaration, on_delete=models.PROTECT, primary_key=True, related_name="abandonment")
    abandoned_at = models.DateTimeField()

    objects = AbandonmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.declaration_id


class RunQuerySet(OwnedQuerySet["Run"]):
    """Runs; every question starts at `for_actor`."""

    def for_actor(self, actor: Actor) -> Self:
        """What this actor may see: of the own organisation all but private runs (these by role), of others what was disclosed; the site sees all."""
        if actor.kind == "system":
            return self
        if actor.kind == "visitor" and actor.scope is not None:
            return self.filter(digest=actor.scope)  # the one run that a shared link opens
        seen = models.Q(visibility="public")
        if actor.roles & SEES_REVIEW:
            seen |= models.Q(visibility="review")
        if actor.organisation:
            own = models.Q(organisation=actor.organisation)
            seen |= own if actor.roles & SEES_PRIVATE else own & ~models.Q(visibility="private")
        return self.filter(seen)

    def of_organisation(self, organisation: str | None) -> Self:
        """The runs of one organisation, whatever their visibility."""
        return self.filter(organisation=organisation)

    def newest(self) -> Self:
        """Newest first, with what a card shows."""
        return self.select_related("node", "executor").prefetch_related("metrics").order_by("-position")

    def with_keys(self) -> Self:
        """With the comparability keys of each."""
        return self.prefetch_related("keys")

    def before(self, position: int | None) -> Self:
        """Those accepted before a position of the log; all of them for None."""
        return self if position is None else self.filter(position__lt=position)

    def standing(self) -> Self:
        """Valid runs that nobody withdrew or superseded: those that may be compared."""
        return self.filter(state="standing").exclude(validity="invalid")

    def disclosed(self) -> Self:
        """Runs that are published for everybody to see."""
        return self.filter(stage="published", visibility="public")

    def like(self, runs: Iterable[Run]) -> Self:
        """Runs under a methodology and on a configuration of these: those that could repeat one of them."""
        known = list(runs)
        fingerprints = {run.executor.fingerprint for run in known}
        return self.filter(methodology__in={run.methodology_id for run in known}, executor__fingerprint__in=fingerprints)

    def but(self, digest: str) -> Self:
        """Without one run."""
        return self.exclude(digest=digest)

    def under(self, methodology: str) -> Self:
        """Runs under one methodology version."""
        return self.filter(methodology=methodology)

    def of_configuration(self, fingerprint: str) -> Self:
        """Runs on every executor version with one fingerprint."""
        return self.filter(executor__fingerprint=fingerprint)

    def sharing(self, policy: str, key: str) -> Self:
        """Runs with this comparability key under this policy version."""
        return self.filter(keys__policy=policy, keys__key=key)

    def whole(self) -> Self:
        """Runs with every document that a comparison or a page reads."""
        return self.select_related("node", "document", "methodology__document", "executor__document", "executor_after", "quality")


class Run(models.Model):
    """One accepted run: write-once but for its standing, which changes through `standing.change()` alone; `rev` counts the run's events."""

    digest = models.CharField(max_length=DIGEST, primary_key=True)
    position = models.BigIntegerField(unique=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    key_id = models.CharField(max_length=DIGEST)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    methodology = models.ForeignKey(MethodologyVersion, on_delete=models.PROTECT, related_name="+")
    executor = models.ForeignKey(ExecutorVersion, on_delete=models.PROTECT, related_name="+")
    executor_after = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    quality = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    nonce = models.CharField(max_length=DIGEST, null=True, unique=True)
    instance = models.CharField(max_length=DIGEST)
    samples_sha256 = models.CharField(max_length=DIGEST)
    submitted_at = models.DateTimeField()
    label = models.CharField(max_length=400)
    runtime = models.CharField(max_length=200)
    precision_label = models.CharField(max_length=200)
    product = models.CharField(max_length=200)
    point_text = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    primary_metric = models.CharField(max_length=80)
    validity = models.CharField(max_length=20)
    grade = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
    latency_withheld = models.BooleanField()
    checking = models.IntegerField()
    rev = models.BigIntegerField(default=1)
    stage = models.CharField(max_length=20, default="submitted", choices=[(stage, stage) for stage in STAGES])
    visibility = models.CharField(max_length=20, default="organisation", choices=[(sight, sight) for sight in VISIBILITIES])
    reviewed = models.BooleanField(default=False)
    successor = models.CharField(max_length=DIGEST, null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("organisation", "-position"), name="run_newest"),
            models.Index(fields=("methodology", "-position"), name="run_under_methodology"),
            models.Index(fields=("executor", "-position"), name="run_on_executor"),
            models.Index(fields=("visibility", "-position"), name="run_by_visibility"),
        )

    def __str__(self) -> str:
        return self.digest


class RunArtifactQuerySet(InsertOnlyQuerySet["RunArtifact"]):
    """Files of runs."""


class RunArtifact(InsertOnly):
    """A file of a run, by its name in the bundle."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="artifacts")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="uses")
    role = models.CharField(max_length=80)

    objects = RunArtifactQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "role"), name="run_artifact_once"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.role}"


class ComparabilityKeyQuerySet(InsertOnlyQuerySet["ComparabilityKey"]):
    """Keys of runs."""


class ComparabilityKey(InsertOnly):
    """What a run must share with another under one policy version; for grouping only."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="keys")
    policy = models.CharField(max_length=80)
    key = models.CharField(max_length=80)

    objects = ComparabilityKeyQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "policy"), name="key_once"),)
        indexes = (models.Index(fields=("policy", "key"), name="key_of_policy"),)

    def __str__(self) -> str:
        return f"{self.policy} {self.key}"


class FindingRowQuerySet(InsertOnlyQuerySet["FindingRow"]):
    """Findings of runs."""


class FindingRow(InsertOnly):
    """One finding of one checker version; checking again adds rows, and the run says which checking is the newest."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="findings")
    checker = models.CharField(max_length=80)
    checking = models.IntegerField()
    code = models.CharField(max_length=80)
    path = models.TextField()
    seen = models.TextField()

    objects = FindingRowQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.run_id} {self.code}"


class MetricRowQuerySet(InsertOnlyQuerySet["MetricRow"]):
    """Stated metrics of runs."""


class MetricRow(InsertOnly):
    """One stated metric at one operating point, decimal strings as they were signed; what was not measured has no row."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="metrics")
    point = models.CharField(max_length=80)
    definition = models.CharField(max_length=80)
    unit = models.CharField(max_length=20)
    value = models.CharField(max_length=64)
    stated = models.BinaryField()

    objects = MetricRowQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "point", "definition"), name="metric_once"),)

    def __str__(self) -> str:
        return f"{self.definition} {self.value} {self.unit}"
