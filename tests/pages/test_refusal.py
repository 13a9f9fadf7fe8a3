"""The refusal page: every reason and the way on, and not one number of the pair."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import pytest
from django.test import Client

from lynxweb.registry import reading
from lynxweb.words import formatting
from runner.contract.effects import metric_comparisons
from runner.contract.reasons import Side
from runner.contract.refusals import REFUSALS
from runner.contract.run import Run
from tests import builders
from tests.builders import seen
from tests.pages.shelf import Shelf, accepted, executor, numbers_of, text_of
from tests.registry.world import World


def refused(reader: Client, a: str, b: str, policy: str = "iso-precision") -> str:
    """The HTML of a refusal."""
    answer = reader.get("/compare", {"a": a, "b": b, "policy": policy})
    assert answer.status_code == 422
    return answer.content.decode()


def told_by(run: Run) -> set[str]:
    """Every text under which a page could show a metric value of a run, raw and written for people."""
    texts = numbers_of(run)
    for point in run.operating_points:
        for value in point.metrics:
            shown, scale = formatting.stated(value, "x"), formatting.scale_of(value)
            texts |= {shown.number, shown.low, shown.high} | {scale.number(Decimal(trial)) for trial in value.trial_values}
    return texts


def derived_from(a: Side, b: Side) -> set[str]:
    """Every ratio and change that a comparison of the pair would have stated."""
    found = metric_comparisons(a, b, ())
    return {
        text
        for one in found
        for text in (
            one.ratio_low,
            one.ratio_high,
            *((one.ratio, formatting.signed(one.change_percent), one.change_percent) if one.ratio and one.change_percent else ()),
        )
        if text is not None
    }


def occurs(text: str, html: str) -> bool:
    """Whether a number stands in a page as a number of its own, not inside a digest, a date, a time of day or another number."""
    return re.search(rf"(?<![0-9a-fA-F.:-]){re.escape(text)}(?![0-9a-fA-F:-]|\.[0-9])", html) is not None


@pytest.fixture
def html(reader: Client, shelf: Shelf) -> str:
    """fp32 against int8 under iso-precision."""
    return refused(reader, shelf.ort, shelf.int8)


def test_the_verdict_comes_first_with_policy_and_codes(html: str) -> None:
    verdict = text_of(html.split('<header class="verdict bad card">')[1].split("</header>", maxsplit=1)[0])
    assert "Iso-precision (P1)" in verdict and "Not comparable" in verdict and "R-42" in verdict


def test_each_differing_field_stands_side_by_side_with_rule_and_remedy(html: str) -> None:
    page = text_of(html)
    assert f"R-42 {REFUSALS['R-42'].rule} What to do: {REFUSALS['R-42'].remedy}." in page
    assert "executor.precision.weights fp32 int8 executor.precision.activations fp32 int8" in page


def test_the_way_on_is_the_other_question_and_the_nearest_pair(html: str, shelf: Shelf) -> None:
    assert '<option value="precision-study@1" selected>' in html
    assert f'href="/compare?a={shelf.ort}&amp;b={shelf.torch}&amp;policy=iso-precision%401"' in html


def test_the_nearest_pair_is_ready(html: str, reader: Client) -> None:
    address = re.search(r'href="(/compare\?a=[^"]+)"', html)
    assert address and reader.get(address[1].replace("&amp;", "&")).status_code == 302


def test_no_number_of_the_pair_is_anywhere_on_a_refusal(reader: Client, site: World) -> None:
    chance = random.Random(7)
    for seed in range(6):
        # Scales keep the values apart from configuration, which a refusal does show.
        digests = [accepted(site, executor("onnxruntime", precision), chance.randint(600_000, 1_900_000), 100 + 2 * seed + place, requests=700)
                   for place, precision in enumerate(("fp32", "int8"))]  # fmt: skip
        html = refused(reader, *digests)
        views = [reading.run_for(site.actor, digest) for digest in digests]
        sides = [Side(view.digest, view.run, view.methodology, view.executor_before, view.quality, "") for view in views]
        numbers = told_by(views[0].run) | told_by(views[1].run) | derived_from(*sides)
        assert len(numbers) > 40
        assert [number for number in sorted(numbers) if occurs(number, html)] == []
        assert not re.search(r'application/json|data-figure|class="metric"|req/s|\bms\b', html)


def test_the_search_for_numbers_can_find_one(reader: Client, shelf: Shelf) -> None:
    run = reading.run_for(shelf.site.actor, shelf.ort).run
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    assert sum(occurs(number, html) for number in told_by(run)) > 10


def test_insufficient_evidence_is_told_apart_from_a_difference(reader: Client, site: World) -> None:
    hidden = {"precision__kv_k": builders.absent("unreadable:no-way")}
    boots = {seed: str(seed) * 64 for seed in (1, 2)}
    pair = [
        accepted(site, executor("onnxruntime", **hidden, host__boot=builders.seen(boot)), 1_000_000, seed, boot=boot) for seed, boot in boots.items()
    ]
    page = text_of(refused(reader, *pair))
    assert (
        "Insufficient evidence" in page
        and f"R-27 {REFUSALS['R-27'].rule}" in page
        and "executor.precision.kv_k unreadable: no way unreadable: no way" in page
    )


def test_a_fallback_alone_may_be_acknowledged_and_the_permalink_says_so(reader: Client, site: World) -> None:
    pair = [accepted(site, executor("onnxruntime", sw__runtime__fallback_ops=seen(count)), 1_000_000, seed) for seed, count in ((1, 0), (2, 3))]
    html = refused(reader, *pair)
    assert "Acknowledge R-12 and compare" in html
    answer = reader.get("/compare", {"a": pair[0], "b": pair[1], "policy": "iso-precision", "ack": "R-12"})
    assert answer.status_code == 302


def test_hostile_text_in_a_refusal_is_text(reader: Client, site: World) -> None:
    nasty = '"><script>alert(1)</script>'
    pair = [
        accepted(site, executor("onnxruntime", precision, host__cpu__model=seen(nasty)), 1_000_000, seed)
        for seed, precision in ((1, "fp32"), (2, "int8"))
    ]
    html = refused(reader, *pair)
    assert "<script>" not in html and "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_refused_pair_leaves_no_permalink(reader: Client, shelf: Shelf, html: str) -> None:
    assert "a refused pair has no permalink" in html and not re.search(r"/compare/[0-9a-f]{64}", html)
