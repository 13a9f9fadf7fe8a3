"""Every address that names an object answers 404 for somebody else's, whatever the visitor's role; a new address without a case here fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.audit import signing
from lynxweb.audit.models import Event
from lynxweb.registry.comparing import compare_runs
from lynxweb.registry.models import Run
from lynxweb.review.exporting import Wanted, export_pack
from tests.audit.conftest import signer
from tests.registry.world import BECAUSE, World, bundle_of, upload

__all__ = ["signer"]

PASSWORD = "correct horse battery staple"
# For each address the names of what fills its parameters, in order: a key of `belongings`, or `=text` for text that names no object.
CASES: Mapping[str, tuple[str, ...]] = {
    "api/v1/runs/<api_digest:digest>": ("run",),
    "api/v1/runs/<api_digest:digest>/bundle": ("run",),
    "api/v1/runs/<api_digest:digest>/files/<str:name>": ("run", "=samples.parquet"),
    "api/v1/executors/<api_digest:digest>": ("executor",),
    "api/v1/comparisons/<api_digest:digest>": ("comparison",),
    "api/v1/log/events/<int:seq>": ("event",),
    "api/v1/log/events/<int:seq>/leaf": ("event",),
    "api/v1/receipts/<path:request_id>": ("request",),
    "api/v1/packs/<str:pack_id>": ("pack",),
    "api/v1/packs/<str:pack_id>/file": ("pack",),
    "runs/<digest:digest>": ("run",),
    "executors/<digest:digest>": ("executor",),
    "compare/<digest:digest>": ("comparison",),
    "compare?a=<a>&b=<b>&policy=iso-precision": ("run", "other"),
    "log/<int:position>": ("event",),
    "history/<str:object_type>/<path:object_id>": ("=run", "run"),
    "packs/<str:pack_id>": ("pack",),
    "packs/<str:pack_id>/pack.zip": ("pack",),
}
# Addresses of what belongs to nobody in particular, each with the reason.
EVERYBODYS: Mapping[str, str] = {
    "api/v1/methodologies/<api_digest:digest>": "publishing a methodology shows it to everybody who signs in",
    "methodologies/<digest:digest>": "publishing a methodology shows it to everybody who signs in",
    "api/v1/log/events/<int:seq>/proof": "a proof holds hashes and no content, so that everybody can check that the log holds a position",
}
# Addresses that auditors read whoever the object belongs to: leaves hold pseudonyms and digests, and whoever audits the log needs all of them.
AUDITED = frozenset({
    "api/v1/log/events/<int:seq>", "api/v1/log/events/<int:seq>/leaf", "api/v1/receipts/<path:request_id>", "log/<int:position>",
    "history/<str:object_type>/<path:object_id>",
})  # fmt: skip
_PARAMETER = re.compile(r"<[^>]+>")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every address of the site that has parameters."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        elif isinstance(entry, URLPattern) and entry.pattern.converters:
            yield route


def filled(route: str, names: tuple[str, ...], belongings: Mapping[str, str], unknown: bool = False) -> str:
    """The address with its parameters put in; objects that nobody has where `unknown`."""
    values = iter(name[1:] if name.startswith("=") else _nobodys(belongings[name]) if unknown else belongings[name] for name in names)
    return "/" + _PARAMETER.sub(lambda _: next(values), route)


def _nobodys(name: str) -> str:
    """A name of the same form that nothing has: the same letters and digits, each hex digit turned around."""
    head, mark, tail = name.rpartition("_")
    return head + mark + tail.translate(str.maketrans("0123456789abcdef", "fedcba9876543210"))


def visited(client: Client, address: str) -> HttpResponse:
    """The answer to GET, or to POST with nothing in it where the address takes no GET."""
    answer = client.get(address)
    return client.post(address) if answer.status_code == 405 else answer


def signed_in(person: Person) -> Client:
    """A browser of this person."""
    client = Client(raise_request_exception=False)
    client.force_login(person, backend="lynxweb.accounts.sign_in.EmailOrName")
    return client


@pytest.fixture
def belongings(site: World, signer: Path) -> dict[str, str]:
    """One of everything that the first organisation has and shows to nobody else."""
    run, other = upload(site, bundle_of(site, 1)).run_digest, upload(site, bundle_of(site, 2)).run_digest
    comparison = compare_runs(site.actor, run, other, "iso-precision").digest
    found = {"run": run, "other": other, "executor": Run.objects.get(digest=run).executor_id, "comparison": comparison}
    found["pack"] = export_pack(site.actor, Wanted((run,)), reason=BECAUSE, request_id="pack").id
    submitted = Event.objects.get(action="run.submit", object_id=run)
    signing.sign()
    return found | {"event": f"{submitted.seq:06d}", "request": submitted.request_id}


def test_every_address_with_parameters_has_a_case() -> None:
    known = set(addresses(get_resolver()))
    assert known - {*CASES, *EVERYBODYS} == set()
    assert {route for route in {*CASES, *EVERYBODYS} if "?" not in route} - known == set()


def test_the_owner_is_let_in_everywhere(site: World, belongings: dict[str, str]) -> None:
    client = signed_in(site.person)
    answers = {route: visited(client, filled(route, names, belongings)).status_code for route, names in CASES.items()}
    assert {route: status for route, status in answers.items() if status in (403, 404) or status >= 500} == {}


@pytest.mark.parametrize("role", list(Role))
def test_a_stranger_finds_nothing_whatever_the_role(site: World, belongings: dict[str, str], role: Role) -> None:
    stranger = create_organisation(
        name="Elsewhere", person="stranger", email="stranger@example.org", password=PASSWORD, roles=(role,), request_id="elsewhere"
    ).person
    client = signed_in(stranger)
    closed = {route: names for route, names in CASES.items() if role != Role.AUDITOR or route not in AUDITED}
    told = {route: _told(client, route, names, belongings) for route, names in closed.items()}
    assert {route: answer for route, answer in told.items() if answer is not None} == {}


def _told(client: Client, route: str, names: tuple[str, ...], belongings: Mapping[str, str]) -> str | None:
    """What an address tells a stranger: None where foreign and unknown are alike, not found (or not permitted at all where it takes no GET)."""
    foreign, unknown = (visited(client, filled(route, names, belongings, nobodys)) for nobodys in (False, True))
    allowed = (404,) if client.get(filled(route, names, belongings)).status_code != 405 else (403, 404)
    if foreign.status_code not in allowed:
        return f"answers {foreign.status_code}"
    if foreign.status_code != unknown.status_code:
        return f"answers {foreign.status_code} for what exists and {unknown.status_code} for what does not"
    return None
