"""The saturation search as rules: which rate comes next, what is bracketed, what may be confirmed, and the shape that the steps show."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import isotonic_regression

from runner.contract.monotone import monotone_fit, pooled, shape
from runner.contract.search import Act, Bracket, SearchRules, Step, bracket, confirmed, deviation, next_act, next_rate, rate_text, to_confirm
from runner.contract.search_step import Chunk, Level, Tally, finished, step_answer, step_of, tally

RULES = SearchRules()
LEVEL = Level(990, 20_000_000)
CAPACITY = "1000"
FIRST = Step(rate_per_s="500", answer="certified", n=6_500, over=0, effective=700, quantile_ppm=460_000)


def step(rate: str, **changes: object) -> Step:
    """A certified step with one thing changed."""
    return FIRST.model_copy(update={"rate_per_s": rate, **changes})


def failed(rate: str, **changes: object) -> Step:
    return step(rate, **{"answer": "refuted", "over": 650, "quantile_ppm": 1_500_000, **changes})


def mm1(rate: str, least: str = "750") -> Step:
    """M/M/1 at mu = 1000/s without noise: certified below `least`, the quantile ln(100) / (mu - lambda) against a limit of 20 ms."""
    gap = max(1000 - float(rate), 1e-3)
    answer = "certified" if Fraction(rate) < Fraction(least) else "undetermined"
    return step(rate, answer=answer, quantile_ppm=round(np.log(100) / gap * 1e9 / 20))


def searched() -> list[Step]:
    """A whole search on the noiseless M/M/1."""
    steps: list[Step] = []
    while (act := next_act(steps, CAPACITY, RULES)) is not None:
        steps.append(mm1(act.rate_per_s).model_copy(update={"purpose": act.purpose}))
    return steps


def test_a_search_begins_at_half_the_capacity() -> None:
    assert next_rate([], CAPACITY, RULES) == "500"


def test_no_capacity_means_no_search() -> None:
    assert next_act([], "0", RULES) is None


def test_the_rate_halves_while_nothing_is_certified() -> None:
    assert next_rate([failed("500")], CAPACITY, RULES) == "250"
    assert next_rate([failed("500"), step("250", answer="undetermined")], CAPACITY, RULES) == "125"


def test_a_rate_too_slow_to_offer_ends_the_search() -> None:
    assert next_rate([failed("0.0015")], CAPACITY, RULES) is None


def test_the_second_rate_lies_a_margin_under_the_foretold_limit() -> None:
    chosen = next_rate([mm1("500")], CAPACITY, RULES)
    assert chosen is not None
    assert float(chosen) == pytest.approx(0.95 * 769.74, rel=1e-3)


def test_a_quantile_on_a_failed_request_foretells_nothing() -> None:
    assert next_rate([step("500", quantile_ppm=None)], CAPACITY, RULES) == "950"


def test_the_bracket_is_closed_where_a_higher_rate_is_not_foretold() -> None:
    steps = [mm1("500"), mm1("749")]
    chosen = next_rate(steps, CAPACITY, RULES)
    assert chosen is not None
    assert Fraction(chosen) * (1 - Fraction(25, 1000)) <= 749
    assert next_rate([*steps, failed(chosen)], CAPACITY, RULES) is None


def test_an_upper_end_just_above_the_lower_one_ends_the_search() -> None:
    assert next_rate([step("740"), failed("758")], CAPACITY, RULES) is None
    assert next_rate([step("739"), failed("758")], CAPACITY, RULES) is not None


def test_twice_the_resolution_is_enough_after_patient_steps() -> None:
    steps = [step("500"), step("600"), failed("900"), step("650"), failed("800"), step("740")]
    assert next_rate([*steps, failed("778")], CAPACITY, RULES) is None
    assert next_rate([*steps[2:], failed("778")], CAPACITY, RULES) is not None


def test_three_steps_that_move_one_end_are_followed_by_the_middle() -> None:
    assert next_rate([step("500"), failed("900"), failed("800"), failed("700")], CAPACITY, RULES) == "600"


def test_no_rate_above_a_bounded_capacity_is_tried() -> None:
    assert next_rate([step("980")], CAPACITY, RULES) is None
    assert bracket([step("980")], CAPACITY) == Bracket("980", CAPACITY, "capacity")


def test_rates_double_where_throughput_was_still_growing() -> None:
    assert next_rate([step("500")], CAPACITY, RULES, bounded=False) == "1000"
    assert bracket([step("500")], CAPACITY, bounded=False) == Bracket("500", None, None)


def test_the_steps_are_used_up_at_last() -> None:
    steps = [failed("500", rate_per_s=str(500 - place)) for place in range(RULES.most_steps)]
    assert next_rate(steps, CAPACITY, RULES) is None
    assert next_rate(steps[:-1], CAPACITY, RULES) is not None


@pytest.mark.parametrize("answer", ["refuted", "undetermined", "generator-limited"])
def test_whatever_is_not_certified_is_an_upper_end_that_says_why(answer: str) -> None:
    steps = [step("500"), failed("700", answer=answer)]
    assert bracket(steps, CAPACITY) == Bracket("500", "700", answer)


def test_a_certified_rate_above_a_failed_one_does_not_count() -> None:
    steps = [step("500"), failed("600"), step("700")]
    assert bracket(steps, CAPACITY) == Bracket("500", "600", "refuted")
    assert to_confirm(steps) == "500"


def test_only_a_confirmed_rate_is_a_point() -> None:
    steps = [step("740"), failed("758")]
    assert confirmed(steps) is None
    assert next_act(steps, CAPACITY, RULES) == Act("740", "confirm")
    steps.append(step("740", purpose="confirm"))
    assert confirmed(steps) == "740"
    assert next_act(steps, CAPACITY, RULES) is None


def test_a_failed_confirmation_sends_the_search_down() -> None:
    steps = [step("500"), step("740"), failed("758"), failed("740", purpose="confirm", answer="undetermined")]
    act = next_act(steps, CAPACITY, RULES)
    assert act is not None
    assert act.purpose == "step"
    assert 500 < Fraction(act.rate_per_s) < 740
    assert confirmed(steps) is None


def test_with_no_steps_left_the_next_certified_one_is_confirmed() -> None:
    steps = [step("500"), step("740"), failed("758"), failed("740", purpose="confirm", answer="undetermined")]
    assert next_act(steps, CAPACITY, RULES.model_copy(update={"most_steps": 3})) == Act("500", "confirm")


def test_nothing_certified_leaves_nothing_to_confirm() -> None:
    steps = [failed(rate) for rate in ("0.004", "0.002", "0.001")]
    assert next_act(steps, "0.008", RULES) is None
    assert bracket(steps, "0.008") == Bracket(None, "0.001", "refuted")


def test_the_noiseless_queue_is_found_in_few_steps() -> None:
    steps = searched()
    assert len([one for one in steps if one.purpose == "step"]) <= 4
    assert 0.93 * 769.74 < float(confirmed(steps) or 0) < 750


def test_a_search_record_replays_and_a_step_that_was_not_asked_for_is_found() -> None:
    steps = searched()
    assert deviation(steps, CAPACITY, RULES) is None
    assert deviation([*steps[:1], step("749.9"), *steps[2:]], CAPACITY, RULES) == 1
    assert deviation([*steps, steps[-1]], CAPACITY, RULES) == len(steps)
    assert deviation([steps[0], *steps[-1:]], CAPACITY, RULES) == 1


ANSWER = st.sampled_from(["certified", "refuted", "undetermined", "generator-limited"])
ANSWERS = st.lists(st.tuples(ANSWER, st.none() | st.integers(1, 5_000_000)), min_size=40, max_size=40)


@settings(max_examples=150, deadline=None)
@given(ANSWERS, st.fractions(Fraction(1, 50), 50_000), st.booleans())
def test_whatever_the_answers_the_search_ends_and_replays_from_its_documents(answers: list, capacity: Fraction, bounded: bool) -> None:
    top, steps, replies = rate_text(capacity), [], iter(answers)
    while (act := next_act(steps, top, RULES, bounded=bounded)) is not None:
        answer, quantile = next(replies)
        steps.append(step(act.rate_per_s, purpose=act.purpose, answer=answer, quantile_ppm=quantile))
    read = [Step.read(one.canonical()) for one in steps]
    assert deviation(read, top, RULES, bounded=bounded) is None
    rates = [one.rate_per_s for one in read if one.purpose == "step"]
    assert len(rates) == len(set(rates)) <= RULES.most_steps
    assert not bounded or all(Fraction(rate) < Fraction(top) for rate in rates)
    ends = bracket(read, top, bounded=bounded)
    assert ends.lo is None or ends.hi is None or Fraction(ends.lo) < Fraction(ends.hi)
    assert confirmed(read) in (None, ends.lo)


@given(st.fractions(Fraction(1, 1000), 10**6))
def test_rounded_rates_are_decimals_within_a_thousandth_on_the_asked_side(rate: Fraction) -> None:
    down, up = Fraction(rate_text(rate)), Fraction(rate_text(rate, up=True))
    assert down <= rate <= up
    assert up - down <= max(rate / 1000, Fraction(1, 10**6))
    assert step(rate_text(rate)).canonical() == Step.read(step(rate_text(rate)).canonical()).canonical()


@pytest.mark.parametrize(
    ("rate", "text"),
    [("1000", "1000"), ("12345", "12340"), ("769.7123", "769.7"), ("9.99999", "9.999"), ("0.00123456", "0.001234"), ("99.996", "99.99")],
)
def test_rates_have_four_significant_digits(rate: str, text: str) -> None:
    assert rate_text(Fraction(rate)) == text


def test_a_chunk_shorter_than_what_is_dropped_is_refused() -> None:
    with pytest.raises(ValidationError, match="longer than what is dropped"):
        SearchRules(chunk_ns=2_000_000_000)


# -- What a step says ---------------------------------------------------------------------------------------------------------------------


def test_failures_count_as_over_the_limit() -> None:
    answered = np.array([True, True, False, True])
    chunk = Chunk(np.array([1, 30_000_000, 1, 2]), answered)
    assert tally(chunk, LEVEL) == Tally(4, 2, tally(chunk, LEVEL).effective)


def test_the_quantile_is_an_order_statistic_over_all_rows_and_none_on_a_failure() -> None:
    latencies = np.arange(1, 1001) * 20_000
    all_of_them = np.ones(1000, np.bool_)
    assert step_of("5", [Chunk(latencies, all_of_them)], LEVEL, RULES).quantile_ppm == 990_000
    eleven_failed = np.arange(1000) >= 11
    assert step_of("5", [Chunk(latencies, eleven_failed)], LEVEL, RULES).quantile_ppm is None
    assert step_of("5", [], LEVEL, RULES).quantile_ppm is None


def test_a_limited_generator_answers_for_the_step() -> None:
    chunk = Chunk(np.ones(1000, np.int64), np.ones(1000, np.bool_))
    assert step_of("5", [chunk], LEVEL, RULES).answer == "certified"
    assert step_of("5", [chunk], LEVEL, RULES, limited=True).answer == "generator-limited"


def test_a_confirmation_asks_for_more_than_a_step() -> None:
    counts = [Tally(1000, 5, 1000)]
    rules = RULES.model_copy(update={"step_confidence_permille": 900})
    assert step_answer(counts, LEVEL, rules) == "certified"
    assert step_answer(counts, LEVEL, rules, "confirm") == "undetermined"


def test_a_decided_step_ends_at_once() -> None:
    assert finished([Tally(6_500, 0, 700)], LEVEL, RULES)
    assert finished([Tally(6_500, 3_000, 100)], LEVEL, RULES)
    assert not finished([Tally(6_500, 50, 250)], LEVEL, RULES)


@pytest.mark.parametrize(("over", "ends"), [(50, False), (100, True)], ids=["half of what is allowed", "all that is allowed"])
def test_a_step_without_hope_ends_after_the_least_time_and_not_before(over: int, ends: bool) -> None:
    chunks = RULES.least_step_ns // RULES.chunk_ns
    assert finished([Tally(10_000, over, 50)] * chunks, LEVEL, RULES) == ends
    assert not finished([Tally(10_000, over, 50)] * (chunks - 1), LEVEL, RULES)


def test_the_longest_step_ends_undecided() -> None:
    chunks, close = RULES.longest_step_ns // RULES.chunk_ns, Tally(10_000, 67, 200)
    assert step_answer([close] * chunks, LEVEL, RULES) == "undetermined"
    assert finished([close] * chunks, LEVEL, RULES)
    assert not finished([close] * (chunks - 1), LEVEL, RULES)


# -- The shape of the level ----------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 500)), min_size=1, max_size=12))
def test_the_monotone_fit_agrees_with_an_independent_library(rows: list[tuple[int, int]]) -> None:
    values, weights = [Fraction(value) for value, _ in rows], [weight for _, weight in rows]
    expected = isotonic_regression([float(value) for value in values], weights=weights).x
    assert [float(value) for value in pooled(values, weights)] == pytest.approx(list(expected), rel=1e-9, abs=1e-9)


def test_steps_at_one_rate_are_fitted_as_one_and_limited_ones_not_at_all() -> None:
    steps = [step("500"), step("500", over=65), failed("700", answer="generator-limited")]
    (only,) = monotone_fit(steps)
    assert (only.share, only.effective) == (Fraction(65, 13_000), 1400)


def test_shares_that_fall_by_chance_are_no_finding_and_by_more_are() -> None:
    def seen(over: int) -> bool:
        return shape([step("500"), step("600", over=over), step("700"), failed("800")], "700", "800", CAPACITY).not_monotone

    assert not seen(10)
    assert seen(650)


def test_a_level_lost_all_at_once_is_a_cliff_and_one_that_bends_is_not() -> None:
    below = [step("500"), step("590")]
    assert shape([*below, failed("605", over=2_000)], "590", "605", CAPACITY).cliff
    assert not shape([*below, failed("605", over=130)], "590", "605", CAPACITY).cliff


def test_a_jump_at_the_capacity_is_saturation_and_no_cliff() -> None:
    assert not shape([step("500"), step("980"), failed("1000", over=6_000)], "980", "1000", CAPACITY).cliff


@pytest.mark.parametrize(("rate", "is_cliff"), [("610", True), ("980", False)])
def test_a_backlog_well_below_the_capacity_is_a_cliff(rate: str, is_cliff: bool) -> None:
    collapsed = failed(rate, effective=2, over=6_500, over_saturated=True)
    assert shape([step("500"), step("600"), collapsed], "600", rate, CAPACITY).cliff == is_cliff


def test_without_a_refuted_end_there_is_no_cliff() -> None:
    steps = [step("590"), failed("605", over=2_000, answer="undetermined")]
    assert not shape(steps, "590", "605", CAPACITY).cliff
    assert not shape(steps[:1], "590", None, CAPACITY).cliff
