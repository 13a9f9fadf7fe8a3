"""What the embedded mode measures and asks, with and without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lynxweb.registry.embedded import light

RUNS = {"torch-eager:fp32": "a" * 64, "onnxruntime:fp32": "b" * 64, "onnxruntime:int8": "c" * 64}


@dataclass
class Answers:
    """A site whose API answers as told."""

    runs: list[dict[str, str]]
    refuses: tuple[str, ...] = ()

    def get(self, path: str) -> Any:
        """Methodologies and runs."""
        if path.startswith("methodologies"):
            return {"results": [{"digest": "m", "methodology": {"name": "digits-quick"}}, {"digest": "o", "methodology": {"name": "other"}}]}
        return {"results": self.runs}

    def post(self, path: str, body: dict[str, str]) -> tuple[int, Any]:
        """A comparison, or a refusal."""
        allowed = body["policy"] not in self.refuses
        return (200, {"digest": "d" * 64, "verdict": "comparable"}) if allowed else (422, {"verdict": "not_comparable"})


def run(digest: str, side: str, validity: str = "valid", methodology: str = "m") -> dict[str, str]:
    """One run of a list."""
    runtime, _, precision = side.partition(":")
    return {"digest": digest, "runtime": runtime, "precision": precision, "validity": validity, "methodology": methodology}


def test_without_torch_only_onnx_runtime_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(light, "find_spec", lambda name: None)
    assert light.wanted_sides() == ["onnxruntime:fp32", "onnxruntime:int8"]


def test_without_torch_the_precision_study_comes_first() -> None:
    site = Answers([])
    runs = {side: digest for side, digest in RUNS.items() if not side.startswith("torch")}
    assert [one.question.split(" ")[0] for one in light.ask(site, runs)] == ["fp32", "fp32"]  # type: ignore[arg-type]


def test_an_allowed_comparison_gets_its_permalink_and_a_refused_one_the_page_that_says_why() -> None:
    answers = light.ask(Answers([], refuses=("iso-precision",)), RUNS)  # type: ignore[arg-type]
    assert [one.path.partition("?")[0] for one in answers] == ["/compare", "/compare/" + "d" * 64, "/compare"]
    assert answers[2].path.endswith(f"a={'b' * 64}&b={'c' * 64}&policy=iso-precision") and answers[2].verdict == "not comparable"


def test_the_newest_valid_run_of_each_side_is_taken_and_an_invalid_one_only_for_want_of_another() -> None:
    listed = [
        run("new", "onnxruntime:fp32", "invalid"), run("old", "onnxruntime:fp32"), run("only", "onnxruntime:int8", "invalid"),
        run("foreign", "torch-eager:fp32", methodology="o"),
    ]  # fmt: skip
    assert light.runs_by_side(Answers(listed)) == {"onnxruntime:fp32": "old", "onnxruntime:int8": "only"}  # type: ignore[arg-type]
    assert light.runs_by_side(Answers(listed), standing=True) == {"onnxruntime:fp32": "old"}  # type: ignore[arg-type]


def test_the_answers_are_remembered(tmp_path: Path) -> None:
    answers = light.ask(Answers([]), RUNS)  # type: ignore[arg-type]
    light.keep(tmp_path / "first-light.json", answers)
    assert light.kept(tmp_path / "first-light.json") == answers and light.kept(tmp_path / "none.json") == []
