"""A committee of two in a laboratory that measured evidence: its requirement, its runs, its draft and its signatures, all by the real acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.granting import grant_role
from lynxweb.accounts.people import create_person
from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import Actor
from lynxweb.registry.declaration import declare
from lynxweb.review.decisions import Draft, Signed, append_addendum, draft_decision, sign_decision, sign_stored_decision
from lynxweb.review.requirements import publish_requirement
from runner.contract.bundle import seal
from runner.contract.decision import Decision
from runner.contract.problems import Problems
from tests.contract import asked as documents
from tests.contract import grown
from tests.contract.asked import offered
from tests.contract.grown import Told
from tests.registry.world import World, upload, world
from tests.review.people import asked

BEFORE = datetime(2026, 1, 5, 9, tzinfo=UTC)  # an hour before the runs of the builders begin
UNTIL = "2099-01-01T00:00:00.000000Z"


@dataclass(frozen=True)
class Committee:
    """Laboratory a with two members of its committee; its person holds every other role too."""

    site: World
    second: Actor

    @property
    def first(self) -> Actor:
        """The member who drafts."""
        return self.site.actor

    @property
    def organisation(self) -> str:
        """Whose committee it is."""
        return str(self.site.actor.organisation)


def committee_of() -> Committee:
    """A site whose methodology is evidence, and two members."""
    site = world(how=documents.methodology("20"))
    person = create_person(site.actor, name="second", email="second@example.org", password="correct horse battery staple", **asked()).person
    grant_role(site.actor, person.actor_id, Role.COMMITTEE, **asked())
    return Committee(site, actor_of(person))


def measured(by: Committee, told: Told | None = None, *, declared: bool = True, members: Mapping[str, bytes] | None = None, **changes: Any) -> str:
    """The digest of a declared and accepted run; `changes` go into `run.json`, `members` into the bundle."""
    told = told or offered()
    nonce = declare(by.site.node_actor, told.how.sha256, request_id=asked()["request_id"], clock=lambda: BEFORE).nonce if declared else None
    told = told.changed(changes={**(told.changes or {}), **changes, "nonce": nonce})
    parts = grown.members(told.evidence) | dict(members or {})
    content = seal(
        parts, fingerprint=told.run.fingerprint, methodology_sha256=told.how.sha256, nonce=nonce, key=by.site.key
    )  # fmt: skip
    return upload(by.site, content).run_digest


def required(by: Committee, **changes: Any) -> str:
    """The digest of a published requirement."""
    content = documents.requirement(organisation=by.organisation, **changes).canonical()
    return publish_requirement(by.first, content, **asked()).digest


FINGERPRINT = grown.executor().fingerprint


def drafted(by: Committee, requirement: str, **changes: Any) -> Decision:
    """The draft of a decision for the one candidate."""
    draft = Draft(
        question="Which machine do we buy?", candidates={FINGERPRINT: "Machine A"}, chosen=FINGERPRINT, rationale="No other one was measured.",
        valid_until=UNTIL, members=(by.first.id, by.second.id),
    )  # fmt: skip
    return draft_decision(by.first, requirement, replace(draft, **changes))


def signed(by: Committee, decision: Decision, actor: Actor | None = None) -> Signed:
    """One member's signature, the first member's unless somebody else is named."""
    return sign_decision(actor or by.first, decision.canonical(), **asked())


@pytest.fixture
def by(db: None) -> Committee:
    """A site with a committee of two."""
    return committee_of()


@pytest.fixture
def decided(by: Committee) -> tuple[Committee, Decision]:
    """A requirement, a run declared after it, and a decision with both signatures and a later word."""
    requirement = required(by)
    measured(by)
    decision = drafted(by, requirement)
    signed(by, decision)
    sign_stored_decision(by.second, decision.sha256, **asked())
    append_addendum(by.second, decision.sha256, "Delivery was confirmed by the vendor.", **asked())
    return by, decision


def problems(act: Any, *given: Any, **named: Any) -> set[str]:
    """The codes for which an act is refused."""
    with pytest.raises(Problems) as refused:
        act(*given, **named)
    return set(refused.value.codes)


def superseding(by: Committee, digest: str, **changes: Any) -> bytes:
    """The bytes of a version that takes the place of `digest`."""
    return documents.requirement(organisation=by.organisation, supersedes=digest, **changes).canonical()
