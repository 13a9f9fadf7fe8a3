"""The start page: groups of comparable runs, and the pickers."""

from __future__ import annotations

import re

from django.test import Client

from tests.pages.shelf import Shelf, text_of


def test_home_asks_strangers_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=/")


def test_home_says_how_to_begin_when_nothing_is_there(reader: Client) -> None:
    assert "lynxweb run digits-quick" in text_of(reader.get("/").content.decode())


def test_home_groups_runs_by_what_must_match(reader: Client, shelf: Shelf) -> None:
    page = text_of(reader.get("/").content.decode())
    assert "Test at fp32" in page and "Test at int8" in page and "2 runs" in page and "1 run " in page


def test_every_run_can_be_picked_for_either_side(reader: Client, shelf: Shelf) -> None:
    html = reader.get("/").content.decode()
    for digest in (shelf.torch, shelf.ort, shelf.int8):
        assert re.findall(rf'name="(a|b)" value="{digest}"', html) == ["a", "b"]


def test_a_pair_of_one_group_is_picked_to_begin_with(reader: Client, shelf: Shelf) -> None:
    html = reader.get("/").content.decode()
    picked = re.findall(r'name="(a|b)" value="([0-9a-f]{64})"[^>]* checked', html)
    assert sorted(picked) == [("a", shelf.torch), ("b", shelf.ort)]


def test_a_metric_stands_with_name_interval_and_operating_point(reader: Client, shelf: Shelf) -> None:
    page = text_of(reader.get("/").content.decode())
    assert re.search(r"Latency p50 [\d.]+ ms \[[\d.]+, [\d.]+\] @ closed loop, concurrency 1, batch 1 n = 5 trials", page)
