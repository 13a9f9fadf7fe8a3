"""Runs on a shelf: what the pages' tests read, accepted by the real intake."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from runner.contract.executor import Executor
from runner.contract.fields import AnyField
from runner.contract.run import Run
from tests import builders
from tests.builders import absent, seen
from tests.registry.world import World, bundle_of, upload


@dataclass(frozen=True)
class Shelf:
    """Digests of three runs; `torch` and `ort` may be compared under iso-precision, `ort` and `int8` only in a precision study."""

    site: World
    torch: str
    ort: str
    int8: str


def executor(runtime: str, precision: str = "fp32", **changes: AnyField) -> Executor:
    """An executor without a board under `runtime`, its model file named after its precision."""
    given: dict[str, AnyField] = {
        "hw__vendor": seen("cpu_only"), "hw__product_name": absent("not_applicable"), "host__cpu__model": seen("Test Processor 9"),
        "host__cpu_governor": absent("unreadable:no-cpufreq"), "sw__runtime__name": seen(runtime), "sw__runtime__version": seen("1.2.3"),
        "precision__weights": seen(precision), "precision__activations": seen(precision),
        "compile__artifact__weights_sha256": seen(("a" if precision == "fp32" else "b") * 64),
    }  # fmt: skip
    return builders.executor(**(given | changes))


def accepted(site: World, what: Executor, scale_ppm: int, seed: int, flips: int = 0, **changes: Any) -> str:
    """The digest of an accepted run whose services spread around 6 ms times `scale_ppm`."""
    table = builders.samples(seed=seed, scale_ppm=scale_ppm, requests=changes.pop("requests", 900))
    return upload(site, bundle_of(site, what=what, table=table, flips=flips, **changes)).run_digest


def fill(site: World) -> Shelf:
    """Accept the three runs."""
    torch = accepted(site, executor("torch-eager"), 1_000_000, 11)
    ort = accepted(site, executor("onnxruntime"), 870_000, 12, requests=1_000)
    int8 = accepted(site, executor("onnxruntime", "int8"), 610_000, 13, flips=1, requests=1_400)
    return Shelf(site, torch, ort, int8)


def text_of(html: str) -> str:
    """What a reader of the page sees, spaces folded."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(bare))


def numbers_of(run: Run) -> set[str]:
    """Every metric value of a run as its document states it."""
    values = [value for point in run.operating_points for value in point.metrics]
    return {text for value in values for text in (value.value, value.ci_low, value.ci_high, *value.trial_values) if text is not None}
