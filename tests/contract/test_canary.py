"""Secrets and identities are found wherever they hide; versions that look like addresses are not."""

from __future__ import annotations

import pytest

from runner.contract.canary import scan
from runner.contract.canary_patterns import IDENTITIES, SECRETS
from tests.builders import executor, methodology_tree
from tests.contract.canaries import HARMLESS, LEAKS, SPELLINGS


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("place", ["value", "key", "list"])
def test_a_leak_is_named_by_kind_and_place_and_not_repeated(name: str, place: str) -> None:
    leak = LEAKS[name]
    document = {"value": {"notes": leak}, "key": {leak: 1}, "list": {"notes": ["x", leak]}}[place]
    found = list(scan(document, "run.json"))
    assert any(problem.found == f"looks like a {name}" for problem in found)
    assert all(leak not in problem.found for problem in found)


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found_in_the_middle_of_prose(name: str) -> None:
    found = [problem.found for problem in scan(f"The second trial was odd, see {LEAKS[name]} for what it was.", "reason")]
    assert f"looks like a {name}" in found


@pytest.mark.parametrize(("name", "text"), SPELLINGS)
def test_other_spellings_are_found_too(name: str, text: str) -> None:
    assert f"looks like a {name}" in [problem.found for problem in scan(text, "reason")]


@pytest.mark.parametrize("text", HARMLESS)
def test_words_of_the_field_are_no_leak(text: str) -> None:
    assert [problem.found for problem in scan(text, "reason")] == []


def test_there_are_forty_patterns_and_each_has_its_leak() -> None:
    assert len(LEAKS) == 40
    assert LEAKS.keys() == SECRETS.keys() | IDENTITIES.keys()


@pytest.mark.parametrize("version", ["9.24.0.43", "13.0.3.0", "6.1.0-18-amd64", "5.15.153.1"])
def test_a_version_is_not_an_address(version: str) -> None:
    assert list(scan({"kernel_libs": {"value": {"cudnn": version}}}, "executor")) == []
    assert [problem.code for problem in scan({"notes": "10.0.0.1"}, "run.json")] == ["canary"]


def test_ordinary_documents_hold_no_canary() -> None:
    assert list(scan(executor().model_dump(mode="json"), "executor")) == []
    assert list(scan(methodology_tree(), "methodology")) == []
