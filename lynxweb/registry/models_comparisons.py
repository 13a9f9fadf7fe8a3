"""The table of stored comparisons: what somebody was allowed to compare, under its permalink."""

from __future__ import annotations

from typing import Self

from django.db import models

from lynxweb.accounts.models import Organisation
from lynxweb.audit.actors import Actor
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.registry.models import DIGEST, Run


class StoredComparisonQuerySet(InsertOnlyQuerySet["StoredComparison"]):
    """Stored comparisons, by the organisation that asked."""

    def for_actor(self, actor: Actor) -> Self:
        """The comparisons of the actor's own organisation; a visitor sees those of two public runs, the site itself all."""
        if actor.kind == "system":
            return self
        if actor.kind == "visitor":
            public = Run.objects.for_actor(actor)
            return self.filter(a__in=public, b__in=public)
        return self.filter(organisation=actor.organisation) if actor.organisation else self.none()


class StoredComparison(InsertOnly):
    """What was allowed to be compared: pins both runs, the policy version and the acknowledgements; its digest is the permalink."""

    digest = models.CharField(max_length=DIGEST)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    a = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    b = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    policy = models.CharField(max_length=80)
    acknowledged = models.CharField(max_length=400)
    verdict = models.CharField(max_length=40)
    as_of = models.BigIntegerField()
    stored_at = models.DateTimeField()

    objects = StoredComparisonQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organisation", "digest"), name="comparison_once"),)

    def __str__(self) -> str:
        return self.digest
