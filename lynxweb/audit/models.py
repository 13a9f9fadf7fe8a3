"""The tables of the log: events, the small documents they attach, openings of private values, signed checkpoints and halts."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.functions import TruncMonth

from lynxweb.audit.guards import BEFORE, INSERT, ROW, Guard, PostgresTrigger, deny_changes
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.models_proposals import ProposalUse, Proposed  # noqa: F401  (Django finds an app's models here)

NEXT_BODY = """
BEGIN
  IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq) + 1, 0) FROM ONLY public.audit_event) THEN
    RAISE EXCEPTION 'append-only: position % is not next', NEW.seq USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
"""
NEXT_SQLITE = """CREATE TRIGGER audit_event_next BEFORE INSERT ON audit_event
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM audit_event)
  OR EXISTS (SELECT 1 FROM audit_event WHERE request_id = NEW.request_id
             OR (object_type, object_id, object_rev) = (NEW.object_type, NEW.object_id, NEW.object_rev))
BEGIN SELECT RAISE(ABORT, 'append-only: position or key'); END"""


class EventQuerySet(InsertOnlyQuerySet["Event"]):
    """Events, in the order of the log."""

    def on(self, object_type: str, object_id: str) -> Self:
        """The whole history of one object, oldest first."""
        return self.filter(object_type=object_type, object_id=object_id).order_by("seq")

    def newest(self) -> Self:
        """Newest first."""
        return self.order_by("-seq")

    def above(self, size: int) -> Self:
        """Those that a tree of `size` does not hold."""
        return self.filter(seq__gte=size)


class Event(InsertOnly):
    """One event: `leaf` is the truth, `hashes` the subtree hashes it completes, everything else a copy of leaf fields for queries.

    The table is frozen: a new column goes to a side table, because remaking a table drops its triggers. No foreign key in or out.
    """

    seq = models.BigIntegerField(primary_key=True)
    leaf = models.BinaryField()
    hashes = models.BinaryField()
    time = models.CharField(max_length=27)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=40)
    object_type = models.CharField(max_length=200)
    object_id = models.CharField(max_length=200)
    object_rev = models.BigIntegerField()
    request_id = models.CharField(max_length=200, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "audit_event"
        ordering = ("seq",)
        constraints = (models.UniqueConstraint(fields=("object_type", "object_id", "object_rev"), name="audit_event_one_per_revision"),)

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.object_type} {self.object_id}"


class LogDocumentQuerySet(InsertOnlyQuerySet["LogDocument"]):
    """Documents, by digest."""


class LogDocument(InsertOnly):
    """A small document that an event of the log itself attaches, such as the settings of `log.open`: exact bytes under their SHA-256."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()

    objects = LogDocumentQuerySet.as_manager()

    class Meta:
        db_table = "audit_document"

    def __str__(self) -> str:
        return self.digest


class PrivateValue(models.Model):
    """The opening of one commitment in a leaf; the row may be erased, the commitment stays."""

    seq = models.BigIntegerField()
    name = models.CharField(max_length=80)
    salt = models.BinaryField()
    value = models.BinaryField()

    class Meta:
        db_table = "private_value"
        constraints = (models.UniqueConstraint(fields=("seq", "name"), name="private_value_once"),)

    def __str__(self) -> str:
        return f"{self.seq} {self.name}"


class CheckpointQuerySet(InsertOnlyQuerySet["Checkpoint"]):
    """Signed checkpoints, by the size of the tree they sign."""

    def newest(self) -> Self:
        """Largest first."""
        return self.order_by("-size")

    def below(self, size: int) -> Self:
        """Those of smaller trees, largest first."""
        return self.filter(size__lt=size).order_by("-size")

    def holding(self, position: int) -> Self:
        """Those whose tree holds this position, smallest first."""
        return self.filter(size__gt=position).order_by("size")

    def last_of_months(self) -> Self:
        """The largest of each month, the newest month first."""
        months = self.annotate(month=TruncMonth("published_at")).order_by().values("month").annotate(last=models.Max("size")).values("last")
        return self.filter(size__in=months).order_by("-size")


class Checkpoint(InsertOnly):
    """One published checkpoint: the signed note's bytes, with the root (hex) and the SHA-256 of its text (hex, without signatures) beside it."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"{self.size} {self.root}"


class HaltQuerySet(InsertOnlyQuerySet["Halt"]):
    """Halts and what lifted them."""

    def newest(self) -> Self:
        """Newest first: the first row says whether the log takes events."""
        return self.order_by("-id")


class Halt(InsertOnly):
    """The signer refused (`halt`), or its checks pass again (`resume`); no event, because a log in doubt cannot vouch for itself."""

    kind = models.CharField(max_length=6, choices=[("halt", "halt"), ("resume", "resume")])
    reason = models.CharField(max_length=2000)
    at = models.DateTimeField()

    objects = HaltQuerySet.as_manager()

    class Meta:
        db_table = "audit_halt"

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%dT%H:%M:%SZ}"


LOG_GUARD = deny_changes("audit_event").and_also(
    Guard(
        "audit_event",
        {"audit_event_next": NEXT_SQLITE},
        {"audit_event_next": PostgresTrigger("BEFORE INSERT ON {table} FOR EACH ROW", ROW | BEFORE | INSERT, "audit_event_next", NEXT_BODY)},
    )
)
DOCUMENT_GUARD = deny_changes("audit_document", keys=(("digest",),))
CHECKPOINT_GUARD = deny_changes("audit_checkpoint", keys=(("size",),))
HALT_GUARD = deny_changes("audit_halt", keys=(("id",),))
