"""A load curve is a step function through what was measured, and refuses to guess beyond it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.contract.load_curve import LoadCurve, Point
from runner.contract.problems import Problems

POINTS = (
    Point("100", "5", "4", "6", "certified"),
    Point("200", "7", "6", "9", "certified"),
    Point("400", "6.5", "6", "8", "undetermined"),
    Point("800", "90", "70", "120", "refuted"),
)
CURVE = LoadCurve.of(POINTS)


@pytest.mark.parametrize(("rate", "measured"), [("100", "100"), ("150.5", "100"), ("199.999", "100"), ("200", "200"), ("799", "400"), ("800", "800")])
def test_the_measured_point_of_the_lower_load_holds(rate: str, measured: str) -> None:
    assert CURVE.at(rate).rate_per_s == measured


@pytest.mark.parametrize("rate", ["800.001", "10000", "99.999", "0.001"])
def test_beyond_the_outer_points_there_is_a_refusal_and_no_guess(rate: str) -> None:
    with pytest.raises(Problems) as caught:
        CURVE.at(rate)
    assert caught.value.codes == ("R-41",)
    assert "100 to 800" in str(caught.value)
    assert not CURVE.covers(rate)


def test_a_curve_of_one_point_speaks_for_that_load_alone() -> None:
    one = LoadCurve.of(POINTS[:1])
    assert one.at("100") == POINTS[0]
    assert not one.covers("101")


def test_both_measured_neighbours_can_be_asked_for() -> None:
    assert CURVE.bounds("300") == (POINTS[1], POINTS[2])
    assert CURVE.bounds("400") == (POINTS[2], POINTS[2])
    assert CURVE.bounds("800") == (POINTS[3], POINTS[3])


def test_values_may_fall_with_the_load_and_stay_as_measured() -> None:
    assert [CURVE.at(rate).value for rate in ("100", "200", "400", "800")] == ["5", "7", "6.5", "90"]


def test_the_order_in_which_points_arrive_does_not_matter() -> None:
    assert LoadCurve.of(reversed(POINTS)) == CURVE


def test_rates_are_ordered_as_numbers_and_not_as_text() -> None:
    assert [point.rate_per_s for point in LoadCurve.of([Point("1000", "2"), Point("90", "1")]).points] == ["90", "1000"]


@pytest.mark.parametrize(
    ("points", "place"),
    [
        ((), "curve.points"),
        ((POINTS[0], replace(POINTS[1], rate_per_s="100.0")), "curve.points"),
        ((replace(POINTS[0], value="3"),), "curve.points.value"),
        ((replace(POINTS[0], value="6.1"),), "curve.points.value"),
        ((replace(POINTS[0], rate_per_s="0"),), "curve.points.rate_per_s"),
    ],
    ids=["none", "a rate twice", "under its interval", "over its interval", "rate 0"],
)
def test_points_that_contradict_themselves_are_refused(points: tuple[Point, ...], place: str) -> None:
    with pytest.raises(Problems) as caught:
        LoadCurve.of(points)
    assert [problem.path for problem in caught.value.problems] == [place]


def test_a_point_without_an_interval_stays_without_one() -> None:
    assert LoadCurve.of([Point("100", "5")]).at("100").low is None


def test_the_cliff_label_stays_with_the_curve() -> None:
    assert LoadCurve.of(POINTS, cliff=True).cliff
    assert not CURVE.cliff


def test_a_certified_point_beyond_a_failure_does_not_count() -> None:
    assert CURVE.highest_certified() == POINTS[1]
    lucky = (*POINTS[:3], replace(POINTS[3], answer="certified"))
    assert LoadCurve.of(lucky).highest_certified() == POINTS[1]
    assert LoadCurve.of(POINTS[2:]).highest_certified() is None


@given(st.sets(st.integers(1, 10_000), min_size=1, max_size=20), st.fractions(1, 10_000))
def test_the_answer_is_always_a_measured_point_at_or_under_the_load(rates: set[int], rate: Fraction) -> None:
    curve = LoadCurve.of(Point(str(one), "1") for one in rates)
    asked = f"{float(rate):.3f}"
    if curve.covers(asked):
        assert int(curve.at(asked).rate_per_s) == max(one for one in rates if one <= Fraction(asked))
    else:
        assert not min(rates) <= Fraction(asked) <= max(rates)
