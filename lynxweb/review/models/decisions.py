"""Requirements and decisions: rows that are inserted once and never change; their documents lie in the log's own table, under their digest."""

from __future__ import annotations

from typing import Self

from django.db import models

from lynxweb.accounts.models import Organisation
from lynxweb.audit.actors import Actor
from lynxweb.audit.guards import deny_changes
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.projections import Projection, written
from lynxweb.registry.models import DIGEST, Run

ACTOR = 40
DECISION_GUARDS = (
    written("review_requirementversion", "requirement", "digest", (("digest",), ("position",), ("supersedes",))),
    written("review_decision", "decision", "digest", (("digest",), ("position",))),
    deny_changes("review_decisioncitation", keys=(("id",), ("decision_id", "run_id"))),
    deny_changes("review_decisionsignature", keys=(("id",), ("position",), ("decision_id", "actor"))),
    deny_changes("review_decisionaddendum", keys=(("id",), ("position",))),
)
DECISION_PROJECTIONS = (
    Projection("requirement", "review.RequirementVersion", lambda row: row.digest, "digest", rev=1, first_position="position"),
    Projection(
        "decision",
        "review.Decision",
        lambda row: row.digest,
        "digest",
        rev=1,
        within="decision",
        parts={"citations": "review.DecisionCitation", "signatures": "review.DecisionSignature", "addenda": "review.DecisionAddendum"},
        first_position="position",
    ),
)


class RequirementVersionQuerySet(InsertOnlyQuerySet["RequirementVersion"]):
    """Requirements, by the organisation that asks."""

    def for_actor(self, actor: Actor) -> Self:
        """The requirements of the actor's own organisation; the site itself sees all."""
        if actor.kind == "system":
            return self
        return self.filter(organisation=actor.organisation) if actor.organisation else self.none()

    def newest(self) -> Self:
        """Newest first."""
        return self.order_by("-position")

    def superseding(self, digest: str) -> Self:
        """The version that superseded this one; at most one."""
        return self.filter(supersedes=digest)


class RequirementVersion(InsertOnly):
    """One published requirement; `supersedes` is the version that it takes the place of, which no other does."""

    digest = models.CharField(max_length=DIGEST, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    supersedes = models.CharField(max_length=DIGEST, null=True, unique=True)
    position = models.BigIntegerField(unique=True)
    published_at = models.DateTimeField()

    objects = RequirementVersionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.title} {self.digest}"


class DecisionQuerySet(InsertOnlyQuerySet["Decision"]):
    """Decisions, by the organisation that signed."""

    def for_actor(self, actor: Actor) -> Self:
        """The decisions of the actor's own organisation; the site itself sees all."""
        if actor.kind == "system":
            return self
        return self.filter(organisation=actor.organisation) if actor.organisation else self.none()

    def newest(self) -> Self:
        """Newest first."""
        return self.order_by("-position")

    def citing(self, run_digest: str) -> Self:
        """The decisions whose answers rest on a run."""
        return self.filter(citations__run=run_digest)

    def whole(self) -> Self:
        """With their requirement, citations, signatures and addenda."""
        return self.select_related("requirement").prefetch_related("citations", "signatures", "addenda")


class Decision(InsertOnly):
    """A decision from its first signature on; `position` is that signature's."""

    digest = models.CharField(max_length=DIGEST, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    requirement = models.ForeignKey(RequirementVersion, on_delete=models.PROTECT, related_name="decisions")
    position = models.BigIntegerField(unique=True)

    objects = DecisionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest


class DecisionCitationQuerySet(InsertOnlyQuerySet["DecisionCitation"]):
    """Citations of runs."""


class DecisionCitation(InsertOnly):
    """A run on which an answer of the decision rests."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="citations")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")

    objects = DecisionCitationQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("decision", "run"), name="decision_citation_once"),)

    def __str__(self) -> str:
        return f"{self.decision_id} {self.run_id}"


class DecisionSignatureQuerySet(InsertOnlyQuerySet["DecisionSignature"]):
    """Signatures, each member's own."""


class DecisionSignature(InsertOnly):
    """One member's signature: the event at `position`, revision `rev` of the decision."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="signatures")
    actor = models.CharField(max_length=ACTOR)
    rev = models.BigIntegerField()
    position = models.BigIntegerField(unique=True)
    signed_at = models.DateTimeField()

    objects = DecisionSignatureQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("decision", "actor"), name="decision_signed_once"),)

    def __str__(self) -> str:
        return f"{self.decision_id} {self.actor}"


class DecisionAddendumQuerySet(InsertOnlyQuerySet["DecisionAddendum"]):
    """Later words."""


class DecisionAddendum(InsertOnly):
    """A later word on a signed decision, by digest of the document that holds it; the decision itself stays as it was signed."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="addenda")
    actor = models.CharField(max_length=ACTOR)
    rev = models.BigIntegerField()
    document = models.CharField(max_length=DIGEST)
    position = models.BigIntegerField(unique=True)
    added_at = models.DateTimeField()

    objects = DecisionAddendumQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.decision_id} {self.rev}"
