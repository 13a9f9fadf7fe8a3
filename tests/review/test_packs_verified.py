"""The bare verifier on packs that the site really made: open reviews, runs declared by people, published, withdrawn and redacted ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lynxweb.accounts.roles import Role
from lynxweb.audit import signing
from lynxweb.audit.actors import Actor
from lynxweb.audit.models import Event
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Run, RunArtifact
from lynxweb.review import readers_pages, sealing
from lynxweb.review.disputes import close_dispute, open_dispute
from lynxweb.review.exporting import Wanted, export_pack
from lynxweb.review.notices import post_notice
from lynxweb.review.redaction import redact_payload
from lynxweb.review.rulings import issue_ruling, propose_ruling, runs_terms
from lynxweb.review.withdrawal import propose_withdrawal, withdraw
from runner import verify
from runner.contract.bundle import ENVELOPE
from runner.contract.problems import Problems
from tests import builders
from tests.audit.conftest import signer
from tests.registry.world import BECAUSE, bundle_of, upload, world
from tests.review.committee import Committee, by, decided
from tests.review.conftest import cast
from tests.review.people import WRONG, Cast, asked, opened, published, requested, somebody, two_persons

__all__ = ["by", "cast", "decided", "signer"]

BEFORE_IT_RAN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def told(cast: Cast, *runs: str, held: tuple[int, ...] = ()) -> dict[str, Any]:
    """What the verifier says of a pack of these runs."""
    return told_of(cast.site.actor, Wanted(runs=runs, held=held))


def told_of(actor: Actor, wanted: Wanted) -> dict[str, Any]:
    """What the verifier says of a pack that shows this."""
    exported = export_pack(actor, wanted, reason=BECAUSE, request_id=f"pack:{Event.objects.count()}")
    signing.sign()
    report = verify.verify(sealing.sealed(actor, exported.id).content, readers_pages.trust_policy())
    assert [(one["number"], one["said"]) for one in report["checks"] if one["outcome"] == "FAIL"] == []
    return report


def test_a_review_that_is_still_open_is_part_of_the_pack(cast: Cast, signer: Path) -> None:
    run = requested(cast)
    review = opened(cast.reviewer, run)
    assert review and told(cast, run)["runs"][0]["history"][-1].startswith("review.open")


def test_a_run_that_a_person_declared_for_its_node_answers_that_declaration(cast: Cast, signer: Path) -> None:
    site = cast.site
    made = declare(site.actor, builders.methodology().sha256, request_id="declare:1", node_id=site.node.id, clock=lambda: BEFORE_IT_RAN)
    run = upload(site, bundle_of(site, nonce=made.nonce)).run_digest
    assert told(cast, run)["runs"][0]["history"][0].startswith("run.declare@")


def test_a_published_and_a_withdrawn_run_keep_their_whole_history(cast: Cast, signer: Path) -> None:
    run = published(cast)
    withdraw(cast.publisher, run, reason=WRONG, request_id="withdraw:1")
    history = told(cast, run)["runs"][0]["history"]
    assert history[0] == "undeclared" and history[-1].startswith("run.withdraw")


def test_redacted_samples_are_explained(cast: Cast, signer: Path) -> None:
    run = requested(cast)
    digest = Run.objects.get(digest=run).samples_sha256
    redact_payload(cast.publisher, digest, reason=WRONG, request_id="redact:1")
    assert digest in told(cast, run)["absent"]


def test_everything_that_happens_to_a_run_where_acts_take_two_people_passes(cast: Cast, signer: Path) -> None:
    two_persons()
    run, first, second = published(cast), *(somebody(name, cast.other, Role.AUDITOR) for name in ("auditor", "other"))
    post_notice(cast.publisher, run, text="The fan was replaced.", **asked())
    dispute = open_dispute(cast.reviewer, run, clause="clause 4", effect_permille=80, text="The clock was wrong.", **asked()).dispute
    close_dispute(somebody("judge", "org_c", Role.REVIEWER), dispute, outcome="rejected", text="The clock was right all the time.", **asked())
    terms = runs_terms(rule="clause 4", outcome="noted", runs=[run], text="Noted; the number stands.")
    proposed = propose_ruling(first, terms, **asked())
    issue_ruling(second, terms, proposal=proposed.id, **asked())
    taking_back = propose_withdrawal(cast.uploader, run, reason=WRONG, request_id="propose:1")
    withdraw(cast.publisher, run, proposal=taking_back.id, reason=WRONG, request_id="withdraw:1")
    report = told(cast, run)
    assert report["two_person_rule"] == "on" and report["runs"][0]["history"][-1].startswith("run.withdraw")


def test_a_decision_with_its_requirement_its_runs_and_every_signature_passes(decided: tuple[Committee, Any], signer: Path) -> None:
    committee, decision = decided
    report = told_of(committee.first, Wanted(decision=decision.sha256))
    assert {one["run"] for one in report["runs"]} == set(decision.runs)


def test_what_another_laboratory_redacted_is_no_part_of_a_pack(cast: Cast, signer: Path) -> None:
    run, other = requested(cast), world("c")
    theirs = Run.objects.get(digest=upload(other, bundle_of(other, seed=9)).run_digest).samples_sha256
    redact_payload(other.actor, theirs, reason=WRONG, request_id="redact:c")
    own = Run.objects.get(digest=run).samples_sha256
    redact_payload(cast.publisher, own, reason=WRONG, request_id="redact:a")
    assert own in told(cast, run)["absent"] and theirs not in told(cast, run)["absent"]


def test_the_signed_envelope_of_a_run_is_not_redacted(cast: Cast) -> None:
    envelope = RunArtifact.objects.get(run=requested(cast), role=ENVELOPE).artifact_id
    with pytest.raises(Problems) as refused:
        redact_payload(cast.publisher, envelope, reason=WRONG, request_id="redact:1")
    assert refused.value.codes == ("envelope",)
