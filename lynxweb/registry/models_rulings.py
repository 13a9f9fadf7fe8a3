"""The tables of the ruling register: what was ruled, and on which runs; both insert-only, because a ruling is answered by a later one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.db import models

from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.registry.models import DIGEST, Run

KINDS = ("runs", "methodologies")


class RulingQuerySet(InsertOnlyQuerySet["Ruling"]):
    """Rulings, by number."""

    def of_methodologies(self, a: str, b: str) -> Self:
        """Those on this pair of methodology versions, in whichever order it is named; the newest first."""
        one, other = sorted((a, b))
        return self.filter(a=one, b=other).order_by("-number")


class Ruling(InsertOnly):
    """One ruling: `number` is the revision that its event makes of the register, `document` the digest of what that event attaches."""

    number = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in KINDS])
    rule = models.CharField(max_length=200)
    outcome = models.CharField(max_length=60)
    document = models.CharField(max_length=DIGEST)
    a = models.CharField(max_length=DIGEST, null=True, db_index=True)
    b = models.CharField(max_length=DIGEST, null=True)
    metric = models.CharField(max_length=80, null=True)
    position = models.BigIntegerField(unique=True)
    issued_at = models.DateTimeField()

    objects = RulingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"ruling {self.number}"


class RulingRunQuerySet(InsertOnlyQuerySet["RulingRun"]):
    """Runs under rulings."""

    def on(self, run_digests: Iterable[str]) -> Self:
        """The rulings on these runs, oldest first."""
        return self.filter(run__in=list(run_digests)).select_related("ruling").order_by("ruling")


class RulingRun(InsertOnly):
    """One run under one ruling."""

    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="runs")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="rulings")

    objects = RulingRunQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("ruling", "run"), name="ruling_run_once"),)

    def __str__(self) -> str:
        return f"ruling {self.ruling_id} on {self.run_id}"
