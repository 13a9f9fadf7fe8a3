"""The tables of proposals: what one person proposed for another to do, and which act used it; both insert-only."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from lynxweb.audit.guards import deny_changes
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet


class ProposalUseQuerySet(InsertOnlyQuerySet["ProposalUse"]):
    """Which proposals are used up."""


class ProposedQuerySet(InsertOnlyQuerySet["Proposed"]):
    """Proposed acts, newest expiry last."""

    def open_at(self, now: datetime) -> Self:
        """Those that an act may still use at this time."""
        return self.filter(expires__gt=now).exclude(id__in=ProposalUse.objects.using(self.db).values("proposal")).order_by("expires", "id")

    def closed_at(self, now: datetime) -> Self:
        """Those that no act may use any more, newest expiry first."""
        used = models.Q(id__in=ProposalUse.objects.using(self.db).values("proposal"))
        return self.filter(models.Q(expires__lte=now) | used).order_by("-expires", "id")

    def of_organisation(self, organisation: str | None) -> Self:
        """Those that people of one organisation made."""
        return self.filter(organisation=organisation or "")


class Proposed(InsertOnly):
    """One proposed act: `terms` is the digest of the payload document that the act will have; its event is ("proposal", id, 1)."""

    id = models.CharField(max_length=40, primary_key=True)
    action = models.CharField(max_length=40)
    object_type = models.CharField(max_length=200)
    object_id = models.CharField(max_length=200)
    terms = models.CharField(max_length=64)
    proposer = models.CharField(max_length=200)
    organisation = models.CharField(max_length=40, null=True)
    expires = models.DateTimeField()

    objects = ProposedQuerySet.as_manager()

    class Meta:
        app_label = "audit"
        db_table = "audit_proposal"

    def __str__(self) -> str:
        return f"{self.id} {self.action} {self.object_type} {self.object_id}"


class ProposalUse(InsertOnly):
    """Which request used a proposal up; one row each, for ever."""

    proposal = models.CharField(max_length=40, primary_key=True)
    request_id = models.CharField(max_length=200, unique=True)

    objects = ProposalUseQuerySet.as_manager()

    class Meta:
        app_label = "audit"
        db_table = "audit_proposal_use"

    def __str__(self) -> str:
        return f"{self.proposal} {self.request_id}"


PROPOSAL_GUARD = deny_changes("audit_proposal", keys=(("id",),))
PROPOSAL_USE_GUARD = deny_changes("audit_proposal_use", keys=(("proposal",), ("request_id",)))
