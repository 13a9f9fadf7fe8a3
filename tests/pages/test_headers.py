"""What every page sends beside itself, and the pages of failure."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.test import Client

from tests.pages.shelf import Shelf, text_of

POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def directives(policy: str) -> set[str]:
    """A policy as a set of its directives."""
    return {one.strip() for one in policy.split(";")}


def test_every_page_has_the_exact_content_security_policy(reader: Client, shelf: Shelf) -> None:
    for address in ("/", "/runs", f"/runs/{shelf.ort}", "/words", "/nowhere", "/compare"):
        assert directives(reader.get(address).headers["Content-Security-Policy"]) == directives(POLICY)


def test_a_refusal_has_it_too(reader: Client, shelf: Shelf) -> None:
    answer = reader.get("/compare", {"a": shelf.ort, "b": shelf.int8})
    assert directives(answer.headers["Content-Security-Policy"]) == directives(POLICY)


def test_an_unknown_address_looks_like_the_site(reader: Client) -> None:
    answer = reader.get("/nowhere")
    assert answer.status_code == 404 and "Nothing here, or not yours to see" in text_of(answer.content.decode())


def test_pages_of_failure_need_nothing_to_be_rendered() -> None:
    for code in ("400", "403", "403_csrf", "404", "500"):
        assert code[:3] in text_of(render_to_string(f"{code}.html"))


def test_a_form_without_its_token_gets_the_page_for_it(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in", {"username": "x", "password": "y"})
    assert answer.status_code == 403 and "The form is out of date" in text_of(answer.content.decode())
