"""The list of runs."""

from __future__ import annotations

from django.test import Client

from tests.pages.shelf import Shelf, text_of


def test_runs_are_listed_newest_first(reader: Client, shelf: Shelf) -> None:
    html = reader.get("/runs").content.decode()
    places = [html.index(f"/runs/{digest}") for digest in (shelf.int8, shelf.ort, shelf.torch)]
    assert places == sorted(places)


def test_a_list_that_fits_has_no_next_page(reader: Client, shelf: Shelf) -> None:
    assert "Older runs" not in reader.get("/runs").content.decode()


def test_an_empty_list_says_so(reader: Client) -> None:
    assert "No runs yet." in text_of(reader.get("/runs").content.decode())


def test_a_strange_cursor_is_not_found(reader: Client, shelf: Shelf) -> None:
    assert reader.get("/runs?after='; drop table").status_code == 404
