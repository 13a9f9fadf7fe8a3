"""Requests made from the OpenAPI description, right and wrong ones, sent to a running site that holds one of everything.

No answer may be a failure of the site, nor one that the description does not name; nobody comes in without a login, nor to what is not theirs.
The suite sends some requests to each endpoint, the same ones every time. For more, and for others, outside the suite:

    LYNXWEB_FUZZ_CASES=10000 LYNXWEB_FUZZ_SEED=1 python -m pytest -s tests/api/test_schema_fuzz.py
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pytest_django.live_server_helper import LiveServer
from schemathesis import Case, GenerationMode

from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role, Scope
from lynxweb.accounts.tokens import issue_token
from tests.api.belongings import belongings_of
from tests.api.calling import bearer
from tests.api.fuzzing import Fuzzed, in_browser
from tests.api.test_foreign_objects import PASSWORD
from tests.audit.conftest import signer
from tests.registry.world import BECAUSE
from tests.review.committee import committee_of

__all__ = ("signer",)

DESCRIPTION = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
CASES = int(os.environ.get("LYNXWEB_FUZZ_CASES", "400"))
SEED = int(os.environ.get("LYNXWEB_FUZZ_SEED", "0"))


@pytest.fixture
def fuzzed(transactional_db: None, live_server: LiveServer, signer: Path) -> Iterator[Fuzzed]:
    """The running site, with a laboratory that has one of everything, and its callers."""
    laboratory = committee_of()
    belongings, owner = belongings_of(laboratory), laboratory.site.person
    roles = tuple(role for role in Role if role != Role.AUDITOR)  # auditors read the leaves of everybody's events
    made = create_organisation(name="Elsewhere", person="stranger", email="s@example.org", password=PASSWORD, roles=roles, request_id="elsewhere")
    reader = issue_token(laboratory.site.actor, scope=Scope.READ, owner=owner, reason=BECAUSE, request_id="token:reader")
    callers = {
        "owner": in_browser(owner),
        "colleague": in_browser(Person.objects.get(actor_id=laboratory.second.id)),
        "stranger": in_browser(made.person),
        "node": bearer(laboratory.site.token),
        "reader": bearer(reader.text),
        "unknown": bearer("lynxweb_0123456789abcdef." + "a" * 64),
        "nobody": {},
    }
    site = Fuzzed(live_server.url, callers, belongings)
    yield site
    site.wire.close()


def operations() -> Iterator[Any]:
    """Every endpoint of the description with its method."""
    for found in schemathesis.openapi.from_path(DESCRIPTION).get_all_operations():
        yield found.ok()


def send(site: Fuzzed, operation: Any, mode: GenerationMode, count: int) -> None:
    """Send that many requests to an endpoint, right ones or wrong ones."""

    @seed(SEED)
    @settings(max_examples=count, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(mode), st.integers(0, 2**32 - 1))
    def one(case: Case, number: int) -> None:
        site.try_one(case, Random(number))

    one()


def test_no_request_fails_the_site_or_its_description_or_comes_in_without_leave(fuzzed: Fuzzed) -> None:
    every = list(operations())
    right, wrong = math.ceil(CASES * 3 / (4 * len(every))), math.ceil(CASES / (4 * len(every)))
    for operation in every:
        send(fuzzed, operation, GenerationMode.POSITIVE, right)
        send(fuzzed, operation, GenerationMode.NEGATIVE, wrong)
    print(sorted(fuzzed.statuses.items()), *told(fuzzed), sep="\n")
    assert told(fuzzed) == []
    assert fuzzed.statuses.total() >= CASES and {200, 400, 401, 403, 404, 422} <= set(fuzzed.statuses)


def told(site: Fuzzed) -> list[str]:
    """What was wrong, one line each."""
    return [f"{label}: {fault}: {shown}" for label, faults in site.faults.items() for fault, shown in faults.items()]
