"""Two laboratories with people of real roles, signed in at the pages, and forms sent as a browser sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import Actor
from runner.contract.checklist import INTAKE
from tests.accounts.conftest import PASSWORD, hire
from tests.registry.world import World, bundle_of, upload

REASON = {"reason_code": "routine", "reason": "a test wants it so"}
WRONG = {"reason_code": "measurement_error", "reason": "the fan was blocked while it was measured"}


def browser(person: Person) -> Client:
    """A browser of this person, signed in."""
    client = Client()
    client.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")
    return client


@dataclass(frozen=True)
class Laboratories:
    """Laboratory a measures, and has an engineer and a publisher; laboratory b reviews, and has a stranger without the role."""

    site: World
    engineer: Person
    publisher: Person
    reviewer: Person
    stranger: Person

    def run(self, seed: int = 1) -> str:
        """A run of laboratory a that its organisation alone sees."""
        return upload(self.site, bundle_of(self.site, seed)).run_digest

    def reviewed(self, seed: int = 1) -> str:
        """A run that was asked for, reviewed and accepted through the pages."""
        digest = self.run(seed)
        assert send(self.engineer, f"/runs/{digest}/acts/request-review").status_code == 303
        review = opened(self.reviewer, digest)
        assert send(self.reviewer, f"/reviews/{review}/report", **report()).status_code == 303
        assert send(self.reviewer, f"/reviews/{review}/close").status_code == 303
        return digest

    def published(self, seed: int = 1) -> str:
        """A run that a third person published through its page."""
        digest = self.reviewed(seed)
        assert send(self.publisher, f"/runs/{digest}/acts/publish", visibility="public").status_code == 303
        return digest


def laboratories(site: World) -> Laboratories:
    """The people around a site with laboratory a."""
    head = create_organisation(
        name="Laboratory b", person="head-b", email="head-b@example.org", password=PASSWORD, roles=(Role.ADMINISTRATOR,), request_id="laboratory:b"
    ).person
    boss = actor_of(head)
    return Laboratories(
        site,
        engineer=hire(site.actor, "engineer-a", Role.ENGINEER),
        publisher=hire(site.actor, "publisher-a", Role.PUBLISHER),
        reviewer=hire(boss, "reviewer-b", Role.REVIEWER),
        stranger=hire(boss, "stranger-b", Role.MANAGER, Role.ENGINEER, Role.PUBLISHER),
    )


def send(person: Person, path: str, **fields: Any) -> Any:
    """Post a form as its page would, with a reason and a request of its own unless `fields` say otherwise."""
    send.count += 1  # type: ignore[attr-defined]
    return browser(person).post(path, {**REASON, "request_id": f"page:{send.count}", **fields})  # type: ignore[attr-defined]


send.count = 0  # type: ignore[attr-defined]


def opened(person: Person, digest: str, **fields: Any) -> str:
    """The id of a review that was opened in the workspace."""
    answer = send(person, f"/runs/{digest}/review", **{"conflict": "none", "kind": "intake", **fields})
    assert answer.status_code == 303, answer.content.decode()
    return re.findall(r"/reviews/(rev_[0-9a-f]{20})", browser(person).get(f"/runs/{digest}/review").content.decode())[0]


def report(outcome: str = "accepted", **fields: str) -> dict[str, str]:
    """What the form of a report sends: yes to every sentence, unless `fields` say otherwise."""
    answers = {f"answer-{item.id}": "yes" for item in INTAKE.items}
    return {"conflict": "none", "outcome": outcome, "summary": "read it all, looks right", **answers, **fields}


def page(person: Person, path: str) -> str:
    """The HTML of a page that must be there."""
    answer = browser(person).get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def acting(person: Person) -> Actor:
    """The person as an actor."""
    return actor_of(person)
