"""Notices on runs, disputes about them, and draws of reviews: each row is inserted by one act; lifting and closing insert a row beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from django.db import models

from lynxweb.accounts.models import Organisation
from lynxweb.audit.actors import Actor
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.written import written_at
from lynxweb.registry.models import DIGEST, Run

SOURCES = ("notice", "dispute", "ruling", "redaction", "withdrawal")
DISPUTE_OUTCOMES = ("upheld", "rejected", "waived")
DisputeState = Literal["open", "upheld", "rejected", "waived"]
OF_ITS_RUN = "object_type = 'run' AND object_id = NEW.run_id AND action ="
NOTICE_GUARDS = (
    written_at("review_notice", "position", f"{OF_ITS_RUN} 'notice.post' AND object_rev = NEW.rev", keys=(("id",), ("position",))),
    written_at("review_noticelift", "position", "action = 'notice.lift'", keys=(("notice_id",), ("position",))),
    written_at("review_dispute", "position", f"{OF_ITS_RUN} 'review.open'", keys=(("id",), ("position",))),
    written_at("review_disputeclosing", "position", "action = 'review.close'", keys=(("dispute_id",), ("position",))),
    written_at("review_draw", "position", "object_id = NEW.id AND action = 'review.draw'", keys=(("id",), ("position",))),
)
# What snapshots hold of these rows, by the name under which they hold it.
NOTICE_PARTS = {
    "notices": "review.Notice",
    "notice_lifts": "review.NoticeLift",
    "disputes": "review.Dispute",
    "dispute_closings": "review.DisputeClosing",
    "draws": "review.Draw",
}


class NoticeQuerySet(InsertOnlyQuerySet["Notice"]):
    """Notices, by run and time."""

    def for_actor(self, actor: Actor) -> Self:
        """Notices on runs that the actor may see."""
        return self.filter(run__in=Run.objects.for_actor(actor))

    def on(self, run_digests: Iterable[str]) -> Self:
        """The notices on these runs, in the order of the log."""
        return self.filter(run__in=list(run_digests)).order_by("position")

    def in_force(self, now: datetime) -> Self:
        """Those that have begun, have not expired and were not lifted."""
        return self.filter(models.Q(expires=None) | models.Q(expires__gt=now), effective__lte=now, lift=None)


class Notice(InsertOnly):
    """A notice on a run, with `document` holding its text; `rev` is the revision of the run that posting it made."""

    id = models.CharField(max_length=40, primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="notices")
    source = models.CharField(max_length=20, choices=[(source, source) for source in SOURCES])
    document = models.CharField(max_length=DIGEST)
    effective = models.DateTimeField()
    expires = models.DateTimeField(null=True)
    position = models.BigIntegerField(unique=True)
    rev = models.BigIntegerField()

    objects = NoticeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id


class NoticeLiftQuerySet(InsertOnlyQuerySet["NoticeLift"]):
    """Lifted notices."""


class NoticeLift(InsertOnly):
    """That a notice no longer holds."""

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, primary_key=True, related_name="lift")
    position = models.BigIntegerField(unique=True)
    lifted_at = models.DateTimeField()

    objects = NoticeLiftQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.notice_id} lifted"


class DisputeQuerySet(InsertOnlyQuerySet["Dispute"]):
    """Disputes, by run and by what they wait for."""

    def for_actor(self, actor: Actor) -> Self:
        """Disputes about runs that the actor may see."""
        return self.filter(run__in=Run.objects.for_actor(actor))

    def on(self, run_digests: Iterable[str]) -> Self:
        """The disputes about these runs, in the order of the log."""
        return self.filter(run__in=list(run_digests)).order_by("position")

    def unclosed(self) -> Self:
        """Those without an outcome, the one that is due first at the top."""
        return self.filter(closing=None).order_by("deadline", "position")

    def whole(self) -> Self:
        """With their closings."""
        return self.select_related("closing")


class Dispute(InsertOnly):
    """That an organisation holds a run to break a clause of the rules; `effect_permille` is what that is said to be worth."""

    id = models.CharField(max_length=40, primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="disputes")
    by = models.CharField(max_length=DIGEST)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    clause = models.CharField(max_length=200)
    effect_permille = models.BigIntegerField()
    document = models.CharField(max_length=DIGEST)
    published = models.BooleanField()
    deadline = models.DateTimeField()
    position = models.BigIntegerField(unique=True)
    opened_at = models.DateTimeField()

    objects = DisputeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id

    @property
    def state(self) -> DisputeState:
        """`open`, or the outcome with which it was closed."""
        closing = getattr(self, "closing", None)
        return "open" if closing is None else closing.outcome


class DisputeClosingQuerySet(InsertOnlyQuerySet["DisputeClosing"]):
    """Closed disputes."""


class DisputeClosing(InsertOnly):
    """How a dispute ended, and who of neither side said so."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, primary_key=True, related_name="closing")
    outcome = models.CharField(max_length=20, choices=[(outcome, outcome) for outcome in DISPUTE_OUTCOMES])
    actor = models.CharField(max_length=DIGEST)
    document = models.CharField(max_length=DIGEST)
    position = models.BigIntegerField(unique=True)
    closed_at = models.DateTimeField()

    objects = DisputeClosingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.outcome}"


class DrawQuerySet(InsertOnlyQuerySet["Draw"]):
    """Draws, by organisation."""

    def for_actor(self, actor: Actor) -> Self:
        """The draws that the actor's organisation froze; the site itself sees all."""
        return self if actor.kind == "system" else self.filter(organisation=actor.organisation or "")


class Draw(InsertOnly):
    """Candidates frozen before a public value is known that will pick among them; `document` lists them and names the value's source."""

    id = models.CharField(max_length=40, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    document = models.CharField(max_length=DIGEST)
    position = models.BigIntegerField(unique=True)
    frozen_at = models.DateTimeField()

    objects = DrawQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id
