"""Files and functions stay small: median module under 80 lines, nine in ten under 200, never above 400; no function above 50."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator, Sequence

from tests.architecture.sources import EVERYTHING, PACKAGES, functions, hand_written, place

LONGEST_FILE, LONGEST_FUNCTION = 400, 50
MEDIAN_BELOW, NINE_IN_TEN_BELOW = 80, 200


def too_long_file(name: str, source: str) -> Iterator[str]:
    lines = len(source.splitlines())
    if lines > LONGEST_FILE:
        yield f"{name}: {lines} lines, at most {LONGEST_FILE}; make it a folder"


def too_long_functions(name: str, source: str) -> Iterator[str]:
    for function in functions(ast.parse(source)):
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield f"{name}:{function.lineno} {function.name}: {lines} lines, at most {LONGEST_FUNCTION}"


def too_large_as_a_whole(lengths: Sequence[int]) -> Iterator[str]:
    median, ninth = statistics.median(lengths), statistics.quantiles(lengths, n=10)[-1]
    if median >= MEDIAN_BELOW:
        yield f"median module {median} lines, must be below {MEDIAN_BELOW}"
    if ninth >= NINE_IN_TEN_BELOW:
        yield f"one module in ten has {ninth:.0f} lines or more, must be below {NINE_IN_TEN_BELOW}"


def test_no_file_is_longer_than_the_hard_stop() -> None:
    assert [line for path in hand_written(*EVERYTHING) for line in too_long_file(place(path), path.read_text("utf-8"))] == []


def test_no_function_is_longer_than_the_hard_stop() -> None:
    assert [line for path in hand_written(*EVERYTHING) for line in too_long_functions(place(path), path.read_text("utf-8"))] == []


def test_modules_are_small_as_a_whole() -> None:
    assert list(too_large_as_a_whole([len(path.read_text("utf-8").splitlines()) for path in hand_written(*PACKAGES)])) == []


def test_a_file_of_401_lines_is_refused() -> None:
    assert list(too_long_file("big.py", "x = 1\n" * 401)) and not list(too_long_file("fits.py", "x = 1\n" * 400))


def test_a_method_of_51_lines_is_refused() -> None:
    body = "        x = 1\n"
    assert list(too_long_functions("a.py", "class A:\n    def f(self):\n" + body * 50))
    assert not list(too_long_functions("a.py", "class A:\n    def f(self):\n" + body * 49))


def test_a_tree_of_large_modules_is_refused() -> None:
    assert len(list(too_large_as_a_whole([90] * 50 + [300] * 50))) == 2
    assert not list(too_large_as_a_whole([40] * 95 + [300] * 5))
