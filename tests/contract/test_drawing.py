"""A draw follows from the candidates and a public value alone, and nobody can steer it by how they list them."""

from __future__ import annotations

import hashlib

import pytest

from runner.contract.drawing import draw

CANDIDATES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(20)]


def test_the_pick_is_the_lowest_digest_of_seed_line_feed_and_candidate() -> None:
    expected = min(CANDIDATES, key=lambda one: hashlib.sha256(f"round 4711\n{one}".encode()).hexdigest())
    assert draw(CANDIDATES, "round 4711") == (expected,)


def test_a_known_draw_stays_as_it_is() -> None:
    assert draw(["a", "b", "c"], "7", 2) == ("c", "b")


def test_order_repeats_and_blanks_change_nothing() -> None:
    assert draw([*reversed(CANDIDATES), CANDIDATES[3]], " round 4711\n", 3) == draw(CANDIDATES, "round 4711", 3)


def test_another_value_picks_another_run_as_often_as_chance_has_it() -> None:
    picks = [draw(CANDIDATES, f"round {number}")[0] for number in range(2000)]
    assert all(60 <= picks.count(candidate) <= 145 for candidate in CANDIDATES)  # 100 expected, six standard deviations below 160


@pytest.mark.parametrize(("seed", "count"), [("", 1), ("  ", 1), ("7", 0), ("7", 21)])
def test_nothing_is_drawn_without_a_value_or_beyond_the_candidates(seed: str, count: int) -> None:
    with pytest.raises(ValueError, match="seed|count"):
        draw(CANDIDATES, seed, count)
