"""One run shown by a link: to whoever has it, read-only, until it expires, is ended, or the run is closed to outsiders again."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from lynxweb.accounts.roles import READ, Forbidden, Role, require, require_as
from lynxweb.accounts.tokens import pepper
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import VISITOR, Actor, Reason, Subject
from lynxweb.audit.leaf import instant, leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.record import Recorded, hold, record, utc_now
from lynxweb.registry import standing
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.models_shares import Share, ShareEnding
from lynxweb.registry.seeing import run_seen_by
from runner.contract.problems import Problem, Problems

LIFETIME = timedelta(days=30)
LONGEST = timedelta(days=365)
OPEN_TO_LINKS = ("link", "review", "public")
_TOKEN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Shared:
    """A new link; `token` is the only copy of what opens it."""

    id: str
    token: str = field(repr=False)
    expires: datetime
    recorded: Recorded


@dataclass(frozen=True)
class ShareLine:
    """One link to a run without its token; `state` is live, expired, ended or closed (the run is not shown outside any more)."""

    id: str
    position: int
    shared_at: datetime
    expires: datetime
    state: str


@dataclass(frozen=True)
class Opened:
    """What a link opens: one run, and the actor who reads it and nothing else."""

    reader: Actor
    run_digest: str
    expires: datetime


def share(
    actor: Actor,
    run_digest: str,
    *,
    lifetime: timedelta = LIFETIME,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Shared:
    """Make a link to a run of the publisher's organisation, at most for a year; a run for the organisation alone is seen by links from now on.

    Raises `NotFound` for a run that is not theirs, `Problems` for a lifetime out of bounds, a run taken back, and one that is public anyway.
    """
    acting = require_as(actor, Action.RUN_DISCLOSE, Role.PUBLISHER)
    with transaction.atomic():
        run = _own(acting, run_digest)
        _refuse(_problems(run, lifetime))
        token, now = random_bytes(32).hex(), clock()
        row = Share(id=f"shr_{random_bytes(10).hex()}", run=run, digest=_hashed(token), shared_at=now, expires=now + lifetime)
        row.position = hold(transaction.get_connection())
        row.save()
        visibility = run.visibility if run.visibility in OPEN_TO_LINKS else "link"
        terms = {"v": 1, "run": run.digest, "visibility": visibility, "share": {"id": row.id, "expires": instant(row.expires)}}
        recorded = _disclosed(acting, run, terms, {"shares": [row]}, reason, request_id, clock)
    return Shared(row.id, token, row.expires, recorded)


def end_share(actor: Actor, run_digest: str, share_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """End a link to a run of the publisher's organisation at once; raises `NotFound` for one that is not there or was ended."""
    acting = require_as(actor, Action.RUN_DISCLOSE, Role.PUBLISHER)
    with transaction.atomic():
        run = _own(acting, run_digest)
        found = Share.objects.of_run(run.digest).unended().filter(id=share_id[:40]).first()
        if found is None:
            raise NotFound("link", share_id)
        row = ShareEnding(share=found, position=hold(transaction.get_connection()), ended_at=clock())
        row.save()
        terms = {"v": 1, "run": run.digest, "visibility": run.visibility, "share_ended": found.id}
        return _disclosed(acting, run, terms, {"share_endings": [row]}, reason, request_id, clock)


def opened(token: str, *, clock: Callable[[], datetime] = utc_now) -> Opened:
    """What this link opens now; `NotFound` for one that is unknown, expired, ended, or whose run was closed to outsiders since."""
    found = Share.objects.live(clock()).filter(digest=_hashed(token)).select_related("run").first() if _TOKEN.fullmatch(token) else None
    if found is None or _closed(found):
        raise NotFound("link", "")
    return Opened(replace(VISITOR, auth=f"link:{found.id}", scope=found.run_id), found.run_id, found.expires)


def links_of(actor: Actor, run_digest: str, *, clock: Callable[[], datetime] = utc_now) -> tuple[ShareLine, ...]:
    """The links to a run of the actor's organisation, newest first; `NotFound` for somebody else's run."""
    run = run_seen_by(require(actor, READ), run_digest)
    if not _owns(actor, run):
        raise NotFound("run", run_digest)
    now = clock()
    return tuple(ShareLine(one.id, one.position, one.shared_at, one.expires, _state(one, now)) for one in Share.objects.of_run(run.digest))


def may_share(actor: Actor) -> bool:
    """Whether the actor may make and end links to runs of the own organisation."""
    try:
        return require_as(actor, Action.RUN_DISCLOSE, Role.PUBLISHER) is not None
    except Forbidden:
        return False


def _own(acting: Actor, digest: str) -> Run:
    run = standing.locked(acting, digest)
    if not _owns(acting, run):
        raise NotFound("run", digest)
    return run


def _owns(actor: Actor, run: Run) -> bool:
    return actor.kind == "system" or run.organisation_id == actor.organisation


def _disclosed(
    acting: Actor,
    run: Run,
    terms: dict[str, Any],
    made: dict[str, Sequence[models.Model]],
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime],
) -> Recorded:
    changed = standing.change(run, made=made, visibility=terms["visibility"])
    return record(
        Action.RUN_DISCLOSE, Subject("run", run.digest, changed.rev),
        actor=acting, reason=reason, request_id=request_id, before=changed.before, after=changed.after, payload=snapshots.keep(terms), clock=clock,
    )  # fmt: skip


def _problems(run: Run, lifetime: timedelta) -> Iterator[Problem]:
    if run.state != "standing":
        yield Problem("run.state", run.state, "standing", "choose a run that was neither withdrawn nor superseded", "run-not-standing")
    if run.visibility == "public":
        yield Problem("run.visibility", "public", "a run that not everybody sees", "hand on the address of its page", "public-already")
    if not timedelta(days=1) <= lifetime <= LONGEST:
        yield Problem("days", str(lifetime.days), f"1 to {LONGEST.days}", "choose how long the link opens the run", "out-of-range")


def _refuse(problems: Iterator[Problem]) -> None:
    found = list(problems)
    if found:
        raise Problems(found)


def _hashed(token: str) -> str:
    return hmac.digest(pepper(), b"lynxweb/shared-link/v1" + token.encode(), "sha256").hex()


def _state(one: Share, now: datetime) -> str:
    if hasattr(one, "ending"):
        return "ended"
    return "expired" if one.expires <= now else "closed" if _closed(one) else "live"


def _closed(one: Share) -> bool:
    """Whether the run is not open to links, or was closed to outsiders once since: opening it again revives no old link."""
    if one.run.visibility not in OPEN_TO_LINKS:
        return True
    later = Event.objects.on("run", one.run_id).filter(action=Action.RUN_DISCLOSE, seq__gt=one.position)
    payloads = [leaf_fields(event.leaf)["payload"] for event in later]
    kept = LogDocument.objects.filter(digest__in=payloads).values_list("content", flat=True)
    return any(leaf_fields(content)["visibility"] not in OPEN_TO_LINKS for content in kept)
