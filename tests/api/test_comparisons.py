"""Two comparable runs get numbers under a permalink; a refused pair gets every reason and not one number."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from lynxweb.registry.models import Run
from lynxweb.registry.models_comparisons import StoredComparison
from tests import builders
from tests.api.calling import get, post, run_of
from tests.registry.world import World, bundle_of, changed

INT8 = builders.executor(precision__weights=builders.seen("int8"), precision__activations=builders.seen("int8"))
OTHER_RUNTIME = builders.executor(sw__runtime__name=builders.seen("torch-eager"))


@pytest.fixture
def pair(site: World) -> tuple[str, str]:
    """An fp32 run under each of two runtimes."""
    return run_of(site, bundle_of(site, 1)), run_of(site, bundle_of(site, 2, what=OTHER_RUNTIME))


@pytest.fixture
def refused_pair(site: World) -> tuple[str, str]:
    """An fp32 run and an int8 run, never comparable under iso-precision."""
    return run_of(site, bundle_of(site, 3)), run_of(site, bundle_of(site, 4, what=INT8))


def ask(site: World, pair: tuple[str, str], policy: str = "iso-precision", **more: Any) -> Any:
    return post(site.token, "comparisons", {"a": pair[0], "b": pair[1], "policy": policy, **more})


def test_two_runtimes_at_equal_precision_get_numbers_and_a_permalink(site: World, pair: tuple[str, str]) -> None:
    response = ask(site, pair)
    told = response.json()
    assert response.status_code == 200 and told["verdict"] == "comparable_with_declared_differences"
    assert told["metrics"][0]["definition"] == "latency_p50@1" and told["metrics"][0]["ratio_low"]
    assert get(site.token, f"comparisons/{told['digest']}").json() == told


def test_the_same_question_again_stores_nothing_new(site: World, pair: tuple[str, str]) -> None:
    first, again = ask(site, pair).json(), ask(site, pair, "iso-precision@1").json()
    assert first == again and StoredComparison.objects.count() == 1


def test_a_refused_pair_answers_422_with_every_reason(site: World, refused_pair: tuple[str, str]) -> None:
    response = ask(site, refused_pair)
    told = response.json()
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert told["verdict"] == "not_comparable" and {"executor.precision.weights", "executor.precision.activations"} <= {
        reason["path"] for reason in told["reasons"]
    }
    assert all(reason["rule"] and reason["remedy"] for reason in told["reasons"])


def test_a_refused_pair_is_not_stored(site: World, refused_pair: tuple[str, str]) -> None:
    ask(site, refused_pair)
    assert StoredComparison.objects.count() == 0


def test_a_refusal_holds_no_metric_value_of_any_run(site: World, pair: tuple[str, str], refused_pair: tuple[str, str]) -> None:
    text = ask(site, (pair[0], refused_pair[1])).content.decode()
    assert json.loads(text)["nearest"], "there are comparable pairs to name"
    for value in every_value_of_every_run():
        assert not re.search(rf"(?<![0-9a-f]){re.escape(value)}(?![0-9a-f])", text), value


def every_value_of_every_run() -> set[str]:
    """All stated values, intervals and trial values, as text; at least five characters, so that a digest cannot hold one by chance."""
    found: set[str] = set()
    for run in Run.objects.all():
        for row in run.metrics.all():
            stated = json.loads(bytes(row.stated))
            found |= {stated["value"], stated["ci_low"], stated["ci_high"], *stated["trial_values"]}
    values = {value for value in found if value and len(value) >= 5}
    assert len(values) > 20
    return values


def test_a_refusal_names_the_nearest_pairs_that_may_be_compared(site: World, pair: tuple[str, str], refused_pair: tuple[str, str]) -> None:
    near = ask(site, (pair[0], refused_pair[1])).json()["nearest"]
    assert {"a": pair[0], "b": pair[1]}.items() <= next(one for one in near if one["b"] == pair[1]).items()
    assert all(set(one) == {"a", "b", "a_label", "b_label", "policy", "verdict"} for one in near)


def test_an_unknown_policy_is_refused_with_the_known_ones(site: World, pair: tuple[str, str]) -> None:
    response = ask(site, pair, "fastest-wins")
    assert response.status_code == 422 and "iso-precision" in response.json()["errors"][0]["expected"]


def test_an_unknown_field_is_an_error(site: World, pair: tuple[str, str]) -> None:
    response = ask(site, pair, force=True)
    assert response.status_code == 400 and response.json()["errors"][0]["path"] == "force"


def test_an_unknown_run_is_404(site: World, pair: tuple[str, str]) -> None:
    assert ask(site, (pair[0], "0" * 64)).status_code == 404


def test_a_stored_comparison_shows_no_number_once_a_run_no_longer_stands(site: World, pair: tuple[str, str]) -> None:
    permalink = ask(site, pair).json()["digest"]
    changed(pair[1], Action.RUN_WITHDRAW, state="withdrawn")
    response = get(site.token, f"comparisons/{permalink}")
    assert response.status_code == 422 and [reason["code"] for reason in response.json()["reasons"]] == ["R-25"]
    assert "metrics" not in response.json()
