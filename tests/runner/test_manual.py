"""The page about the command line is what the parser says."""

from __future__ import annotations

from pathlib import Path

from runner.manual import missing, written
from runner.verbs.result import EXIT_CODES

PAGE = (Path(__file__).parents[2] / "docs/cli.md").read_text("utf-8")


def test_every_help_on_the_page_is_that_of_the_parser() -> None:
    assert written(PAGE) == PAGE


def test_every_verb_has_its_help_on_the_page() -> None:
    assert missing(PAGE) == []


def test_every_exit_code_is_on_the_page() -> None:
    assert all(f"{code}  {meaning}" in PAGE for code, meaning in EXIT_CODES.items())


def test_an_altered_page_is_noticed() -> None:
    assert written(PAGE.replace("--trials", "--attempts")) == PAGE
