"""Whoever has not signed in reads what is public, and no address of the site gives them anything else; a shared link shows one run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from lynxweb.api.visiting import OPEN as OPEN_API
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import VISITOR, Subject
from lynxweb.audit.models import Event
from lynxweb.audit.record import record
from lynxweb.pages.visiting import OPEN
from lynxweb.registry.comparing import compare_runs
from lynxweb.registry.models import Run
from lynxweb.registry.models_comparisons import StoredComparison
from lynxweb.registry.sharing import end_share, share
from lynxweb.review.publishing import disclose
from runner.contract.problems import Problems
from tests.pages.shelf import Shelf, text_of
from tests.pages.test_people import WHY
from tests.registry.world import BECAUSE, World

# What asks nobody to sign in, because it is how one signs in, or says only whether the site lives.
BEFORE_SIGNING_IN = {
    "healthz", "readyz", "sign-in", "account_login", "sign-out", "account_inactive", "mfa_authenticate",
    "shared",  # the link is the permission: its own tests below
    "openid_connect_login", "openid_connect_callback", "socialaccount_login_cancelled",
}  # fmt: skip
LINK = re.compile(r'(?:href|action)="(/[^"#]*)')


def named(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str]]:
    """The name and route of every address of the site."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from named(entry, route)
        elif isinstance(entry, URLPattern):
            yield str(entry.name), route


def some(route: str) -> str:
    """An address of this route that names nothing."""
    filled = re.sub(r"<(?:api_)?digest:\w+>", "0" * 64, route)
    filled = re.sub(r"<int:\w+>", "999999", filled)
    return "/" + re.sub(r"<[^>]+>", "none", filled)


@pytest.fixture
def public(site: World, shelf: Shelf) -> Shelf:
    """Two public runs and one that is not; the comparison of the two is stored."""
    for run in (shelf.torch, shelf.ort):
        disclose(site.actor, run, "public", reason=BECAUSE, request_id=f"public:{run}")
    compare_runs(site.actor, shelf.torch, shelf.ort, "iso-precision")
    return shelf


def pages(shelf: Shelf) -> list[str]:
    """The addresses of everything that is public."""
    run = Run.objects.get(digest=shelf.ort)
    position = Event.objects.on("run", shelf.ort).newest()[0].seq
    return [
        "/runs", f"/runs/{shelf.ort}", f"/executors/{run.executor_id}", f"/methodologies/{run.methodology_id}", "/words",
        f"/compare/{StoredComparison.objects.get().digest}", "/log", f"/log/{position}", f"/history/run/{shelf.ort}",
    ]  # fmt: skip


def test_every_address_without_a_login_is_open_by_name_or_asks_for_one(db: None) -> None:
    client, told = Client(raise_request_exception=False), {}
    for name, route in named(get_resolver()):
        if name in BEFORE_SIGNING_IN | OPEN | OPEN_API:
            continue
        for send in (client.get, client.post):
            answer = send(some(route))
            if answer.status_code != 401 and not answer.headers.get("Location", "").startswith("/sign-in"):
                told[route] = answer.status_code
    assert told == {}


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_no_open_address_takes_an_act(db: None, verb: str) -> None:
    client, told = Client(raise_request_exception=False), {}
    for name, route in named(get_resolver()):
        if name in OPEN | OPEN_API:
            answer = getattr(client, verb)(some(route))
            if answer.status_code != 401 and not answer.headers.get("Location", "").startswith("/sign-in"):
                told[route] = answer.status_code
    assert told == {}


def test_every_open_name_is_an_address() -> None:
    known = {name for name, _ in named(get_resolver())}
    assert (OPEN | OPEN_API) - known == set()


def test_what_is_public_is_readable(public: Shelf) -> None:
    client = Client()
    assert {path: client.get(path).status_code for path in pages(public)} == dict.fromkeys(pages(public), 200)


def test_a_list_holds_public_runs_alone(public: Shelf) -> None:
    html = Client().get("/runs").content.decode()
    assert public.ort in html and public.torch in html and public.int8 not in html


def test_no_page_of_a_visitor_names_a_run_that_is_not_public(public: Shelf) -> None:
    client = Client()
    assert {path for path in pages(public) if public.int8 in client.get(path).content.decode()} == set()


def test_what_is_not_public_asks_for_a_sign_in_and_keeps_where_one_wanted_to_go(public: Shelf) -> None:
    private, nothing = Run.objects.get(digest=public.int8), "0" * 64
    for path in (f"/runs/{private.digest}", f"/runs/{nothing}", f"/executors/{private.executor_id}", f"/history/run/{private.digest}"):
        answer = Client().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/sign-in?next={path}")


def test_a_comparison_with_a_run_that_is_closed_again_is_gone(site: World, public: Shelf) -> None:
    path = f"/compare/{StoredComparison.objects.get().digest}"
    disclose(site.actor, public.torch, "organisation", reason=BECAUSE, request_id="close")
    assert (Client().get(path).status_code, Client().get(f"/runs/{public.torch}").status_code) == (302, 302)


def test_a_visitor_compares_nothing_new(public: Shelf) -> None:
    answer = Client().get(f"/compare?a={public.torch}&b={public.ort}&policy=iso-precision")
    assert answer.status_code == 302 and StoredComparison.objects.count() == 1


def test_the_log_shows_public_objects_and_of_others_their_place_alone(site: World, public: Shelf) -> None:
    html = Client().get("/log").content.decode()
    assert public.ort in html and public.int8 not in html and site.actor.id in html
    hidden = [Event.objects.on("run", public.int8)[0].seq, *Event.objects.on("node", site.node.id).values_list("seq", flat=True)]
    assert {Client().get(f"/log/{position}").status_code for position in hidden} == {302}


def test_no_page_of_a_visitor_leads_to_a_wall(public: Shelf) -> None:
    client, walls = Client(), {}
    for path in pages(public):
        for found in set(LINK.findall(client.get(path).content.decode())) - {"/"}:
            link = found.replace("&amp;", "&")
            if link.startswith(("/static/", "/sign-in")):
                continue
            answer = client.get(link)
            if answer.status_code not in (200, 422):
                walls[link.partition("?")[0]] = path
    assert walls == {}


def test_the_pages_offer_a_sign_in_and_no_act(public: Shelf) -> None:
    html = Client().get(f"/runs/{public.ort}").content.decode()
    assert f'href="/sign-in?next=/runs/{public.ort}"' in html and 'method="post"' not in html and "Sign out" not in html


def test_a_visitor_is_never_in_the_log(site: World) -> None:
    with pytest.raises(Problems, match="sign in"):
        record(Action.RUN_WITHDRAW, Subject("run", "0" * 64), actor=VISITOR, reason=BECAUSE, request_id="never")


# -- Shared links --------------------------------------------------------------------------------------------------------------------------


def test_a_link_shows_its_run_read_only_and_leads_nowhere(site: World, shelf: Shelf) -> None:
    token = share(site.actor, shelf.ort, reason=BECAUSE, request_id="share").token
    answer = Client().get(f"/shared/{token}")
    html = answer.content.decode()
    assert answer.status_code == 200 and "Shown by a link." in text_of(html) and "Latency" in html
    assert (answer["Cache-Control"], answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-store", "no-referrer", "noindex")
    assert {link for link in LINK.findall(html) if not link.startswith("/static/")} == {"/"} and "<form" not in html


def test_a_link_opens_no_other_address(site: World, shelf: Shelf) -> None:
    token, client = share(site.actor, shelf.ort, reason=BECAUSE, request_id="share").token, Client()
    client.get(f"/shared/{token}")
    run = Run.objects.get(digest=shelf.ort)
    for path in (f"/runs/{shelf.ort}", f"/executors/{run.executor_id}", f"/history/run/{shelf.ort}", f"/runs/{shelf.ort}/links"):
        assert client.get(path).status_code == 302
    assert {client.get(f"/api/v1/runs/{shelf.ort}{more}").status_code for more in ("", "/bundle", "/files/samples.parquet")} == {401}


@pytest.mark.parametrize("token", ["0" * 64, "x", "a" * 500])
def test_what_is_no_link_is_not_found_whoever_asks(reader: Client, shelf: Shelf, token: str) -> None:
    assert {client.get(f"/shared/{token}").status_code for client in (Client(), reader)} == {404}


def test_a_link_takes_no_act(site: World, shelf: Shelf, reader: Client) -> None:
    token = share(site.actor, shelf.ort, reason=BECAUSE, request_id="share").token
    assert {client.post(f"/shared/{token}", WHY).status_code for client in (Client(), reader)} == {405}


def test_an_ended_link_is_not_found(site: World, shelf: Shelf, reader: Client) -> None:
    made = share(site.actor, shelf.ort, reason=BECAUSE, request_id="share")
    end_share(site.actor, shelf.ort, made.id, reason=BECAUSE, request_id="end")
    assert {client.get(f"/shared/{made.token}").status_code for client in (Client(), reader)} == {404}


def test_a_publisher_makes_a_link_whose_address_is_shown_once_and_ends_it(site: World, shelf: Shelf, reader: Client) -> None:
    form = {**WHY, "days": "7", "request_id": "page:1"}
    answer = reader.post(f"/runs/{shelf.ort}/links", form)
    shown = re.search(r'<textarea id="once"[^>]*>([^<]+/shared/([0-9a-f]{64}))</textarea>', answer.content.decode())
    assert shown is not None and answer["Cache-Control"] == "no-store" and Client().get(f"/shared/{shown[2]}").status_code == 200
    assert reader.post(f"/runs/{shelf.ort}/links", form).status_code == 303
    listed = reader.get(f"/runs/{shelf.ort}/links").content.decode()
    link = re.search(rf"/runs/{shelf.ort}/links/(shr_[0-9a-f]+)/end", listed)
    assert link is not None and shown[2] not in listed
    assert reader.post(link[0], {**WHY, "request_id": "page:2"}).headers["Location"] == f"/runs/{shelf.ort}/links"
    assert Client().get(f"/shared/{shown[2]}").status_code == 404
    assert f"/runs/{shelf.ort}/links" in reader.get(f"/runs/{shelf.ort}").content.decode()


def test_a_link_for_too_long_stands_beside_the_form(shelf: Shelf, reader: Client) -> None:
    answer = reader.post(f"/runs/{shelf.ort}/links", {**WHY, "days": "400", "request_id": "page:1"})
    assert answer.status_code == 422 and 'value="400"' in answer.content.decode()
