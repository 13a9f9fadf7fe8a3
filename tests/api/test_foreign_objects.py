"""Every address that names an object answers 404 for somebody else's, whatever the visitor's role; a new address without a case here fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from tests.api.belongings import belongings_of
from tests.audit.conftest import signer
from tests.review.committee import Committee, committee_of

__all__ = ["signer"]

PASSWORD = "correct horse battery staple"
# For each address the names of what fills its parameters, in order: a key of `belongings_of`, or `=text` for text that names no object.
CASES: Mapping[str, tuple[str, ...]] = {
    "api/v1/runs/<api_digest:digest>": ("run",),
    "api/v1/runs/<api_digest:digest>/bundle": ("run",),
    "api/v1/runs/<api_digest:digest>/files/<str:name>": ("run", "=samples.parquet"),
    "api/v1/executors/<api_digest:digest>": ("executor",),
    "api/v1/comparisons/<api_digest:digest>": ("comparison",),
    "api/v1/log/events/<int:seq>": ("position",),
    "api/v1/log/events/<int:seq>/leaf": ("position",),
    "api/v1/receipts/<path:request_id>": ("request",),
    "api/v1/packs/<str:pack_id>": ("pack",),
    "api/v1/packs/<str:pack_id>/file": ("pack",),
    "api/v1/requirements/<api_digest:digest>": ("requirement",),
    "api/v1/requirements/<api_digest:digest>/supersessions": ("requirement",),
    "api/v1/decisions/<api_digest:digest>": ("decision",),
    "api/v1/decisions/<api_digest:digest>/signatures": ("decision",),
    "api/v1/decisions/<api_digest:digest>/addenda": ("decision",),
    "api/v1/declarations/<api_digest:nonce>/abandonments": ("declaration",),
    "api/v1/disputes/<str:dispute>/closings": ("dispute",),
    "api/v1/keys/<api_digest:key>/revocations": ("key",),
    "api/v1/keys/<api_digest:key>/rotations": ("key",),
    "api/v1/nodes/<slug:node>/keys": ("node",),
    "api/v1/nodes/<slug:node>/retirements": ("node",),
    "api/v1/notices/<str:notice>/lifts": ("notice",),
    "api/v1/people/<slug:person>/roles": ("person",),
    "api/v1/people/<slug:person>/roles/<slug:role>/revocations": ("person", "=engineer"),
    "api/v1/reviews/<str:review>": ("review",),
    "api/v1/reviews/<str:review>/closings": ("review",),
    "api/v1/reviews/<str:review>/reports": ("review",),
    "api/v1/reviews/<str:review>/responses": ("review",),
    "api/v1/runs/<api_digest:digest>/disclosures": ("run",),
    "api/v1/runs/<api_digest:digest>/disputes": ("run",),
    "api/v1/runs/<api_digest:digest>/notices": ("run",),
    "api/v1/runs/<api_digest:digest>/publications": ("run",),
    "api/v1/runs/<api_digest:digest>/reviews": ("run",),
    "api/v1/runs/<api_digest:digest>/supersessions": ("run",),
    "api/v1/runs/<api_digest:digest>/withdrawals": ("run",),
    "api/v1/tokens/<slug:token>/revocations": ("token",),
    "runs/<digest:digest>": ("run",),
    "runs/<digest:digest>/acts/<slug:act>": ("run", "=withdraw"),
    "runs/<digest:digest>/redact": ("run",),
    "runs/<digest:digest>/review": ("run",),
    "reviews/<str:review>": ("review",),
    "reviews/<str:review>/report": ("review",),
    "reviews/<str:review>/close": ("review",),
    "reviews/<str:review>/respond": ("review",),
    "draws/<str:draw>": ("draw",),
    "notices/<str:notice>/lift": ("notice",),
    "disputes/<str:dispute>/close": ("dispute",),
    "executors/<digest:digest>": ("executor",),
    "compare/<digest:digest>": ("comparison",),
    "compare?a=<a>&b=<b>&policy=iso-precision": ("run", "other"),
    "log/<int:position>": ("position",),
    "history/<str:object_type>/<path:object_id>": ("=run", "run"),
    "packs/<str:pack_id>": ("pack",),
    "packs/<str:pack_id>/pack.zip": ("pack",),
    "decisions/new?requirement=<a>": ("requirement",),
    "requirements/<digest:digest>": ("requirement",),
    "requirements/<digest:digest>/supersede": ("requirement",),
    "decisions/<digest:digest>": ("decision",),
    "decisions/<digest:digest>/sign": ("decision",),
    "decisions/<digest:digest>/append": ("decision",),
    "decisions/<digest:digest>/report": ("decision",),
    "decisions/<digest:digest>/report.pdf": ("decision",),
    "people/<slug:person>": ("person",),
    "people/<slug:person>/acts/<slug:act>": ("person", "=grant-role"),
    "nodes/<slug:node>/retire": ("node",),
    "keys/<digest:key>/<slug:act>": ("key", "=revoke"),
    "tokens/<slug:token>/revoke": ("token",),
    "proposals/<slug:proposal>/do": ("proposal",),
    "runs/<digest:digest>/links": ("run",),
    "runs/<digest:digest>/links/<slug:link>/end": ("run", "link"),
}
# Addresses of what belongs to nobody in particular, each with the reason.
EVERYBODYS: Mapping[str, str] = {
    "shared/<slug:token>": "the link itself is the permission; its own tests say what opens and what does not",
    "people/rule/<slug:act>": "it names an act on the whole site, and no object",
    "api/v1/methodologies/<api_digest:digest>": "publishing a methodology shows it to everybody who signs in",
    "methodologies/<digest:digest>": "publishing a methodology shows it to everybody who signs in",
    "api/v1/log/events/<int:seq>/proof": "a proof holds hashes and no content, so that everybody can check that the log holds a position",
}
# Addresses that auditors read whoever the object belongs to: leaves hold pseudonyms and digests, and whoever audits the log needs all of them.
READ_BY_AUDITORS = frozenset({
    "api/v1/log/events/<int:seq>", "api/v1/log/events/<int:seq>/leaf", "api/v1/receipts/<path:request_id>", "log/<int:position>",
    "history/<str:object_type>/<path:object_id>",
})  # fmt: skip
# A form that is as good as any, and what an address may answer to it, as long as it says the same of what exists and of what does not.
FORM = {"reason_code": "routine", "reason": "a test wants it so", "text": "a test wants it so", "conflicts": "none", "outcome": "rejected"}
REFUSED = (400, 403, 404, 409, 422)
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
    """A name of the same form that nothing has: another hex digit for each, or a position that the log has not reached."""
    if name.isdigit():
        return str(int(name) + 1_000_000)
    head, mark, tail = name.rpartition("_") if "_" in name else name.rpartition(":")
    return head + mark + tail.translate(str.maketrans("0123456789abcdef", "fedcba9876543210"))


def signed_in(person: Person) -> Client:
    """A browser of this person."""
    client = Client(raise_request_exception=False)
    client.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")
    return client


@pytest.fixture
def laboratory(db: None) -> Committee:
    """The laboratory that has everything."""
    return committee_of()


@pytest.fixture
def belongings(laboratory: Committee, signer: Path) -> dict[str, str]:
    """One of everything, shown to nobody else."""
    return belongings_of(laboratory)


def test_every_address_with_parameters_has_a_case() -> None:
    known = set(addresses(get_resolver()))
    assert known - {*CASES, *EVERYBODYS} == set()
    assert {route for route in {*CASES, *EVERYBODYS} if "?" not in route} - known == set()


def test_the_owner_is_let_in_wherever_there_is_something_to_read(laboratory: Committee, belongings: dict[str, str]) -> None:
    client = signed_in(laboratory.site.person)
    answers = {route: client.get(filled(route, names, belongings)).status_code for route, names in CASES.items()}
    assert {route: status for route, status in answers.items() if status in (403, 404) or status >= 500} == {}


@pytest.mark.parametrize("role", list(Role))
def test_a_stranger_finds_nothing_whatever_the_role(belongings: dict[str, str], role: Role) -> None:
    stranger = create_organisation(
        name="Elsewhere", person="stranger", email="stranger@example.org", password=PASSWORD, roles=(role,), request_id="elsewhere"
    ).person
    client = signed_in(stranger)
    told = {route: _told(client, route, names, belongings) for route, names in CASES.items()}
    assert {route: answer for route, answer in told.items() if answer is not None} == {}


def test_a_visitor_is_asked_to_sign_in_whether_or_not_it_exists(belongings: dict[str, str]) -> None:
    client = Client(raise_request_exception=False)
    told = {}
    for route, names in CASES.items():
        answers = [_asked(client, filled(route, names, belongings, nobodys), posts) for nobodys in (False, True) for posts in (False, True)]
        told[route] = set(answers)
    assert {route: answers for route, answers in told.items() if answers != {401 if route.startswith("api/") else 302}} == {}


def _told(client: Client, route: str, names: tuple[str, ...], belongings: Mapping[str, str]) -> str | None:
    """What an address tells a stranger: None where foreign and unknown are alike, not found to GET and refused to POST."""
    foreign, unknown = (filled(route, names, belongings, nobodys) for nobodys in (False, True))
    for posts, allowed in ((False, (404, 405)), (True, (*REFUSED, 405))):
        one, other = (_asked(client, address, posts) for address in (foreign, unknown))
        if one not in allowed:
            return f"{'POST' if posts else 'GET'} answers {one}"
        if one != other:
            return f"{'POST' if posts else 'GET'} answers {one} for what exists and {other} for what does not"
    return None


def _asked(client: Client, address: str, posts: bool) -> int:
    if not posts:
        return client.get(address).status_code
    if address.startswith("/api/"):
        return client.post(address, {}, content_type="application/json").status_code
    return client.post(address, FORM).status_code
