"""A ruling is one event for many runs, issued by one person on another's proposal; the newest one on a run decides whether it is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.audit.actors import SYSTEM, Actor
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.comparing import compare_runs
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import MethodologyVersion, Run
from lynxweb.registry.publication import publish_methodology
from lynxweb.registry.reading import groups_for
from lynxweb.registry.rulings import excluded, rulings_between, rulings_on
from lynxweb.review.noting import notices_on, rulings_register
from lynxweb.review.rulings import issue_ruling, methodologies_terms, next_number, propose_ruling, runs_terms
from runner.contract.problems import Problems
from tests import builders
from tests.registry.world import BECAUSE
from tests.review.people import Cast, asked, published, somebody, submitted, two_persons

TEXT = "the compiler recognises the benchmark and replaces its work"


def auditor(cast: Cast, name: str = "auditor", organisation: str | None = None) -> Actor:
    """An auditor of laboratory b."""
    return somebody(name, organisation or cast.other, Role.AUDITOR)


def terms(*runs: str, outcome: str = "excluded", **changes: Any) -> dict[str, Any]:
    """A ruling on runs."""
    return runs_terms(**{"rule": "2.3 compiler flags", "outcome": outcome, "runs": runs, "text": TEXT} | changes)


def ruled(cast: Cast, *runs: str, outcome: str = "excluded") -> int:
    """The number of a ruling on runs, with the two-person rule off."""
    return issue_ruling(auditor(cast), terms(*runs, outcome=outcome), **asked()).number


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[str]:
    """The codes of every problem."""
    return [problem.code for problem in refused.value.problems]


def reasons(cast: Cast, a: str, b: str) -> list[tuple[str, str, str]]:
    """(code, a, b) of every reason of a refusal."""
    return [(one.code, one.a, one.b) for one in compare_runs(cast.uploader, a, b, "iso-precision").comparison.reasons]


def test_one_event_marks_many_runs_and_changes_none_of_their_rows(cast: Cast) -> None:
    runs = [published(cast, seed) for seed in (1, 2)]
    before = [Run.objects.filter(digest=run).values().get() for run in runs]
    issued = issue_ruling(auditor(cast), terms(*runs), **asked())
    event = Event.objects.get(seq=issued.recorded.seq)
    assert (event.object_type, event.object_id, event.object_rev) == ("ruling", "register", issued.number)
    assert [Run.objects.filter(digest=run).values().get() for run in runs] == before
    assert set(rulings_on(runs)) == set(runs)
    assert excluded(runs) == dict.fromkeys(runs, issued.number)
    assert full_audit().clean and replay_audit() == ()


def test_an_excluded_run_is_refused_with_the_number_of_the_ruling(cast: Cast) -> None:
    a, b = published(cast), submitted(cast, 2)
    assert ("R-25" not in {code for code, *_ in reasons(cast, a, b)}) and len(groups_for(cast.uploader)[0].runs) == 2
    number = ruled(cast, a)
    assert ("R-25", f"excluded by ruling {number}", "standing") in reasons(cast, a, b)
    assert [card.digest for card in groups_for(cast.uploader)[0].runs] == [b]


@pytest.mark.parametrize("outcome", ["noted", "recheck"])
def test_a_ruling_that_only_notes_leaves_the_run_comparable(cast: Cast, outcome: str) -> None:
    a, b = published(cast), submitted(cast, 2)
    ruled(cast, a, outcome=outcome)
    assert "R-25" not in {code for code, *_ in reasons(cast, a, b)}
    assert [(line.source, line.outcome, line.text) for line in notices_on([a])[a]] == [("ruling", outcome, TEXT)]


def test_the_newest_ruling_on_a_run_holds_and_the_earlier_ones_still_show(cast: Cast) -> None:
    run = published(cast)
    first, second = ruled(cast, run), ruled(cast, run, outcome="noted")
    assert (first, second) == (1, 2) and excluded([run]) == {}
    assert [mark.outcome for mark in rulings_on([run])[run]] == ["excluded", "noted"]


def test_the_register_is_read_whole_by_everybody_who_signs_in(cast: Cast) -> None:
    run = published(cast)
    ruled(cast, run)
    line = rulings_register(cast.stranger)[0]
    assert (line.number, line.kind, line.rule, line.outcome, line.runs, line.text) == (1, "runs", "2.3 compiler flags", "excluded", (run,), TEXT)


def test_the_numbers_chain_in_the_log(cast: Cast) -> None:
    run = published(cast)
    ruled(cast, run)
    ruled(cast, run)
    first, second = (leaf_fields(event.leaf) for event in Event.objects.on("ruling", "register"))
    assert (second["prev"], second["before"], second["object"]["rev"]) == (first["seq"], first["after"], 2)
    assert second["basis"] == {"rule": "2.3 compiler flags"}


def test_how_far_two_methodologies_may_be_compared_is_ruled_for_each_metric(cast: Cast) -> None:
    later = builders.methodology(version=2)
    publish_methodology(SYSTEM, later.canonical(), reason=BECAUSE)
    a, b = MethodologyVersion.objects.values_list("digest", flat=True)
    metric = later.primary_metric
    for outcome in ("incompatible", "compatible"):
        issue_ruling(auditor(cast), methodologies_terms(a=b, b=a, metric=metric, outcome=outcome, text=TEXT), **asked())
    assert [one.outcome for one in rulings_between(a, b).values()] == ["compatible"]
    assert rulings_between(a, a) == {}
    assert [line.metric for line in rulings_register(cast.stranger)] == [metric, metric]


def test_with_the_rule_on_one_person_proposes_and_another_issues(cast: Cast) -> None:
    said = terms(published(cast))
    two_persons()
    proposal = propose_ruling(auditor(cast), said, **asked())
    issued = issue_ruling(auditor(cast, "other"), said, proposal=proposal.id, **asked())
    assert leaf_fields(Event.objects.get(seq=issued.recorded.seq).leaf)["proposal"] == proposal.seq


Bent = Callable[[Cast, dict[str, Any], str], dict[str, Any]]
REFUSED: dict[str, Bent] = {
    "nobody proposed it": lambda cast, said, proposal: {"proposal": None},
    "who proposed it issues it": lambda cast, said, proposal: {"actor": auditor(cast)},
    "something else was proposed": lambda cast, said, proposal: {"terms": {**said, "outcome": "noted"}},
    "the proposal has expired": lambda cast, said, proposal: {"clock": lambda: utc_now() + timedelta(days=15)},
    "an unknown proposal": lambda cast, said, proposal: {"proposal": "prop_nothing"},
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_ruling_is_refused_where(cast: Cast, why: str) -> None:
    said = terms(published(cast))
    two_persons()
    proposal = propose_ruling(auditor(cast), said, **asked()).id
    given: dict[str, Any] = {"actor": auditor(cast, "other"), "terms": said, "proposal": proposal, **asked()} | REFUSED[why](cast, said, proposal)
    with pytest.raises(Problems) as refused:
        issue_ruling(given.pop("actor"), given.pop("terms"), **given)
    assert set(codes(refused)) == {"two-persons"} and next_number() == 1


def test_a_number_that_another_ruling_took_in_between_is_refused(cast: Cast) -> None:
    run = published(cast)
    said = terms(run)
    ruled(cast, run)
    with pytest.raises(Problems) as refused:
        issue_ruling(auditor(cast), said, **asked())
    assert codes(refused) == ["changed-in-between"]


def test_the_same_request_issues_one_ruling(cast: Cast) -> None:
    said, same = terms(published(cast)), asked()
    first = issue_ruling(auditor(cast), said, **same)
    assert issue_ruling(auditor(cast), said, **same) == first and next_number() == 2


def test_who_brought_a_run_does_not_rule_on_it(cast: Cast) -> None:
    run = published(cast)
    with pytest.raises(Problems) as refused:
        issue_ruling(cast.uploader, terms(run), **asked())
    assert codes(refused) == ["own-upload"]
    two_persons()
    with pytest.raises(Problems) as refused:
        issue_ruling(auditor(cast, organisation=cast.site.actor.organisation), terms(run), **asked())
    assert codes(refused) == ["own-organisation"]


def test_only_an_auditor_rules_and_only_on_runs_that_are_seen(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        issue_ruling(cast.reviewer, terms(published(cast)), **asked())
    with pytest.raises(NotFound):
        issue_ruling(auditor(cast), terms(submitted(cast, 2)), **asked())
    with pytest.raises(NotFound):
        issue_ruling(auditor(cast), methodologies_terms(a="0" * 64, b="1" * 64, metric="x", outcome="compatible", text=TEXT), **asked())


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"outcome": "deleted"}, "invalid-document"), ({"text": "short"}, "invalid-document"), ({"runs": []}, "invalid-document"), ({"extra": 1}, "")],
)
def test_a_faulty_document_is_refused(cast: Cast, changed: dict[str, Any], code: str) -> None:
    said = {**terms(published(cast)), **changed}
    with pytest.raises(Problems):
        issue_ruling(auditor(cast), said, **asked())
    assert next_number() == 1


def test_runs_are_listed_sorted_and_once(cast: Cast) -> None:
    runs = sorted([published(cast), published(cast, 2)])
    for listed in (runs[::-1], [runs[0], *runs]):
        with pytest.raises(Problems) as refused:
            issue_ruling(auditor(cast), {**terms(*runs), "runs": listed}, **asked())
        assert codes(refused) == ["unsorted"]


def test_another_auditor_of_the_same_laboratory_may_be_the_second_person(cast: Cast) -> None:
    said = terms(published(cast))
    proposal = propose_ruling(auditor(cast), said, **asked())
    assert issue_ruling(replace(auditor(cast), id="act_auditor_2"), said, proposal=proposal.id, **asked()).number == 1
