"""A committee asks, and sees for every configuration what its runs answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.registry.publication import publish_builtin, publish_methodology
from lynxweb.review.deciding_questions import (
    requirement_for,
)
from lynxweb.review.models.decisions import RequirementVersion
from lynxweb.review.requirements import publish_requirement, supersede_requirement
from lynxweb.review.withdrawal import withdraw
from tests import builders
from tests.builders import seen
from tests.contract import asked as documents
from tests.contract import grown
from tests.contract.asked import offered
from tests.registry.world import BECAUSE, bundle_of, upload
from tests.review.committee import Committee, measured, problems, required, superseding
from tests.review.people import WRONG, asked


def test_a_requirement_is_published_once_and_its_event_attaches_the_document(by: Committee) -> None:
    content = documents.requirement(organisation=by.organisation).canonical()
    first = publish_requirement(by.first, content, **asked())
    again = publish_requirement(by.first, content, **asked())
    assert (first.created, again.created, first.position) == (True, False, again.position)
    event = Event.objects.get(seq=first.position)
    assert (event.action, event.object_type, event.object_id, event.object_rev) == ("requirement.publish", "requirement", first.digest, 1)
    assert leaf_fields(event.leaf)["payload"] == first.digest


def test_a_quick_methodology_is_refused_as_evidence(by: Committee) -> None:
    quick = builders.methodology(load__loop="open", load__process="poisson", load__concurrency=None, load__rate_per_s="20")
    publish_methodology(by.first, quick.canonical(), reason=BECAUSE)
    content = documents.requirement(quick, organisation=by.organisation).canonical()
    assert "R-07" in problems(publish_requirement, by.first, content, **asked()) and not RequirementVersion.objects.exists()


def test_one_asks_for_the_own_organisation(by: Committee) -> None:
    content = documents.requirement(organisation="org_b").canonical()
    assert problems(publish_requirement, by.first, content, **asked()) == {"another-organisation"}


def test_a_secret_does_not_enter_a_requirement(by: Committee) -> None:
    content = documents.requirement(organisation=by.organisation, constraints="ask somebody@example.org").canonical()
    assert problems(publish_requirement, by.first, content, **asked()) == {"canary"}


def test_only_a_committee_asks(by: Committee) -> None:
    manager = replace(by.first, roles=frozenset({Role.MANAGER.value, Role.ADMINISTRATOR.value}))
    content = documents.requirement(organisation=by.organisation).canonical()
    with pytest.raises(Forbidden):
        publish_requirement(manager, content, **asked())


def test_a_later_version_takes_the_place_of_the_newest_alone(by: Committee) -> None:
    first = required(by)
    second = supersede_requirement(by.first, first, superseding(by, first, title="Second"), **asked())
    assert Event.objects.get(seq=second.position).action == "requirement.supersede"
    assert leaf_fields(Event.objects.get(seq=second.position).leaf)["before"] == first
    assert problems(supersede_requirement, by.first, first, superseding(by, first, title="Third"), **asked()) == {"superseded-already"}
    assert [card.digest for card in requirement_for(by.first, first).versions] == [second.digest, first]
    assert requirement_for(by.first, first).card.superseded_by == second.digest and not requirement_for(by.first, first).may_decide


def test_a_version_names_what_it_supersedes(by: Committee) -> None:
    first = required(by)
    assert problems(supersede_requirement, by.first, first, superseding(by, "a" * 64), **asked()) == {"supersedes"}
    assert problems(publish_requirement, by.first, superseding(by, first), **asked()) == {"supersedes"}


def test_the_matrix_gives_each_configuration_its_answer(by: Committee) -> None:
    digest = required(by)
    assert requirement_for(by.first, digest).matrix == ()
    run = measured(by)
    slow = measured(by, offered(service_ns=24_000_000, what=grown.executor(hw__product_name=seen("slow"))))
    rows = {row.answer.runs: row.answer.answer for row in requirement_for(by.first, digest).matrix}
    assert rows == {(run,): "meets", (slow,): "fails"}


def test_a_candidate_with_nothing_but_a_quick_run_is_no_evidence_with_its_code(by: Committee) -> None:
    publish_methodology(by.first, builders.methodology().canonical(), reason=BECAUSE)
    quick = upload(by.site, bundle_of(by.site)).run_digest
    (row,) = requirement_for(by.first, required(by)).matrix
    assert row.answer.answer == "no_evidence" and ("R-07", quick) in {(one.code, one.run) for one in row.answer.refused}


def test_a_run_that_was_not_declared_is_no_evidence(by: Committee) -> None:
    open_to_all = documents.methodology("20", undeclared_allowed=True)
    publish_methodology(by.first, open_to_all.canonical(), reason=BECAUSE)
    content = documents.requirement(open_to_all, organisation=by.organisation).canonical()
    digest = publish_requirement(by.first, content, **asked()).digest
    measured(by, offered(undeclared_allowed=True), declared=False)
    (row,) = requirement_for(by.first, digest).matrix
    assert row.answer.answer == "no_evidence" and {one.code for one in row.answer.refused} == {"undeclared"}


def test_a_withdrawn_run_is_named_with_its_successor(by: Committee) -> None:
    first, second = measured(by), measured(by, offered(service_ns=5_100_000))
    withdraw(by.first, first, replacement=second, **{**asked(), "reason": WRONG})
    (row,) = requirement_for(by.first, required(by)).matrix
    assert row.answer.runs == (second,) and [(one.code, one.run, one.successor) for one in row.answer.refused] == [("R-25", first, second)]


def test_a_run_with_overload_at_the_point_is_judged_by_its_findings(by: Committee) -> None:
    measured(by, offered(service_ns=60_000_000))
    (row,) = requirement_for(by.first, required(by)).matrix
    assert row.answer.answer == "fails" and {one.code for one in row.answer.reasons} >= {"refuted-by-certificate"}


def test_a_run_under_the_methodology_that_comes_with_lynxweb_is_accepted_and_answers(by: Committee) -> None:
    publish_builtin()
    told = documents.builtin_evidence()
    level = {"metric": "latency_p99@1", "percentile_permille": 990, "limit_ns": 2_000_000}
    asking = documents.requirement(told.how, organisation=by.organisation, slo=level, rate_milli_per_s=500_000)
    digest = publish_requirement(by.first, asking.canonical(), **asked()).digest
    run = measured(by, told, members=documents.builtin_quality_members(told))
    (row,) = requirement_for(by.first, digest).matrix
    assert (row.answer.answer, row.answer.runs) == ("meets", (run,))
