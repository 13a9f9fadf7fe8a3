"""Numbers as people type them into a form, as the exact integers and decimal strings that documents hold; never through floats."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from runner.contract.problems import Problem

_NUMBER = re.compile(r"[0-9]{1,12}([.,][0-9]{1,9})?")


def number(text: str) -> Fraction | None:
    """The exact value of a typed number, with a point or a comma; None for anything else."""
    typed = text.strip()
    return Fraction(typed.replace(",", ".")) if _NUMBER.fullmatch(typed) else None


def scaled(path: str, text: str, factor: int, what: str, wrong: list[Problem]) -> int:
    """The typed number times `factor` as an integer; a problem is added to `wrong`, and the answer is 0, where it is none or too fine."""
    value = number(text)
    if value is None or (value * factor).denominator != 1:
        wrong.append(Problem(path, text.strip()[:40] or "nothing", what, "type a plain number", "number"))
        return 0
    return int(value * factor)


def share(path: str, text: str, wrong: list[Problem]) -> str:
    """A typed percentage as the decimal string of a share: `99.5` is `0.995`."""
    ppb = scaled(path, text, 10**7, "a percentage such as 99.5", wrong)
    whole, rest = divmod(ppb, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")


def plain(value: Fraction) -> str:
    """An exact value with a finite decimal form, as somebody would have typed it."""
    return f"{(Decimal(value.numerator) / value.denominator).normalize():f}"
