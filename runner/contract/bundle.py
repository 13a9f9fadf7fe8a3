"""The bundle: documents and raw samples under a manifest that one node key signed; written once, read strictly, stored as the bytes it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, BinaryIO, Final, Literal

from pydantic import Field as Bound

from runner.contract import container
from runner.contract.canonical import encode, sha256
from runner.contract.dsse import Envelope, parse, sign
from runner.contract.fields import Digest, Document
from runner.contract.keys import SigningKey
from runner.contract.problems import Problem, Problems

ENVELOPE = "envelope.json"
REQUIRED = ("executor.after.json", "executor.before.json", "methodology.json", "run.json", "samples.parquet")
OPTIONAL = ("arrivals.parquet", "doctor.json", "quality.json", "quality_items.parquet", "telemetry.parquet")
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:lynxweb:predicate:run:v1"


class Sha256(Document):
    """A digest set of in-toto with its one algorithm."""

    sha256: Digest


class Subject(Document):
    """One member of the bundle."""

    name: str
    digest: Sha256


class Predicate(Document):
    """What the signature says of the members together."""

    fingerprint: Digest
    methodology_sha256: Digest
    nonce: Digest | None
    key_id: Digest
    sizes_bytes: dict[str, int]


class Statement(Document):
    """The signed payload: an in-toto Statement v1 whose subjects are the manifest."""

    type_: Annotated[Literal["https://in-toto.io/Statement/v1"], Bound(alias="_type")] = STATEMENT_TYPE
    subject: tuple[Subject, ...]
    predicateType: Literal["urn:lynxweb:predicate:run:v1"] = PREDICATE_TYPE
    predicate: Predicate


@dataclass(frozen=True)
class Bundle:
    """An opened bundle whose members match its manifest; the signature is checked apart, with a key the reader trusts."""

    envelope_bytes: bytes
    envelope: Envelope
    statement: Statement
    members: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 of the signed payload: the run's name."""
        return sha256(self.envelope.payload)

    @property
    def key_id(self) -> str:
        """Whose key says it signed this."""
        return self.envelope.key_id


def seal(members: Mapping[str, bytes], *, fingerprint: str, methodology_sha256: str, nonce: str | None, key: SigningKey) -> bytes:
    """The bundle's bytes: every member by digest in a statement that `key` signs, in the container's one spelling."""
    ordered = {name: members[name] for name in sorted(members)}
    _refuse_names(ordered)
    payload = encode({
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha256(content)}} for name, content in ordered.items()],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "fingerprint": fingerprint, "methodology_sha256": methodology_sha256, "nonce": nonce, "key_id": key.key_id,
            "sizes_bytes": {name: len(content) for name, content in ordered.items()},
        },
    })  # fmt: skip
    return container.write({ENVELOPE: sign(payload, key), **ordered})


def read(source: BinaryIO) -> Bundle:
    """The bundle in `source`; raises `Problems` for any container, envelope or manifest but a whole, consistent one."""
    members = container.read(source)
    if ENVELOPE not in members:
        raise Problems([Problem("bundle.envelope.json", "absent", "a signed envelope", "send the bundle as the runner wrote it", "manifest")])
    envelope_bytes = members.pop(ENVELOPE)
    _refuse_names(members)
    envelope = parse(envelope_bytes)
    statement = Statement.read(envelope.payload)
    problems = _manifest_problems(statement, members, envelope.key_id)
    if problems:
        raise Problems(problems)
    return Bundle(envelope_bytes, envelope, statement, members)


def _refuse_names(members: Mapping[str, bytes]) -> None:
    lacking = [
        Problem(f"bundle.{name}", "absent", "a member of every bundle", "send the whole bundle", "manifest")
        for name in REQUIRED
        if name not in members
    ]
    strange = [
        Problem(f"bundle.{name}", "unknown member", "only known members", "remove it", "manifest")
        for name in members
        if name not in REQUIRED + OPTIONAL
    ]
    if ("quality.json" in members) != ("quality_items.parquet" in members):
        strange.append(Problem("bundle.quality.json", "without its items", "quality.json with quality_items.parquet", "send both", "manifest"))
    if lacking or strange:
        raise Problems(lacking + strange)


def _manifest_problems(statement: Statement, members: Mapping[str, bytes], key_id: str) -> list[Problem]:
    stated = {subject.name: subject.digest.sha256 for subject in statement.subject}
    sizes = statement.predicate.sizes_bytes
    problems = []
    for name in sorted(stated.keys() | members.keys() | sizes.keys()):
        if name not in stated or name not in members or name not in sizes:
            problems.append(Problem(f"bundle.{name}", "not in both manifest and container", "the same file set in both", "sign again", "manifest"))
        elif sha256(members[name]) != stated[name] or len(members[name]) != sizes[name]:
            problems.append(Problem(f"bundle.{name}", sha256(members[name]), stated[name], "send the bytes that were signed", "wrong-digest"))
    if len(stated) != len(statement.subject):
        problems.append(Problem("bundle.envelope.json.subject", "a name twice", "each member once", "sign again", "manifest"))
    if statement.predicate.key_id != key_id:
        problems.append(
            Problem("bundle.envelope.json.predicate.key_id", statement.predicate.key_id, key_id, "sign with the stated key", "bad-signature")
        )
    return problems
