"""A runner's version is held against the methodology's range."""

from __future__ import annotations

import pytest

from runner.contract.versions import parse, within


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        ("0.1.0", ">=0.1,<1", True),
        ("0.10.0", ">=0.9", True),
        ("1.0.0", ">=0.1,<1", False),
        ("0.0.9", ">=0.1,<1", False),
        ("0.1.0.dev3", "==0.1", True),
        ("unknown", ">=0.1", False),
        ("2.0", ">1, <=2", True),
    ],
)
def test_a_version_lies_within_a_range_or_not(version: str, text: str, expected: bool) -> None:
    assert within(version, text) is expected


@pytest.mark.parametrize("text", ["", "latest", ">=0.1,", "~=1.0", ">=1.x", ">= 0.1.2.3.4"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        parse(text)
