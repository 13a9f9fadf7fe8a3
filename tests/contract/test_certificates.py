"""Certificates: fixed answers, the table of early stopping, and properties that no count may break."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runner.contract.certificates import Verdict, certify, certify_independent, least_good

VECTORS = json.loads((Path(__file__).parent / "vectors" / "statistics.json").read_text(encoding="utf-8"))
SLO = st.sampled_from([500, 900, 950, 990, 999])
ORDER = {"refuted": 0, "undetermined": 1, "certified": 2}


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int]:
    """Requests, those over the limit, effective ones; mostly few over, as where answers turn."""
    n = draw(st.integers(1, 20_000))
    return n, draw(st.integers(0, n // 20) | st.integers(0, n)), draw(st.integers(1, n))


@pytest.mark.parametrize("vector", VECTORS["certificates"], ids=lambda vector: str(list(vector.values())))
def test_fixed_counts_keep_their_verdict(vector: dict[str, int]) -> None:
    found = certify(vector["n"], vector["over"], vector["effective"], vector["permille"])
    assert {"answer": found.answer, "needed": found.needed} == {"answer": vector["answer"], "needed": vector["needed"]}


@pytest.mark.parametrize("vector", VECTORS["requests_needed"], ids=lambda vector: str(list(vector.values())))
def test_the_least_number_within_the_limit_is_that_of_early_stopping(vector: dict[str, int]) -> None:
    over, permille, confidence = vector["over"], vector["permille"], vector["confidence_permille"]
    assert least_good(over, permille, confidence) == vector["needed"] - over


@pytest.mark.parametrize(("n", "allowed"), [(10_000, 77), (100_000, 927)])
def test_the_rule_of_independence_allows_as_many_over_the_limit_as_early_stopping(n: int, allowed: int) -> None:
    assert certify_independent(n, allowed, 990, 990).answer == "certified"
    assert certify_independent(n, allowed + 1, 990, 990).answer == "undetermined"


@given(counts(), SLO)
def test_answers_follow_the_tails_of_an_independent_library(case: tuple[int, int, int], permille: int) -> None:
    n, over, effective = case
    law = stats.binom(effective, (1000 - permille) / 1000)
    good, bad = law.cdf(-(-over * effective // n)), law.sf(over * effective // n - 1)
    if min(abs(good - 0.01), abs(bad - 0.01)) > 1e-9:
        expected = "certified" if effective >= 400 and good < 0.01 else "refuted" if bad < 0.01 else "undetermined"
        assert certify(n, over, effective, permille).answer == expected


@given(counts(), SLO)
def test_what_is_certified_would_not_be_refuted_if_certifying_were_out_of_reach(case: tuple[int, int, int], permille: int) -> None:
    n, over, effective = case
    if certify(n, over, effective, permille, least_effective=0).answer == "certified":
        assert certify(n, over, effective, permille, least_effective=n + 1).answer == "undetermined"


@given(counts(), SLO)
def test_one_more_over_the_limit_never_betters_the_answer(case: tuple[int, int, int], permille: int) -> None:
    n, over, effective = case
    if over < n:
        assert ORDER[certify(n, over + 1, effective, permille).answer] <= ORDER[certify(n, over, effective, permille).answer]


@given(counts(), SLO)
def test_only_undetermined_answers_need_more_and_then_more_than_there_are(case: tuple[int, int, int], permille: int) -> None:
    n, over, effective = case
    found = certify(n, over, effective, permille)
    assert found.needed is None if found.answer != "undetermined" else found.needed is None or found.needed > n


@given(st.integers(1, 20), st.integers(0, 40), SLO)
def test_the_requests_needed_settle_it_at_the_same_shares(tens: int, over: int, permille: int) -> None:
    """Every second request effective; the count over the limit grows with the requests, as the plan supposes."""
    n = tens * 100
    found = certify(n, min(over, n), n // 2, permille)
    if found.needed is not None and found.needed < 10**7:
        effective = found.needed * (n // 2) // n
        assert certify(found.needed * n, min(over, n) * found.needed, effective, permille).answer != "undetermined"


def test_few_effective_requests_certify_nothing_even_with_none_over_the_limit() -> None:
    assert certify(10_000, 0, 399, 900) == Verdict("undetermined", 10_026)
    assert certify(10_000, 0, 400, 900) == Verdict("certified", None)


def test_a_share_over_the_limit_that_equals_the_one_allowed_is_settled_by_no_amount() -> None:
    assert certify(10_000, 100, 9_000, 990) == Verdict("undetermined", None)


def test_a_share_all_but_equal_to_the_one_allowed_is_settled_by_no_amount_in_reach() -> None:
    assert certify(10_000_000, 99_999, 10_000_000, 990) == Verdict("undetermined", None)


def test_without_requests_nothing_is_determined() -> None:
    assert certify(0, 0, 0, 990) == Verdict("undetermined", None)


def test_several_terms_share_their_doubt() -> None:
    """77 of 10,000 over just certify a p99 at 0.99; one of two terms needs 0.995."""
    assert certify(10_000, 77, 10_000, 990).answer == "certified"
    assert certify(10_000, 77, 10_000, 990, terms=2).answer == "undetermined"
    assert certify(10_000, 77, 10_000, 990, confidence_permille=995) == certify(10_000, 77, 10_000, 990, terms=2)


@pytest.mark.parametrize(
    ("n", "over", "effective", "permille"), [(10, 11, 5, 990), (10, 1, 11, 990), (10, -1, 5, 990), (10, 1, 5, 1000), (10, 1, 5, 0)]
)
def test_counts_that_contradict_each_other_are_an_error(n: int, over: int, effective: int, permille: int) -> None:
    with pytest.raises(ValueError, match="certificate"):
        certify(n, over, effective, permille)
