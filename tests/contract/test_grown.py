"""A document that grew: old ones keep their bytes and digests, and one meaning keeps one spelling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.contract.canonical import MOST_PROBLEMS, encode, sha256
from runner.contract.fields import Document, Grown
from runner.contract.loads import Load
from runner.contract.methodology import Gates, Methodology, Protocol, Slo
from runner.contract.problems import Problems
from runner.contract.run import MetricValue, OperatingPoint, Run, Trial, Withheld
from runner.contract.search import SearchRules
from tests.builders import methodology, methodology_tree, run, samples
from tests.contract.grown import board, mix, searched, stream, sweep

VECTORS = Path(__file__).parent / "vectors"
MODELS: tuple[type[Grown], ...] = (Load, Protocol, Slo, Gates, Trial, MetricValue, Withheld, OperatingPoint, Run)
LATER = [(model, name) for model in MODELS for name in sorted(model.LATER)]
OLD = json.loads((VECTORS / "run.v1.json").read_bytes())
# A document of each model from before it grew.
PLAIN: dict[type[Grown], dict[str, Any]] = {
    Load: methodology_tree()["load"], Protocol: methodology_tree()["protocol"], Slo: methodology_tree()["slo"], Gates: {},
    Trial: OLD["trials"][0], MetricValue: OLD["operating_points"][0]["metrics"][0], OperatingPoint: OLD["operating_points"][0], Run: OLD,
    Withheld: {"definition": "latency_p99@1", "reason": "too-few-requests", "requests_needed": 662, "requests_fewest": 1},
}  # fmt: skip


def default_of(model: type[Grown], name: str) -> Any:
    value = model.model_fields[name].get_default(call_default_factory=True)
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("model", MODELS)
def test_a_document_from_before_its_growth_keeps_its_bytes(model: type[Grown]) -> None:
    content = encode(PLAIN[model])
    assert json.loads(model.read(content).canonical()).keys() - PLAIN[model].keys() == model.model_fields.keys() - model.LATER - PLAIN[model].keys()
    if model is not Gates:
        assert model.read(content).canonical() == content


@pytest.mark.parametrize(("model", "name"), LATER)
def test_a_later_field_written_out_at_its_default_is_refused(model: type[Grown], name: str) -> None:
    with pytest.raises(Problems, match="left out where there is nothing to say"):
        model.read(encode(PLAIN[model] | {name: default_of(model, name)}))


@pytest.mark.parametrize(("model", "name"), LATER)
def test_a_later_field_is_known_to_its_model_and_has_a_default(model: type[Grown], name: str) -> None:
    assert name in model.model_fields and not model.model_fields[name].is_required()


@pytest.mark.parametrize(("model", "name"), LATER)
def test_a_program_may_hand_over_a_default_and_the_bytes_do_not_show_it(model: type[Grown], name: str) -> None:
    old = model.read(encode(PLAIN[model]))
    assert old.model_copy(update={name: getattr(old, name)}).canonical() == old.canonical()
    assert name not in json.loads(old.canonical())


@pytest.mark.parametrize("told", [stream, board, sweep, searched, mix])
def test_a_run_and_its_methodology_survive_the_way_to_bytes_and_back(told: Any) -> None:
    for document in (told().run, told().how):
        again = type(document).read(document.canonical())
        assert again == document and again.canonical() == document.canonical()


@pytest.mark.parametrize("told", [stream, board, sweep, searched, mix])
def test_another_spelling_of_the_same_run_is_refused(told: Any) -> None:
    content = told().run.canonical()
    for other in (json.dumps(json.loads(content)).encode(), content + b"\n", content.replace(b'"trials":[', b'"trials": [', 1)):
        with pytest.raises(Problems, match="another spelling"):
            Run.read(other)


def test_a_methodology_without_later_fields_keeps_its_digest_and_its_blocks() -> None:
    content = (VECTORS / "methodology.v1.json").read_bytes()
    assert Methodology.read(content).sha256 == sha256(content)
    later = methodology(gates={"max_drift_ppm": 19_999})
    assert later.block_digests == methodology().block_digests and later.sha256 != methodology().sha256
    assert methodology(slo={"metric": "latency_p99@1", "permille": 990, "limit_ns": 9}).block_digests != methodology(
        slo={"metric": "latency_p99@1", "permille": 990, "limit_ns": 9, "least_effective": 9}).block_digests  # fmt: skip


def test_rules_of_a_search_were_never_without_their_fields() -> None:
    """A new model needs no way to leave fields out, and writes all of them."""
    assert not issubclass(SearchRules, Grown)
    assert SearchRules().model_dump(mode="json").keys() == SearchRules.model_fields.keys()


def test_thousands_of_errors_are_told_in_a_hundred_lines_that_are_short() -> None:
    tree = json.loads(run(samples(trials=1), methodology(), stream().what).canonical()) | {f"x{place}": ["y" * 100] * 40 for place in range(1_000)}
    with pytest.raises(Problems) as caught:
        Run.read(encode(tree))
    assert len(caught.value.problems) == MOST_PROBLEMS
    assert all(len(text) <= 500 for problem in caught.value.problems for text in problem.as_dict().values())


@pytest.mark.parametrize("value", [{"a": [1] * 99}, [1] * 99, "x" * 999, 2**52, None, {}, []])
def test_what_was_found_is_told_in_at_most_eighty_characters(value: Any) -> None:
    class One(Document):
        name: bool

    with pytest.raises(Problems) as caught:
        One.read(encode({"name": value}))
    assert 0 < len(caught.value.problems[0].found) <= 80
