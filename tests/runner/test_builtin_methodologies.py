"""The built-in methodologies are the committed bytes, and those are what the workload's digests give."""

from __future__ import annotations

import pytest

from runner.contract.builtin import builtin
from runner.contract.methodology import Methodology
from runner.contract.schedules import requests_in
from runner.methodology_recipe import documents
from runner.session.workload import workload_of
from runner.workloads import open_workload


def test_the_committed_documents_are_those_of_the_workload() -> None:
    assert builtin() == {name: document.canonical() for name, document in documents(open_workload("digits-cnn")).items()}


@pytest.mark.parametrize("name", [name for name in builtin() if name.startswith("digits-quick")])
def test_each_is_a_quick_look_named_by_its_file(name: str) -> None:
    methodology = Methodology.read(builtin()[name])
    assert (methodology.name, methodology.kind, methodology.undeclared_allowed) == (name, "quick", True)


def test_the_quick_looks_differ_in_load_and_latency_budget_alone() -> None:
    quick, *others = (Methodology.read(content) for name, content in sorted(builtin().items()) if name.startswith("digits-quick"))
    assert len(others) == 3
    for other in others:
        assert {block for block, found in quick.block_digests.items() if found != other.block_digests[block]} <= {"load", "slo"}


@pytest.mark.parametrize("name", ["digits-inference-cpu", "digits-inference-gpu", "digits-sustained"])
def test_evidence_for_a_decision_is_declared_first_and_audited(name: str) -> None:
    methodology = Methodology.read(builtin()[name])
    assert methodology.kind == "inference" and not methodology.undeclared_allowed
    assert "quality-in-performance" in methodology.protocol.audits


def test_energy_is_measured_with_a_rest_whose_power_is_subtracted() -> None:
    for name, scope in (("digits-inference-cpu", "cpu_package"), ("digits-inference-gpu", "gpu_board")):
        protocol = Methodology.read(builtin()[name]).protocol
        assert protocol.energy.scope == scope and protocol.energy.idle_subtraction and protocol.idle_ns >= 60 * 10**9


def test_the_open_loop_asks_for_as_many_requests_as_its_rate_gives() -> None:
    load = Methodology.read(builtin()["digits-quick-poisson"]).load
    assert load.rate_per_s is not None
    assert requests_in(load.rate_per_s, 5 * 10**9) == 2_500


def test_the_workload_of_each_is_found_with_exactly_its_digests() -> None:
    assert {workload_of(Methodology.read(content)).name for content in builtin().values()} == {"digits-cnn"}
