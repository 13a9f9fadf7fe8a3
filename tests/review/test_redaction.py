"""Redacted bytes are gone for good and answered for: digest, proofs, pages and other bytes stay; damage is still called damage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import Reason
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.record import utc_now
from lynxweb.audit.replay import replay_audit
from lynxweb.registry import reading, storage
from lynxweb.registry.missing import NotFound, Redacted
from lynxweb.registry.models import Document, Run
from lynxweb.registry.rechecking import check_again
from lynxweb.registry.sweeping import sweep
from lynxweb.review import redaction
from lynxweb.review.models.notices import Notice
from lynxweb.review.notices import post_notice
from lynxweb.review.noting import GONE, notices_on
from lynxweb.review.redaction import propose_redaction, redact_payload, redaction_terms
from runner.contract.problems import Problems
from tests.registry.world import bundle_of, upload, world
from tests.review.people import Cast, asked, published, submitted, two_persons

LEGAL = Reason(ReasonCode.LEGAL_ORDER, "a court ordered that these bytes be removed")
Committed = Callable[..., Any]


def because() -> dict[str, Any]:
    """A coded reason and a request id of its own."""
    return {**asked(), "reason": LEGAL}


@pytest.fixture
def redact(cast: Cast, django_capture_on_commit_callbacks: Committed) -> Callable[[str], int]:
    """Redact as the publisher, as if the transaction were committed; the position of the event."""

    def one(digest: str) -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return redact_payload(cast.publisher, digest, **because()).seq

    return one


def samples_of(run: str) -> str:
    """The digest of a run's raw samples."""
    return Run.objects.get(digest=run).samples_sha256


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[str]:
    """The codes of every problem."""
    return [problem.code for problem in refused.value.problems]


def test_a_redacted_file_is_gone_and_answered_with_its_event(cast: Cast, redact: Callable[[str], int]) -> None:
    run = submitted(cast)
    samples = samples_of(run)
    position = redact(samples)
    assert not storage.holds(samples)
    for ask in (lambda: reading.bundle_for(cast.engineer, run), lambda: reading.file_for(cast.engineer, run, "samples.parquet")):
        with pytest.raises(Redacted, match=f"redacted by event {position}: a court ordered"):
            ask()
    assert reading.file_for(cast.engineer, run, "run.json")
    assert [(line.source, line.name, line.position) for line in notices_on([run])[run]] == [("redaction", "samples.parquet", position)]
    assert redaction.reasons() == {samples: f"redacted by event {position}: {LEGAL.text}"}
    assert full_audit().clean and replay_audit() == ()


def test_checking_again_says_redacted_where_it_would_say_damaged(cast: Cast, redact: Callable[[str], int]) -> None:
    a, b = submitted(cast), submitted(cast, 2)
    redact(samples_of(a))
    storage.remove(samples_of(b))
    with pytest.raises(Redacted):
        check_again(a)
    with pytest.raises(FileNotFoundError):
        check_again(b)


def test_the_page_of_a_run_stays_and_the_bytes_answer_410(cast: Cast, redact: Callable[[str], int], client: Client) -> None:
    run = submitted(cast)
    client.force_login(cast.site.person)
    assert client.get(f"/runs/{run}").status_code == 200
    redact(samples_of(run))
    assert client.get(f"/runs/{run}").status_code == 200
    answer = client.get(f"/api/v1/runs/{run}/bundle")
    assert answer.status_code == 410 and answer.json()["code"] == "redacted"


def test_a_redacted_document_keeps_its_row_and_its_page_answers_410(cast: Cast, redact: Callable[[str], int], client: Client) -> None:
    run = submitted(cast)
    document = Run.objects.get(digest=run).document_id
    position = redact(document)
    assert bytes(Document.objects.get(sha256=document).content) == b""
    client.force_login(cast.site.person)
    page = client.get(f"/runs/{run}")
    assert page.status_code == 410 and f"Event {position}" in page.text
    assert {line.name for line in notices_on([run])[run]} == {"run.json"}


def test_the_text_of_a_notice_is_redacted_and_the_notice_stays(cast: Cast, redact: Callable[[str], int]) -> None:
    run = submitted(cast)
    notice = Notice.objects.get(id=post_notice(cast.publisher, run, text="a person was named here by mistake", **asked()).notice)
    redact(notice.document)
    assert bytes(LogDocument.objects.get(digest=notice.document).content) == b""
    assert [line.text for line in notices_on([run])[run]] == [GONE]
    assert full_audit().clean and replay_audit() == ()


def test_redacted_bytes_do_not_come_back_with_another_upload(cast: Cast, redact: Callable[[str], int]) -> None:
    content = bundle_of(cast.site, 1)
    first = upload(cast.site, content)
    redact(samples_of(first.run_digest))
    assert upload(cast.site, content).run_digest == first.run_digest
    with pytest.raises(Redacted):
        upload(cast.site, bundle_of(cast.site, 1, notes="another run that rests on the same samples"))
    assert not storage.holds(samples_of(first.run_digest)) and Run.objects.count() == 1


def test_a_crash_after_the_commit_is_made_good_at_the_next_start(cast: Cast) -> None:
    samples = samples_of(submitted(cast))
    redact_payload(cast.publisher, samples, **because())  # its transaction is never committed here, so the file is still there
    assert storage.holds(samples)
    sweep()
    assert not storage.holds(samples)


def test_with_the_rule_on_one_person_proposes_and_another_redacts(cast: Cast) -> None:
    samples = samples_of(submitted(cast))
    two_persons()
    proposal = propose_redaction(cast.engineer, samples, **because())
    done = redact_payload(cast.publisher, samples, proposal=proposal.id, **because())
    leaf = leaf_fields(Event.objects.get(seq=done.seq).leaf)
    assert (leaf["object"], leaf["proposal"]) == ({"type": "payload", "id": samples, "rev": 1}, proposal.seq)
    assert proposal.terms == redaction_terms(samples, LEGAL)


REFUSED: dict[str, Callable[[Cast, str], dict[str, Any]]] = {
    "nobody proposed it": lambda cast, proposal: {"proposal": None},
    "who proposed it redacts": lambda cast, proposal: {
        "proposal": propose_redaction(cast.publisher, samples_of(Run.objects.get().digest), **because()).id
    },
    "another reason was proposed": lambda cast, proposal: {"reason": Reason(ReasonCode.PRIVACY, "somebody would rather not see it")},
    "the proposal has expired": lambda cast, proposal: {"clock": lambda: utc_now() + timedelta(days=15)},
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_redaction_is_refused_where(cast: Cast, why: str) -> None:
    samples = samples_of(submitted(cast))
    two_persons()
    proposal = propose_redaction(cast.engineer, samples, **because()).id
    with pytest.raises(Problems) as refused:
        redact_payload(cast.publisher, samples, **{"proposal": proposal, **because(), **REFUSED[why](cast, proposal)})
    assert set(codes(refused)) == {"two-persons"} and storage.holds(samples) and redaction.reasons() == {}


def test_bytes_are_redacted_once_and_a_repeated_request_is_answered(cast: Cast) -> None:
    samples, same = samples_of(submitted(cast)), because()
    first = redact_payload(cast.publisher, samples, **same)
    assert redact_payload(cast.publisher, samples, **same) == first
    with pytest.raises(Problems) as refused:
        redact_payload(cast.publisher, samples, **because())
    assert codes(refused) == ["redacted"]


def test_only_a_publisher_redacts_and_only_bytes_of_the_own_laboratory(cast: Cast) -> None:
    samples = samples_of(published(cast))
    with pytest.raises(Forbidden):
        redact_payload(cast.engineer, samples, **because())
    with pytest.raises(NotFound):
        redact_payload(cast.stranger, samples, **because())
    with pytest.raises(NotFound):
        redact_payload(cast.publisher, Run.objects.get().methodology_id, **because())


def test_bytes_that_another_laboratory_rests_on_are_not_redacted_alone(cast: Cast) -> None:
    samples, other = samples_of(submitted(cast)), world("b2")
    upload(other, bundle_of(other, 1))
    with pytest.raises(Problems) as refused:
        redact_payload(cast.publisher, samples, **because())
    assert codes(refused) == ["shared-payload"]


@pytest.mark.parametrize("table", ["registry_document", "audit_document"])
@pytest.mark.parametrize("content", ["''", "'x'"])
def test_no_document_is_emptied_without_a_redaction(cast: Cast, table: str, content: str) -> None:
    submitted(cast)
    written = content if connection.vendor == "postgresql" else f"CAST({content} AS BLOB)"
    for statement in (f"UPDATE {table} SET content = {written}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_beside_a_redaction_a_document_becomes_nothing_and_nothing_else(cast: Cast, redact: Callable[[str], int]) -> None:
    document = Run.objects.get(digest=submitted(cast)).document_id
    redact(document)
    for change in ("content = 'x'", "kind = 'quality'", f"sha256 = '{'0' * 64}'"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE registry_document SET {change} WHERE sha256 = %s", [document])
