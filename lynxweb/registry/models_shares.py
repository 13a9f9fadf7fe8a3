"""The tables of shared links: which link opens which run until when, and which links were ended before; both insert-only."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.written import written_at
from lynxweb.registry.models import DIGEST, Run

SHARE_GUARDS = (
    written_at(
        "registry_share", "position", "object_type = 'run' AND object_id = NEW.run_id AND action = 'run.disclose'",
        keys=(("id",), ("position",), ("digest",)),
    ),
    written_at("registry_shareending", "position", "action = 'run.disclose'", keys=(("share_id",), ("position",))),
)  # fmt: skip
# What snapshots of runs hold of these rows, by the name under which they hold it.
SHARE_PARTS = {"shares": "registry.Share", "share_endings": "registry.ShareEnding"}


class ShareQuerySet(InsertOnlyQuerySet["Share"]):
    """Shared links, by run and time."""

    def of_run(self, digest: str) -> Self:
        """The links to one run, newest first."""
        return self.filter(run=digest).select_related("ending").order_by("-position")

    def unended(self) -> Self:
        """Those that nobody ended."""
        return self.filter(ending=None)

    def live(self, now: datetime) -> Self:
        """Those that nobody ended and that have not expired."""
        return self.unended().filter(expires__gt=now)


class Share(InsertOnly):
    """One link to one run; `digest` is the keyed hash of its token, whose text nobody keeps."""

    id = models.CharField(max_length=40, primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="shares")
    digest = models.CharField(max_length=DIGEST, unique=True)
    position = models.BigIntegerField(unique=True)
    shared_at = models.DateTimeField()
    expires = models.DateTimeField()

    objects = ShareQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id


class ShareEndingQuerySet(InsertOnlyQuerySet["ShareEnding"]):
    """Ends of shared links."""


class ShareEnding(InsertOnly):
    """That a link was ended before its time."""

    share = models.OneToOneField(Share, on_delete=models.PROTECT, primary_key=True, related_name="ending")
    position = models.BigIntegerField(unique=True)
    ended_at = models.DateTimeField()

    objects = ShareEndingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.share_id
