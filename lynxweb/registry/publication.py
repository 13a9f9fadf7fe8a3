"""Publishing methodologies: once published, a version stands for ever under its digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import projections
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from lynxweb.audit.record import hold, record, utc_now
from lynxweb.registry.filing import keep_document
from lynxweb.registry.models import MethodologyVersion
from runner.contract import canary
from runner.contract.builtin import builtin
from runner.contract.canonical import decode, sha256
from runner.contract.methodology import Methodology
from runner.contract.problems import Problems


@dataclass(frozen=True)
class Published:
    """A methodology version, and whether this act published it."""

    digest: str
    created: bool


def publish_methodology(actor: Actor, content: bytes, *, reason: Reason, clock: Callable[[], datetime] = utc_now) -> Published:
    """Publish canonical `content`; publishing it again changes nothing. Raises `Problems` with everything that is wrong with the document."""
    acting = require(actor, Action.METHODOLOGY_PUBLISH)
    methodology, digest = Methodology.read(content), sha256(content)
    secrets = list(canary.scan(decode(content), "methodology"))
    if secrets:
        raise Problems(secrets)
    with transaction.atomic():
        position = hold(transaction.get_connection())
        if MethodologyVersion.objects.filter(digest=digest).exists():
            return Published(digest, created=False)
        document = keep_document("methodology", content, digest)
        version = MethodologyVersion.objects.create(
            digest=digest, document=document, name=methodology.name, version=methodology.version,
            kind=methodology.kind, position=position, published_at=clock(),
        )  # fmt: skip
        record(
            Action.METHODOLOGY_PUBLISH,
            Subject("methodology", digest),
            actor=acting,
            reason=reason,
            request_id=f"methodology.publish:{digest}",
            after=projections.keep(version, {"documents": [document]}),
            payload=digest,
            clock=clock,
        )
    return Published(digest, created=True)


def publish_builtin(clock: Callable[[], datetime] = utc_now) -> dict[str, Published]:
    """Publish every methodology that the distribution carries, as the site itself; by name."""
    return {name: publish_methodology(SYSTEM, content, reason=Reason(), clock=clock) for name, content in builtin().items()}
