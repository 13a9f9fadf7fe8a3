"""Who acts around a run in these tests, and short ways to bring a run to a stage by the real acts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest

from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import SYSTEM, Actor, Reason
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.audit.record import Recorded
from lynxweb.registry.models import Run
from lynxweb.review.publishing import publish, request_review
from lynxweb.review.reviewing import close_review, open_review, report_review
from runner.contract.canonical import decode
from runner.contract.checklist import CHECKLISTS
from runner.contract.problems import Problems
from tests.registry.world import BECAUSE, World, bundle_of, upload

WRONG = Reason(ReasonCode.MEASUREMENT_ERROR, "the fan was blocked while it was measured")
_NUMBERS = itertools.count()


def somebody(name: str, organisation: str | None, *roles: Role) -> Actor:
    """Somebody signed in, with these roles in an organisation."""
    return Actor("user", f"act_{name}", "login", frozenset(role.value for role in roles), organisation)


@dataclass(frozen=True)
class Cast:
    """Laboratory a, whose node measures, with an engineer, a publisher and a reviewer; the reviewers and a stranger are of laboratory b."""

    site: World
    other: str

    @property
    def uploader(self) -> Actor:
        """Who enrolled the node; holds every role of laboratory a."""
        return self.site.actor

    @property
    def engineer(self) -> Actor:
        """An engineer of laboratory a."""
        return somebody("engineer", self.site.actor.organisation, Role.ENGINEER)

    @property
    def publisher(self) -> Actor:
        """A publisher of laboratory a."""
        return somebody("publisher", self.site.actor.organisation, Role.PUBLISHER)

    @property
    def colleague(self) -> Actor:
        """A reviewer of laboratory a."""
        return somebody("colleague", self.site.actor.organisation, Role.REVIEWER)

    @property
    def reviewer(self) -> Actor:
        """A reviewer of laboratory b."""
        return somebody("reviewer", self.other, Role.REVIEWER)

    @property
    def second(self) -> Actor:
        """Another reviewer of laboratory b."""
        return somebody("second", self.other, Role.REVIEWER)

    @property
    def stranger(self) -> Actor:
        """Somebody of laboratory b who is no reviewer."""
        return somebody("stranger", self.other, Role.MANAGER, Role.ENGINEER, Role.PUBLISHER)


def cast_of(site: World) -> Cast:
    """Everybody, around a site with laboratory a."""
    made = create_organisation(
        name="Laboratory b", person="person-b", email="b@example.org", password="correct horse battery staple",
        roles=(Role.ADMINISTRATOR,), request_id="organisation:b",
    )  # fmt: skip
    return Cast(site, made.person.organisation_id)


def asked() -> dict[str, Any]:
    """A reason and a request id that no other act has."""
    return {"reason": BECAUSE, "request_id": f"test:{next(_NUMBERS)}"}


def two_persons(on: bool = True) -> None:
    """Switch the two-person rule."""
    set_two_person_rule(SYSTEM, on, **asked())


def submitted(cast: Cast, seed: int = 1) -> str:
    """The digest of an accepted run, which its organisation alone sees."""
    return upload(cast.site, bundle_of(cast.site, seed)).run_digest


def requested(cast: Cast, seed: int = 1) -> str:
    """A run that waits for a reviewer."""
    digest = submitted(cast, seed)
    request_review(cast.engineer, digest, **asked())
    return digest


def opened(by: Actor, digest: str, **changes: Any) -> str:
    """The id of a review without conflicts."""
    return open_review(by, digest, **{"conflicts": "none", **asked(), **changes}).review


def answers(kind: str = "intake", **changed: Any) -> list[dict[str, str]]:
    """Yes to every sentence, but for what `changed` says: (answer, note) by item."""
    said = {item.id: changed.get(item.id, ("yes", "")) for item in CHECKLISTS[kind].items}  # type: ignore[index]
    return [{"id": name, "answer": answer, "note": note} for name, (answer, note) in said.items()]


def report(by: Actor, review: str, outcome: str = "accepted", kind: str = "intake", **changes: Any) -> Recorded:
    """File a report with yes to everything."""
    said = {"answers": answers(kind), "outcome": outcome, "summary": "read it all, looks right", "conflicts": "none", **asked(), **changes}
    return report_review(by, review, **said)


def judged(by: Actor, digest: str, outcome: str = "accepted", kind: str = "intake") -> str:
    """A whole review of a run, from opening to closing; its id."""
    review = opened(by, digest, kind=kind)
    report(by, review, outcome, kind)
    close_review(by, review, **asked())
    return review


def published(cast: Cast, seed: int = 1) -> str:
    """A run that was reviewed by one person and published by another."""
    digest = requested(cast, seed)
    judged(cast.reviewer, digest)
    publish(cast.publisher, digest, **asked())
    return digest


def stands(digest: str) -> tuple[str, str, str, bool, str]:
    """(state, stage, visibility, reviewed, grade) of a run."""
    run = Run.objects.get(digest=digest)
    return run.state, run.stage, run.visibility, run.reviewed, run.grade


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[str]:
    """The codes of a refusal."""
    return list(refused.value.codes)


def leaf_of(recorded: Recorded) -> dict[str, Any]:
    """The fields of an event."""
    return leaf_fields(Event.objects.get(seq=recorded.seq).leaf)


def document_of(recorded: Recorded) -> Any:
    """The document that an event attaches."""
    return decode(bytes(LogDocument.objects.get(digest=leaf_of(recorded)["payload"]).content))
