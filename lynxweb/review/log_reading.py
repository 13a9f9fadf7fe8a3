"""The questions of the doors about the log: each takes the actor first, and says of foreign events only where they stand and what they hash to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lynxweb.accounts.roles import READ, require
from lynxweb.audit import checkpoints, halting
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.opening import log_settings, receipt_for
from lynxweb.audit.record import recorded_as
from lynxweb.audit.redactions import redactions_of
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Document
from lynxweb.registry.seeing import cursor_at, position_of, size_of
from lynxweb.review import log_proofs
from lynxweb.review.log_cards import Attached, EventView, LogFilter, LogLine, LogPage, LogRow, LogState
from lynxweb.review.log_checking import checked
from lynxweb.review.log_seeing import visible
from runner.contract import merkle

EVERYTHING = LogFilter()
LONGEST_SHOWN_BYTES = 64 * 1024
LONGEST_HISTORY = 1000
LONGEST_NAME = 200
ELSEWHERE = "not a document of the log: the signed bundle of the run holds it"
NOT_YOURS = "not yours to see"


def events_page(actor: Actor, wanted: LogFilter = EVERYTHING, after: str | None = None, limit: int = 50) -> LogPage:
    """Events, newest first, from the cursor `after` on.

    Without a filter every position has its row, foreign ones without content; a filter passes over these, so that it tells nothing of them. Two
    queries without a filter, one with it, whatever the size of the page. Anything but one of our cursors is a `Problems` (code `bad-cursor`).
    """
    acting, size, before = require(actor, READ), size_of(limit), position_of(after)
    chosen = wanted.chosen
    if any(not _could_be(text) for text in chosen.values()):
        return LogPage((), None)
    asked = Event.objects.filter(**chosen)
    if before is not None:
        asked = asked.filter(seq__lt=before)
    events = list((asked.filter(visible(acting)) if chosen else asked).newest()[: size + 1])
    shown, more = events[:size], len(events) > size
    seen = {event.seq for event in shown} if chosen else _seen(acting, shown)
    return LogPage(tuple(_row(event, event.seq in seen) for event in shown), cursor_at(shown[-1].seq) if more else None)


def history_for(actor: Actor, object_type: str, object_id: str) -> tuple[LogRow, ...]:
    """The history of one object, oldest first, at most its first 1,000 events; unknown and foreign are `NotFound` alike."""
    acting = require(actor, READ)
    known = _could_be(object_type) and _could_be(object_id)
    events = list(Event.objects.on(object_type, object_id).filter(visible(acting))[:LONGEST_HISTORY]) if known else []
    if not events:
        raise NotFound(object_type[:40], object_id)
    return tuple(_row(event, True) for event in events)


def event_for(actor: Actor, position: int) -> EventView:
    """One event: its leaf, its neighbours on the object, its documents, its proof, and whether that proof holds; `NotFound` where it is foreign."""
    acting = require(actor, READ)
    event = log_proofs.event_at(position)
    if not _seen(acting, [event]):
        raise NotFound("event", str(position))
    fields, checkpoint = leaf_fields(event.leaf), checkpoints.newest()
    if checkpoint is not None and checkpoint.size <= position:
        checkpoint = None
    documents = Event.objects.filter(seq=position).filter(visible(acting)).exists()
    following = Event.objects.on(event.object_type, event.object_id).filter(seq__gt=position)
    return EventView(
        row=_row(event, True),
        fields=fields,
        raw=bytes(event.leaf).decode(),
        previous=fields["prev"],
        next=following.values_list("seq", flat=True).first(),
        attached=tuple(_attached(fields, documents)),
        checkpoint=checkpoint,
        proof=None if checkpoint is None else log_proofs.inclusion_of(event, checkpoint.size, checkpoint.root),
        vkey=str(log_proofs.verifier_key()),
        checked=() if checkpoint is None else checked(event, checkpoint),
    )


def leaf_for(actor: Actor, position: int) -> bytes:
    """The exact bytes of one event; `NotFound` where it is foreign."""
    acting = require(actor, READ)
    event = log_proofs.event_at(position)
    if not _seen(acting, [event]):
        raise NotFound("event", str(position))
    return bytes(event.leaf)


def log_state(actor: Actor) -> LogState:
    """How the log stands now."""
    require(actor, READ)
    newest = Event.objects.newest().first()
    said = log_settings()
    return LogState(
        origin=said.origin,
        size=0 if newest is None else newest.seq + 1,
        checkpoint=checkpoints.newest(),
        vkey=str(log_proofs.verifier_key()),
        two_person_rule=said.two_person_rule,
        halted=halting.halted(),
    )


def receipt_of_request(actor: Actor, request_id: str) -> bytes:
    """The site's signed receipt of the event that a request made, a DSSE envelope; the same bytes every time, `NotFound` where it is foreign."""
    acting = require(actor, READ)
    made = recorded_as(request_id) if _could_be(request_id) else None
    if made is None or not _seen(acting, [log_proofs.event_at(made.seq)]):
        raise NotFound("receipt", request_id)
    return receipt_for(made)


def _could_be(name: str) -> bool:
    """Whether this can be a name in the log; PostgreSQL fails on a NUL, and no name is longer."""
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()


def _seen(actor: Actor, events: Iterable[Event]) -> set[int]:
    positions = [event.seq for event in events]
    return set(Event.objects.filter(seq__in=positions).filter(visible(actor)).values_list("seq", flat=True))


def _row(event: Event, seen: bool) -> LogRow:
    return LogRow(event.seq, merkle.leaf_hash(bytes(event.leaf)).hex(), _line(leaf_fields(event.leaf)) if seen else None)


def _line(fields: Mapping[str, Any]) -> LogLine:
    actor, what = fields["actor"], fields["object"]
    return LogLine(
        time=fields["time"], action=fields["action"], actor=actor["id"], role=actor["role"], object_type=what["type"], object_id=what["id"],
        object_rev=what["rev"], reason_code=fields["reason_code"], reason=fields["reason"],
    )  # fmt: skip


def _attached(fields: Mapping[str, Any], seen: bool) -> Iterator[Attached]:
    """The documents that a leaf names, those shown with their text; three queries."""
    named = {role: fields[role] for role in ("payload", "before", "after") if fields[role] is not None}
    kept = _documents(named.values()) if seen else {}
    gone = redactions_of(named.values())
    for role, digest in named.items():
        content = kept.get(digest)
        if not seen:
            yield Attached(role, digest, None, NOT_YOURS)
        elif digest in gone:
            yield Attached(role, digest, None, f"redacted by event {gone[digest].position}: {gone[digest].reason}")
        elif content is None:
            yield Attached(role, digest, None, ELSEWHERE)
        elif len(content) > LONGEST_SHOWN_BYTES:
            yield Attached(role, digest, None, f"{len(content)} bytes, too long for a page")
        else:
            yield Attached(role, digest, content.decode(errors="replace"))


def _documents(digests: Iterable[str]) -> dict[str, bytes]:
    wanted = list(digests)
    kept = dict(LogDocument.objects.filter(digest__in=wanted).values_list("digest", "content"))
    kept |= dict(Document.objects.filter(sha256__in=wanted).values_list("sha256", "content"))
    return {digest: bytes(content) for digest, content in kept.items()}
