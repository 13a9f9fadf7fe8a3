"""`accept()`: the only way in. A bundle is received, judged by the contract, and becomes files, rows and one event, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from threading import BoundedSemaphore
from typing import BinaryIO

from django.db import transaction
from pydantic import ValidationError

from lynxweb.accounts.models import NodeKey
from lynxweb.accounts.roles import require
from lynxweb.audit import projections
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.opening import receipt_for
from lynxweb.audit.record import hold, record, recorded_as, utc_now
from lynxweb.registry import admission, filing
from lynxweb.registry.models import MethodologyVersion, Run
from lynxweb.registry.receiving import Stream, received
from lynxweb.registry.refusing import Refused, check_quota, record_rejection, unreadable
from lynxweb.registry.tasks import recheck
from runner.contract import bundle as bundles
from runner.contract.canonical import sha256
from runner.contract.check import Checked, check
from runner.contract.problems import Problems

LARGE_BYTES = 16 * 1024 * 1024
REASON = Reason(text="uploaded with a signed bundle")
_ONE_LARGE = BoundedSemaphore(1)


@dataclass(frozen=True)
class Accepted:
    """What an upload gets: the run's name, the signed receipt (a DSSE envelope), and whether this upload made the run."""

    run_digest: str
    receipt: bytes
    created: bool


@dataclass(frozen=True)
class Admitted:
    """A judged bundle with everything that its rows will refer to."""

    prepared: filing.Prepared
    key: NodeKey
    methodology: MethodologyVersion


def accept(stream: Stream, *, actor: Actor, declared_sha256: str, declared_length: int, clock: Callable[[], datetime] = utc_now) -> Accepted:
    """Take one bundle in; the same bundle again gives the same receipt.

    Raises `Refused` with every problem, after which nothing of the bundle is left but one coded event.
    """
    acting = require(actor, Action.RUN_SUBMIT)
    check_quota(acting, clock())
    try:
        with received(stream, declared_sha256, declared_length) as handle, _turn(declared_length):
            return _accept_file(handle, acting, clock)
    except Refused as refusal:
        record_rejection(acting, declared_sha256, refusal, clock=clock)
        raise


def _turn(length: int) -> AbstractContextManager[object]:
    """Large bundles are judged one at a time in a process, so that parallel ones cannot take its memory together."""
    return _ONE_LARGE if length > LARGE_BYTES else nullcontext()


def submission_id(run_digest: str) -> str:
    """The request id of the event that accepts a run: one run, one event."""
    return f"run.submit:{run_digest}"


def receipt_of(run_digest: str) -> bytes:
    """The receipt of an accepted run; the same bytes every time."""
    recorded = recorded_as(submission_id(run_digest))
    assert recorded is not None, f"run {run_digest} has no event; run the full audit"
    return receipt_for(recorded)


def _accept_file(handle: BinaryIO, actor: Actor, clock: Callable[[], datetime]) -> Accepted:
    try:
        bundle = bundles.read(handle)
        admission.signer(actor, bundle)  # first of all: the payload alone names the run, and anybody could put it into another envelope
        if _known(actor, bundle.digest):
            return Accepted(bundle.digest, receipt_of(bundle.digest), created=False)
        admitted = _admit(bundle, actor, clock())
    except Problems as found:
        raise Refused("rule", found.problems) from found
    except ValidationError as error:  # a net below the contract's own reading: no document that a model refuses is ever the site's failure
        raise Refused("rule", unreadable(error)) from error
    placed = filing.place(filing.files_of(bundle))
    try:
        accepted = _commit(admitted, actor, clock)
    except BaseException:
        _take_back(placed)
        raise
    if not accepted.created:  # another upload of this bundle was faster, and owns what it needs
        _take_back(placed)
    return accepted


def _take_back(placed: list[str]) -> None:
    with transaction.atomic():
        hold(transaction.get_connection())
        filing.take_back(placed)


def _known(actor: Actor, run_digest: str) -> bool:
    return Run.objects.of_organisation(actor.organisation).filter(digest=run_digest).exists()


def _admit(bundle: bundles.Bundle, actor: Actor, now: datetime) -> Admitted:
    key = admission.signing_key(actor, bundle)
    methodology = admission.methodology_of(bundle)
    declaration = admission.declaration_of(bundle, key.node_id, methodology.digest)
    checked = check(bundle)
    late = admission.timeliness(declaration, checked.evidence.run, now)
    return Admitted(filing.prepare(replace(checked, findings=(*checked.findings, *late))), key, methodology)


def _commit(admitted: Admitted, actor: Actor, clock: Callable[[], datetime]) -> Accepted:
    """Rows, findings and the event in one transaction; of parallel uploads of one bundle the first makes the run."""
    bundle, now = admitted.prepared.checked.bundle, clock()
    with transaction.atomic():
        position = hold(transaction.get_connection())
        if _known(actor, bundle.digest):
            return Accepted(bundle.digest, receipt_of(bundle.digest), created=False)
        # Again, now that nobody else can write: the nonce may have been used and the key revoked since.
        admission.signing_key(actor, bundle)
        admission.declaration_of(bundle, admitted.key.node_id, admitted.methodology.digest)
        checked = _with_arrival(admitted.prepared)
        run, made = filing.file_run(replace(admitted.prepared, checked=checked), admitted.key, admitted.methodology, position, now)
        recorded = record(
            Action.RUN_SUBMIT,
            Subject("run", bundle.digest),
            actor=actor,
            reason=REASON,
            request_id=submission_id(bundle.digest),
            after=projections.keep(run, made),
            payload=sha256(bundle.envelope_bytes),
            basis={"checker": checked.checker, "codes": sorted({finding.code for finding in checked.findings})},
            clock=clock,
        )
        assert recorded.seq == position
        transaction.on_commit(lambda: recheck.delay(bundle.digest), robust=True)
    return Accepted(bundle.digest, receipt_for(recorded), created=True)


def _with_arrival(prepared: filing.Prepared) -> Checked:
    """The judged bundle with what only its arrival shows; asked while nobody else can write."""
    checked = prepared.checked
    reused = admission.reuse(checked.bundle.digest, prepared.digests[admission.SAMPLES])
    return replace(checked, findings=(*checked.findings, *reused))
