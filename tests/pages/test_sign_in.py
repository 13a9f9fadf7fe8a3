"""Signing in and out."""

from __future__ import annotations

from django.test import Client

from tests.pages.shelf import text_of
from tests.registry.world import World


def test_a_person_signs_in_and_lands_where_they_wanted_to_go(client: Client, site: World) -> None:
    answer = client.post("/sign-in", {"username": "person-a", "password": "correct horse battery staple", "next": "/words"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/words")


def test_a_wrong_password_is_told_without_saying_which_half_was_wrong(client: Client, site: World) -> None:
    answer = client.post("/sign-in", {"username": "person-a", "password": "no"})
    assert "That did not match." in text_of(answer.content.decode())


def test_nobody_is_sent_to_another_site(client: Client, site: World) -> None:
    answer = client.post("/sign-in", {"username": "person-a", "password": "correct horse battery staple", "next": "https://example.org/"})
    assert answer.headers["Location"] == "/"


def test_a_name_typed_wrongly_comes_back_as_text(client: Client, site: World) -> None:
    html = client.post("/sign-in", {"username": '"><script>', "password": "x"}).content.decode()
    assert 'value="&quot;&gt;&lt;script&gt;"' in html


def test_every_page_with_nothing_public_on_it_asks_strangers_to_sign_in(client: Client, db: None) -> None:
    pages = ["/", f"/runs/{'0' * 64}", f"/executors/{'0' * 64}", f"/methodologies/{'0' * 64}", "/compare", f"/compare/{'0' * 64}", "/people"]
    assert {client.get(page).headers.get("Location", "").split("?")[0] for page in pages} == {"/sign-in"}


def test_signing_out_ends_the_session(reader: Client) -> None:
    assert reader.post("/sign-out").headers["Location"] == "/sign-in"
    assert reader.get("/").status_code == 302
