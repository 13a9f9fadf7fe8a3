"""Notices: what everybody who looks at a run must know; posted and lifted on the run itself, whose revision they step."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from lynxweb.accounts.models import NodeKey
from lynxweb.accounts.roles import require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.leaf import instant
from lynxweb.audit.record import Recorded, utc_now
from lynxweb.registry import standing
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.acting import made_before, next_position, own_run, record_on_run, refuse
from lynxweb.review.models.notices import SOURCES, Notice, NoticeLift
from lynxweb.review.public_text import text_problems
from runner.contract.problems import Problem


@dataclass(frozen=True)
class Posted:
    """A notice that was posted, and the event that posted it."""

    notice: str
    recorded: Recorded


def post_notice(
    actor: Actor,
    run_digest: str,
    *,
    text: str,
    effective: datetime | None = None,
    expires: datetime | None = None,
    source: str = "notice",
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Posted:
    """Post a notice on a run of the actor's organisation, in force from `effective` (now where None) until `expires` (for ever where None).

    Raises `Problems` with everything that is wrong with text, source and times.
    """
    acting = require(actor, Action.NOTICE_POST)
    with transaction.atomic():
        run = own_run(acting, run_digest)
        if (made := made_before(request_id, Action.NOTICE_POST, run.digest)) is not None:
            return Posted(Notice.objects.get(position=made.seq).id, made)
        begins = effective or clock()
        refuse([*text_problems("text", text), *_notice_problems(source, begins, expires)])
        notice = Notice(id=f"not_{random_bytes(10).hex()}", run=run, source=source, effective=begins, expires=expires)
        notice.document = snapshots.keep(_document(notice, text))
        notice.position, notice.rev = next_position(), run.rev + 1
        notice.save()
        changed = standing.change(run, made={"notices": [notice]})
        recorded = record_on_run(
            Action.NOTICE_POST, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=notice.document
        )
    return Posted(notice.id, recorded)


def lift_notice(actor: Actor, notice_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """End a notice on a run of the actor's organisation; the notice and the event that lifts it stay in the run's history."""
    acting = require(actor, Action.NOTICE_LIFT)
    with transaction.atomic():
        run = own_run(acting, _run_of(acting, notice_id))
        if (made := made_before(request_id, Action.NOTICE_LIFT, run.digest)) is not None:
            return made
        notice = Notice.objects.get(id=notice_id)
        if NoticeLift.objects.filter(notice=notice).exists():
            refuse([Problem("notice", "lifted", "a notice that holds", "nothing is to be done", "notice-lifted")])
        lift = NoticeLift(notice=notice, position=next_position(), lifted_at=clock())
        lift.save()
        changed = standing.change(run, made={"notice_lifts": [lift]})
        return record_on_run(
            Action.NOTICE_LIFT, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=notice.document
        )


def notices_for_key(
    actor: Actor,
    key_id: str,
    *,
    after: int,
    before: int,
    text: str,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[Posted, ...]:
    """A notice on every run that this key signed above position `after` and below `before`, all or none; run by run in the order of the log.

    `after` is the key's last good position, `before` the position of its revocation. Raises `NodeKey.DoesNotExist` for a key not theirs.
    """
    acting = require(actor, Action.NOTICE_POST)
    key = NodeKey.objects.for_actor(acting).get(key_id=key_id)
    signed = Run.objects.filter(key_id=key.key_id, position__gt=after, position__lt=before).order_by("position").values_list("digest", flat=True)
    with transaction.atomic():
        return tuple(
            post_notice(actor, digest, text=text, reason=reason, request_id=f"{request_id}:{digest[:32]}", clock=clock, random_bytes=random_bytes)
            for digest in signed
        )


def _document(notice: Notice, text: str) -> dict[str, Any]:
    expires = None if notice.expires is None else instant(notice.expires)
    times = {"effective": instant(notice.effective), "expires": expires}
    return {"v": 1, "notice": notice.id, "run": notice.run_id, "text": text, **times, "source": notice.source}


def _run_of(actor: Actor, notice_id: str) -> str:
    found = Notice.objects.for_actor(actor).filter(id=notice_id[:40]).values_list("run", flat=True).first()
    if found is None:
        raise NotFound("notice", notice_id)
    return found


def _notice_problems(source: str, effective: datetime, expires: datetime | None) -> Iterator[Problem]:
    if source not in SOURCES:
        yield Problem("source", source[:40], f"one of {', '.join(SOURCES)}", "say where the notice comes from", "unknown-source")
    if expires is not None and expires <= effective:
        yield Problem("expires", instant(expires), f"after {instant(effective)}", "let it end after it begins, or never", "expires-first")
