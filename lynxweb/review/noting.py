"""What stands beside runs for everybody to see: notices, disputes, rulings and redactions, asked for many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lynxweb.accounts.roles import READ, require
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import LogDocument
from lynxweb.audit.record import utc_now
from lynxweb.registry.models_rulings import Ruling, RulingRun
from lynxweb.registry.redacting import redacted_parts
from lynxweb.registry.rulings import rulings_on
from lynxweb.review.models.notices import Dispute, Notice

GONE = "(redacted)"


@dataclass(frozen=True)
class NoticeLine:
    """One thing to know about a run: where it comes from (`notice`, `dispute`, `ruling`, `redaction`, `withdrawal`), the event that said so,
    the text, from when until when it holds, and the id or number under which it can be looked up."""

    source: str
    name: str
    position: int
    text: str
    effective: datetime | None = None
    expires: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class DisputeLine:
    """One dispute about a run; `state` is `open`, `upheld`, `rejected` or `waived`, the decision is None while it is open."""

    id: str
    run: str
    by: str
    organisation: str
    clause: str
    effect_permille: int
    text: str
    state: str
    deadline: datetime
    overdue: bool
    opened_at: datetime
    position: int
    decision: str | None
    decided_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True)
class RegisterLine:
    """One ruling of the register: on runs, or on one metric under two methodology versions."""

    number: int
    kind: str
    rule: str
    outcome: str
    runs: tuple[str, ...]
    a: str | None
    b: str | None
    metric: str | None
    text: str
    position: int
    issued_at: datetime


def notices_on(run_digests: Iterable[str], *, clock: Callable[[], datetime] = utc_now) -> dict[str, tuple[NoticeLine, ...]]:
    """What holds now about each of these runs, in the order of the log, in a constant number of queries; a run without any has no entry.

    Posted notices in force, disputes that are open or were upheld, every ruling, and what was redacted. The caller has checked that the
    actor may see the runs.
    """
    runs, now = list(run_digests), clock()
    notices = list(Notice.objects.on(runs).in_force(now))
    disputes = [one for one in Dispute.objects.on(runs).whole() if one.state in ("open", "upheld")]
    rulings = rulings_on(runs)
    marked = [mark.document for marks in rulings.values() for mark in marks]
    told = _documents([*(one.document for one in notices), *(one.document for one in disputes), *marked])
    found: dict[str, list[NoticeLine]] = {}
    for notice in notices:
        line = NoticeLine(notice.source, notice.id, notice.position, _said(told, notice.document), notice.effective, notice.expires)
        found.setdefault(notice.run_id, []).append(line)
    for dispute in disputes:
        said = f"{dispute.clause}: {_said(told, dispute.document)}"
        line = NoticeLine("dispute", dispute.id, dispute.position, said, dispute.opened_at, outcome=dispute.state)
        found.setdefault(dispute.run_id, []).append(line)
    for run, marks in rulings.items():
        lines = (NoticeLine("ruling", str(one.number), one.position, _said(told, one.document), outcome=one.outcome) for one in marks)
        found.setdefault(run, []).extend(lines)
    for run, parts in redacted_parts(runs).items():
        lines = (NoticeLine("redaction", name, one.position, f"{name}: {one.reason}", outcome="redacted") for name, one in parts.items())
        found.setdefault(run, []).extend(lines)
    return {run: tuple(sorted(lines, key=lambda line: (line.position, line.name))) for run, lines in found.items()}


def disputes_of(run_digest: str, *, clock: Callable[[], datetime] = utc_now) -> tuple[DisputeLine, ...]:
    """Every dispute about one run, in the order of the log; the caller has checked that the actor may see the run."""
    return _dispute_lines(list(Dispute.objects.on([run_digest]).whole()), clock())


def open_disputes(actor: Actor, *, clock: Callable[[], datetime] = utc_now) -> tuple[DisputeLine, ...]:
    """Every open dispute about a run that the actor may see, the one that is due first at the top."""
    return _dispute_lines(list(Dispute.objects.for_actor(require(actor, READ)).unclosed().whole()), clock())


def rulings_register(actor: Actor) -> tuple[RegisterLine, ...]:
    """The whole register, oldest first; whoever signs in may read it, and a pack carries it whole."""
    require(actor, READ)
    rulings = list(Ruling.objects.order_by("number"))
    told = _documents([one.document for one in rulings])
    marks: dict[int, list[str]] = {}
    for number, run in RulingRun.objects.order_by("ruling", "run").values_list("ruling_id", "run_id"):
        marks.setdefault(number, []).append(run)
    return tuple(
        RegisterLine(
            one.number, one.kind, one.rule, one.outcome, tuple(marks.get(one.number, ())), one.a, one.b, one.metric,
            _said(told, one.document), one.position, one.issued_at,
        )
        for one in rulings
    )  # fmt: skip


def _dispute_lines(disputes: list[Dispute], now: datetime) -> tuple[DisputeLine, ...]:
    closings = {one.pk: one.closing for one in disputes if one.state != "open"}
    told = _documents([*(one.document for one in disputes), *(closing.document for closing in closings.values())])
    lines = []
    for one in disputes:
        closing = closings.get(one.pk)
        lines.append(
            DisputeLine(
                one.id, one.run_id, one.by, one.organisation_id, one.clause, one.effect_permille, _said(told, one.document), one.state,
                one.deadline, closing is None and one.deadline < now, one.opened_at, one.position,
                None if closing is None else _said(told, closing.document), None if closing is None else closing.actor,
                None if closing is None else closing.closed_at,
            )
        )  # fmt: skip
    return tuple(lines)


def _documents(digests: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The documents of the log with these digests, in one query; those that were redacted are left out."""
    rows = LogDocument.objects.filter(digest__in=set(digests)).values_list("digest", "content")
    return {digest: leaf_fields(content) for digest, content in rows if bytes(content)}


def _said(told: Mapping[str, Mapping[str, Any]], document: str) -> str:
    return str(told[document]["text"]) if document in told else GONE
