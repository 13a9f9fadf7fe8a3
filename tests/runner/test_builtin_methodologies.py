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


@pytest.mark.parametrize("name", ["digits-quick", "digits-quick-poisson"])
def test_each_is_a_quick_look_named_by_its_file(name: str) -> None:
    methodology = Methodology.read(builtin()[name])
    assert (methodology.name, methodology.kind, methodology.undeclared_allowed) == (name, "quick", True)


def test_they_differ_in_load_alone() -> None:
    one, other = (Methodology.read(content) for content in builtin().values())
    assert [block for block, found in one.block_digests.items() if found != other.block_digests[block]] == ["load"]


def test_the_open_loop_asks_for_as_many_requests_as_its_rate_gives() -> None:
    load = Methodology.read(builtin()["digits-quick-poisson"]).load
    assert load.rate_per_s is not None
    assert requests_in(load.rate_per_s, 5 * 10**9) == 2_500


def test_the_workload_of_each_is_found_with_exactly_its_digests() -> None:
    assert {workload_of(Methodology.read(content)).name for content in builtin().values()} == {"digits-cnn"}
