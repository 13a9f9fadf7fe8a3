"""What a committee does not see is said: runs kept from it are counted, runs whose bytes are gone are named."""

from __future__ import annotations

from lynxweb.registry.models import Run
from lynxweb.review.deciding_questions import decision_for, requirement_for
from lynxweb.review.decisions import append_addendum
from lynxweb.review.publishing import disclose
from lynxweb.review.redaction import redact_payload
from tests.builders import seen
from tests.contract import grown
from tests.contract.asked import offered
from tests.review.committee import FINGERPRINT, Committee, drafted, measured, required, signed
from tests.review.people import WRONG, asked

SLOW = {"service_ns": 24_000_000}


def hidden(by: Committee, digest: str) -> str:
    """The run, kept from the committee."""
    disclose(by.first, digest, "private", **asked())
    return digest


def redacted(by: Committee, digest: str) -> int:
    """The position of the event that takes out the run's own document."""
    return redact_payload(by.first, Run.objects.get(digest=digest).document_id, **{**asked(), "reason": WRONG}).seq


def test_a_refuting_run_that_was_made_private_leaves_its_count(by: Committee) -> None:
    requirement, kept = required(by), measured(by)
    hidden(by, measured(by, offered(**SLOW)))
    view = requirement_for(by.first, requirement)
    assert [(row.answer.runs, row.unseen) for row in view.matrix] == [((kept,), 1)] and view.unseen_elsewhere == 0


def test_private_runs_of_a_configuration_that_has_no_other_are_counted_without_a_name(by: Committee) -> None:
    requirement, other = required(by), grown.executor(hw__product_name=seen("secret"))
    measured(by)
    hidden(by, measured(by, offered(**SLOW, what=other)))
    view = requirement_for(by.first, requirement)
    assert [row.unseen for row in view.matrix] == [0] and view.unseen_elsewhere == 1


def test_a_decision_counts_what_was_kept_from_its_committee_since(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    decision = drafted(by, requirement)
    signed(by, decision)
    assert decision_for(by.first, decision.sha256).unseen == {}
    hidden(by, measured(by, offered(**SLOW)))
    assert decision_for(by.first, decision.sha256).unseen == {FINGERPRINT: 1}


def test_a_run_whose_document_is_gone_is_refused_by_name(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    position = redacted(by, run)
    (row,) = requirement_for(by.first, requirement).matrix
    assert row.answer.answer == "no_evidence" and row.answer.runs == ()
    assert [(one.code, one.run) for one in row.answer.refused] == [("redacted", run)] and f"event {position}" in row.answer.refused[0].text
    assert [(part.run, part.name, part.position) for part in row.redacted] == [(run, "run.json", position)]


def test_a_draft_says_which_run_nobody_can_check_any_more(by: Committee) -> None:
    requirement, kept, gone = required(by), measured(by), measured(by, offered(service_ns=5_100_000))
    redacted(by, gone)
    (candidate,) = drafted(by, requirement).candidates
    assert candidate.runs == (kept,) and [(one.code, one.run) for one in candidate.refused] == [("redacted", gone)]


def test_a_decision_whose_executor_was_redacted_is_still_read_and_still_takes_a_word(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    decision = drafted(by, requirement)
    signed(by, decision)
    redact_payload(by.first, Run.objects.get(digest=run).executor.document_id, **{**asked(), "reason": WRONG})
    measured(by, offered(service_ns=5_200_000, what=grown.executor(sw__driver__version=seen("560"))))
    assert "driver_change" in {one.kind for one in decision_for(by.first, decision.sha256).card.standing.fired}
    append_addendum(by.first, decision.sha256, "The serial number was taken out.", **asked())
