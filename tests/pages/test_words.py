"""The glossary."""

from __future__ import annotations

from django.test import Client

from runner.contract.refusals import REFUSALS
from tests.pages.shelf import text_of


def test_every_refusal_code_is_explained_at_its_own_anchor(reader: Client) -> None:
    html = reader.get("/words").content.decode()
    for refusal in REFUSALS.values():
        assert f'id="{refusal.code}"' in html and refusal.rule in text_of(html)


def test_one_comparison_and_one_refusal_are_worked_through(reader: Client) -> None:
    page = text_of(reader.get("/words").content.decode())
    assert "A comparison, worked through" in page and "A refusal, worked through" in page and "operating point" in page
