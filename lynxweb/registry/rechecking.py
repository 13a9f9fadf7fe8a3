"""Checking a stored run again from the bytes in storage: signature, digests, numbers, findings."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.db import transaction

from lynxweb.accounts.models import NodeKey
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.record import record, utc_now
from lynxweb.registry import filing, standing, storage
from lynxweb.registry.models import FindingRow, Run
from lynxweb.registry.redacting import content_of
from runner.contract import bundle as bundles
from runner.contract import container
from runner.contract.check import Checked, check
from runner.contract.findings import CHECKER, Finding
from runner.contract.problems import Problem, Problems

# Findings that come from the arrival and not from the bundle: they stay when the bundle is checked again.
OF_ARRIVAL = ("late-upload", "samples-reused")


@dataclass(frozen=True)
class Rechecked:
    """What checking again gave: the findings that now stand, and whether they differ from those before."""

    findings: tuple[Finding, ...]
    changed: bool


def members_of(run: Run) -> dict[str, Callable[[], bytes]]:
    """How to get each member of a run's bundle, the signed envelope among them, by name; files are read when called for."""
    documents = {
        "run.json": run.document,
        "methodology.json": run.methodology.document,
        "executor.before.json": run.executor.document,
        "executor.after.json": run.executor_after,
        "quality.json": run.quality,
    }
    links = run.artifacts.values_list("role", "artifact_id")
    return {
        **{name: partial(content_of, one) for name, one in documents.items() if one is not None},
        **{role: partial(storage.fetch, sha256) for role, sha256 in links},
    }


def bundle_bytes(run: Run) -> bytes:
    """The container as it was uploaded, put together again from documents and files: the same bytes."""
    members = {name: fetch() for name, fetch in members_of(run).items()}
    envelope = members.pop(bundles.ENVELOPE)
    return container.write({bundles.ENVELOPE: envelope, **{name: members[name] for name in sorted(members)}})


def findings_of(run: Run, checking: int | None = None) -> tuple[Finding, ...]:
    """The findings that stand, or those of one earlier checking."""
    wanted = run.checking if checking is None else checking
    rows = FindingRow.objects.filter(run=run, checking=wanted).order_by("id")
    return tuple(Finding(row.code, row.path, row.seen) for row in rows)


def check_again(run_digest: str, *, clock: Callable[[], datetime] = utc_now) -> Rechecked:
    """Judge a stored run anew; different findings become rows, a new standing and one `run.check` event.

    Raises `Problems` where the stored bytes are no longer the bundle that was signed: damage, which no finding may hide. Where parts of the
    bundle were redacted it raises `Redacted`: there is nothing to judge anew, and the findings so far stand.
    """
    run = Run.objects.whole().get(digest=run_digest)
    bundle = bundles.read(io.BytesIO(bundle_bytes(run)))
    _same(run, bundle)
    checked = check(bundle)
    found = set(checked.findings)
    with transaction.atomic():
        run = standing.locked(SYSTEM, run_digest)
        before = findings_of(run)
        after = tuple(sorted(found | {one for one in before if one.code in OF_ARRIVAL}, key=lambda one: (one.code, one.path, one.seen)))
        if set(before) == set(after):
            return Rechecked(before, changed=False)
        _replace(run, replace(checked, findings=after), clock)
    return Rechecked(after, changed=True)


def _same(run: Run, bundle: bundles.Bundle) -> None:
    key = NodeKey.objects.get(key_id=run.key_id)
    if bundle.digest != run.digest or bundle.key_id != run.key_id:
        raise Problems([Problem(f"run.{run.digest}", bundle.digest, run.digest, "restore storage from its backup", "stored-bytes-differ")])
    if not key.valid_at(run.position) or not bundle.envelope.signed_by(bytes(key.public)):
        raise Problems([Problem(f"run.{run.digest}", "signature", "a signature that verifies", "restore storage from its backup", "bad-signature")])


def _replace(run: Run, checked: Checked, clock: Callable[[], datetime]) -> None:
    findings, found, checking = checked.findings, checked.standing, run.checking + 1
    made = filing.file_findings(run, findings, CHECKER, checking)
    changed = standing.change(run, made={"findings": made}, checking=checking, validity=found.validity, latency_withheld=found.latency_withheld)
    record(
        Action.RUN_CHECK,
        Subject("run", run.digest, changed.rev),
        actor=SYSTEM,
        request_id=f"run.check:{run.digest}:{checking}",
        before=changed.before,
        after=changed.after,
        payload=snapshots.keep([finding.as_dict() for finding in findings]),
        basis={"checker": CHECKER, "codes": sorted({finding.code for finding in findings})},
        clock=clock,
    )
