"""A run repeats another where somebody else, on another machine of the same configuration, got the same number within 5 %."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.contract.reproduction import Result, agree, reproduces

ONE = Result("org_a", "1" * 64, "m" * 64, "f" * 64, "100")
OTHER = Result("org_b", "2" * 64, "m" * 64, "f" * 64, "104")


def test_an_independent_run_of_the_same_repeats_it_either_way_round() -> None:
    assert reproduces(ONE, OTHER) and reproduces(OTHER, ONE)


@pytest.mark.parametrize(
    "changed",
    [{"organisation": "org_a"}, {"instance": "1" * 64}, {"methodology": "n" * 64}, {"fingerprint": "e" * 64}, {"value": "106"}, {"value": None}],
    ids=lambda changed: next(iter(changed)),
)
def test_one_difference_or_one_sameness_too_many_and_it_repeats_nothing(changed: dict[str, str | None]) -> None:
    assert not reproduces(ONE, replace(OTHER, **changed)) and not reproduces(replace(OTHER, **changed), ONE)


@pytest.mark.parametrize(
    ("one", "other", "within"),
    [
        ("100", "105", True),
        ("100", "105.000000000000000000001", False),
        ("0.000000000000000000100", "0.000000000000000000105", True),
        ("99999999999999999999999999", "104999999999999999999999998", True),
        ("0", "0", False),
        ("0", "1", False),
        ("-100", "-100", False),
        ("100", None, False),
    ],
)
def test_values_agree_within_a_twentieth_of_the_smaller_one(one: str, other: str | None, within: bool) -> None:
    assert agree(one, other) is agree(other, one) is within
