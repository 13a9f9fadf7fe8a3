"""The glossary."""

from __future__ import annotations

from django.test import Client

from lynxweb.pages.vocabulary import ENTRIES
from lynxweb.words.wording import VERDICTS, agreement
from runner.contract.comparability import ALLOWED
from runner.contract.refusals import REFUSALS
from tests.pages.shelf import text_of


def test_every_refusal_code_is_explained_at_its_own_anchor(reader: Client) -> None:
    html = reader.get("/words").content.decode()
    for refusal in REFUSALS.values():
        assert f'id="{refusal.code}"' in html and refusal.rule in text_of(html)


def test_one_comparison_and_one_refusal_are_worked_through(reader: Client) -> None:
    page = text_of(reader.get("/words").content.decode())
    assert "A comparison, worked through" in page and "A refusal, worked through" in page and "operating point" in page


def test_an_interval_claims_no_more_than_its_rule(reader: Client) -> None:
    meaning = dict(ENTRIES)["interval"]
    assert "t interval on the logarithms of its trials" in meaning and "ratio of the two medians" in meaning
    assert "true centre" not in meaning and "19 times" not in meaning
    assert meaning in text_of(reader.get("/words").content.decode())


def test_a_verdict_speaks_only_of_fields_that_could_be_read() -> None:
    assert all("that could be read" in VERDICTS[word].title for word in ALLOWED)
    assert agreement(0, 0) == "Every must-match field that could be read agrees."
    assert agreement(2, 1).endswith("; 2 fields are unknown on both sides and listed below; 1 declared difference is printed.")
