"""From a judged bundle to files and rows: files first, then every row of the run, one event last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model

from lynxweb.accounts.models import NodeKey
from lynxweb.registry import describing, storage
from lynxweb.registry.models import (
    Artifact,
    ComparabilityKey,
    Document,
    ExecutorVersion,
    FindingRow,
    MethodologyVersion,
    MetricRow,
    Run,
    RunArtifact,
)
from runner.contract.bundle import ENVELOPE, Bundle
from runner.contract.canonical import sha256
from runner.contract.check import Checked
from runner.contract.comparability import comparability_key
from runner.contract.executor import Executor
from runner.contract.findings import Finding
from runner.contract.policies import POLICIES

# Members that are kept as documents in the database, with the kind of each; every other member is a file in storage.
DOCUMENT_KINDS = {
    "run.json": "run",
    "methodology.json": "methodology",
    "executor.before.json": "executor",
    "executor.after.json": "executor",
    "quality.json": "quality",
}
MEDIA_TYPES = {".json": "application/json", ".parquet": "application/vnd.apache.parquet"}


def files_of(bundle: Bundle) -> dict[str, bytes]:
    """The members that live in storage, by name in the bundle; the signed envelope among them."""
    return {ENVELOPE: bundle.envelope_bytes} | {name: content for name, content in bundle.members.items() if name not in DOCUMENT_KINDS}


def place(files: Mapping[str, bytes]) -> list[str]:
    """Put every file in storage; the digests of those that were not there before."""
    return [digest for content in files.values() if storage.put(digest := sha256(content), content)]


def take_back(digests: Iterable[str]) -> None:
    """Remove files that no row refers to; the caller holds the log, so nobody is about to refer to them."""
    for digest in digests:
        if not Artifact.objects.filter(sha256=digest).exists():
            storage.remove(digest)


@dataclass(frozen=True)
class Prepared:
    """A judged bundle with everything that takes time to compute, so that its rows can be written while nobody else waits long."""

    checked: Checked
    fingerprint: str
    keys: Mapping[str, str]
    digests: Mapping[str, str]


def prepare(checked: Checked) -> Prepared:
    """The fingerprint, the comparability key under every policy and the digest of every member."""
    keys = {policy.id: comparability_key(checked.side, policy) for policy in POLICIES.values()}
    digests = {name: sha256(content) for name, content in {**checked.bundle.members, **files_of(checked.bundle)}.items()}
    return Prepared(checked, checked.evidence.before.fingerprint, keys, digests)


def file_run(prepared: Prepared, key: NodeKey, methodology: MethodologyVersion, position: int, now: datetime) -> tuple[Run, dict[str, list[Model]]]:
    """Insert every row of an accepted run, and return it with the rows beside it by their names in its snapshot.

    The caller's transaction makes them one.
    """
    checked, standing = prepared.checked, prepared.checked.standing
    members, evidence = checked.bundle.members, checked.evidence
    documents = {name: keep_document(kind, members[name], prepared.digests[name]) for name, kind in DOCUMENT_KINDS.items() if name in members}
    executor = _executor(documents["executor.before.json"], evidence.before, prepared.fingerprint, position)
    run = Run.objects.create(
        digest=checked.bundle.digest,
        position=position,
        organisation_id=key.node.organisation_id,
        node=key.node,
        key_id=key.key_id,
        document=documents["run.json"],
        methodology=methodology,
        executor=executor,
        executor_after=documents["executor.after.json"],
        quality=documents.get("quality.json"),
        nonce=evidence.run.nonce,
        instance=evidence.run.instance,
        samples_sha256=prepared.digests["samples.parquet"],
        submitted_at=now,
        label=describing.label_of(evidence.before),
        runtime=executor.runtime,
        precision_label=executor.precision_label,
        product=executor.product,
        point_text=describing.point_text(evidence.run.operating_points[0]),
        kind=evidence.methodology.kind,
        primary_metric=evidence.methodology.primary_metric,
        validity=standing.validity,
        grade=standing.grade,
        state=standing.state,
        latency_withheld=standing.latency_withheld,
        checking=0,
    )
    made: dict[str, list[Model]] = {"documents": list(documents.values()), "executors": [executor], **_files(run, prepared)}
    made |= {"keys": _keys(run, prepared), "metrics": _metrics(run, prepared), "findings": file_findings(run, checked.findings, checked.checker, 0)}
    return run, made


def file_findings(run: Run, findings: Iterable[Finding], checker: str, checking: int) -> list[Model]:
    """Insert the findings of one checking of a run."""
    return [
        FindingRow.objects.create(run=run, checker=checker, checking=checking, code=finding.code, path=finding.path, seen=finding.seen)
        for finding in findings
    ]


def keep_document(kind: str, content: bytes, digest: str) -> Document:
    """The document with these bytes and this digest, inserted where it is new."""
    known = Document.objects.filter(sha256=digest).first()
    return known or Document.objects.create(sha256=digest, kind=kind, content=content)


def _executor(document: Document, executor: Executor, fingerprint: str, position: int) -> ExecutorVersion:
    known = ExecutorVersion.objects.filter(digest=document.sha256).first()
    return known or ExecutorVersion.objects.create(
        digest=document.sha256,
        document=document,
        fingerprint=fingerprint,
        runtime=describing.runtime_of(executor),
        precision_label=describing.precision_of(executor),
        product=describing.product_of(executor),
        position=position,
    )


def _files(run: Run, prepared: Prepared) -> dict[str, list[Model]]:
    files: dict[str, Model] = {}
    links: list[Model] = []
    for name, content in files_of(prepared.checked.bundle).items():
        digest = prepared.digests[name]
        storage.put(digest, content)  # in place already, unless another upload's failure took it back before we held the log
        known = Artifact.objects.filter(sha256=digest).first()
        files[digest] = known or Artifact.objects.create(sha256=digest, size_bytes=len(content), media_type=MEDIA_TYPES[name[name.rindex(".") :]])
        links.append(RunArtifact.objects.create(run=run, artifact_id=digest, role=name))
    return {"files": list(files.values()), "artifacts": links}


def _keys(run: Run, prepared: Prepared) -> list[Model]:
    return [ComparabilityKey.objects.create(run=run, policy=policy, key=key) for policy, key in prepared.keys.items()]


def _metrics(run: Run, prepared: Prepared) -> list[Model]:
    stated = [(point.name, metric) for point in prepared.checked.evidence.run.operating_points for metric in point.metrics]
    return [
        MetricRow.objects.create(
            run=run, point=point, definition=metric.definition, unit=metric.unit, value=metric.value,
            stated=json.dumps(metric.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode(),
        )
        for point, metric in stated
    ]  # fmt: skip
