"""Evidence packs that were exported: what each shows and what binds it; the bytes are built again from the log whenever somebody asks."""

from __future__ import annotations

from typing import Self

from django.db import models

from lynxweb.accounts.models import Organisation
from lynxweb.audit.actors import Actor
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.projections import Projection, written

PACK_GUARD = written("review_pack", "pack", "id", (("id",), ("position",)))
PACK_PROJECTION = Projection("pack", "review.Pack", lambda row: row.id, "id", rev=1, first_position="position")


class PackQuerySet(InsertOnlyQuerySet["Pack"]):
    """Packs; every question starts at `for_actor`."""

    def for_actor(self, actor: Actor) -> Self:
        """The packs that the actor's organisation exported; the site itself sees all."""
        if actor.kind == "system":
            return self
        return self.filter(organisation=actor.organisation) if actor.organisation else self.none()

    def newest(self) -> Self:
        """Newest first."""
        return self.order_by("-position")

    def naming(self, pack_id: str) -> Self:
        """The pack with this id, if it is among these."""
        return self.filter(id=pack_id)


class Pack(InsertOnly):
    """One export. `shown` and `consistency` are JSON: what was asked for, and from which log sizes the pack proves consistency."""

    id = models.CharField(max_length=40, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    position = models.BigIntegerField(unique=True)
    content_sha256 = models.CharField(max_length=64)
    shown = models.TextField()
    consistency = models.TextField()
    exported_at = models.DateTimeField()

    objects = PackQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id
