"""Whether a bundle may enter at all: whose key signed it, what was declared before it, and whether its methodology is published."""

from __future__ import annotations

from datetime import datetime, timedelta

from lynxweb.accounts.models import NodeKey
from lynxweb.audit.actors import Actor
from lynxweb.registry.models import Declaration, MethodologyVersion, RunArtifact
from lynxweb.registry.refusing import refused
from runner.contract.bundle import Bundle
from runner.contract.findings import Finding
from runner.contract.run import Run

# A clock may be this far off before "measured before it was declared" is believed.
CLOCK_TOLERANCE = timedelta(minutes=1)
SAMPLES = "samples.parquet"


def signer(actor: Actor, bundle: Bundle) -> NodeKey:
    """The key that signed, if it belongs to the actor's organisation (and node) and really signed these bytes; it may be revoked since."""
    path, node = "bundle.envelope.json:signatures[0].keyid", actor.id if actor.kind == "node" else None
    key = NodeKey.objects.for_actor(actor).select_related("node").filter(key_id=bundle.key_id).first()
    if key is None or (node is not None and key.node_id != node):
        raise refused("forbidden", path, bundle.key_id, "a key registered for this node", "enrol this node with its key", "unknown-key")
    if not bundle.envelope.signed_by(bytes(key.public)):
        raise refused("forbidden", "bundle.envelope.json:signatures[0].sig", "a signature that does not verify", "a signature by the stated key",
                      "send the bundle exactly as the runner sealed it", "wrong-signature")  # fmt: skip
    return key


def signing_key(actor: Actor, bundle: Bundle) -> NodeKey:
    """The key that signed, if it may sign new runs: as `signer`, and neither revoked nor of a retired node."""
    key, path = signer(actor, bundle), "bundle.envelope.json:signatures[0].keyid"
    if key.revoked_from is not None or key.node.retired:
        raise refused("forbidden", path, f"revoked from position {key.revoked_from}", "an unrevoked key", "register a new key", "revoked-key")
    return key


def methodology_of(bundle: Bundle) -> MethodologyVersion:
    """The published methodology that the bundle names."""
    digest = bundle.statement.predicate.methodology_sha256
    version = MethodologyVersion.objects.filter(digest=digest).first()
    if version is None:
        raise refused("rule", "bundle.envelope.json:predicate.methodology_sha256", digest, "a published methodology",
                      "publish the methodology first", "unknown-methodology")  # fmt: skip
    return version


def declaration_of(bundle: Bundle, node: str, methodology: str) -> Declaration | None:
    """The declaration that the bundle answers, None where it states none; refuses unknown, foreign and used nonces."""
    nonce, path = bundle.statement.predicate.nonce, "bundle.envelope.json:predicate.nonce"
    if nonce is None:
        return None
    declaration = Declaration.objects.filter(nonce=nonce, node=node).first()
    if declaration is None:
        raise refused("forbidden", path, nonce, "a nonce declared by this node", "declare the run, then measure", "unknown-nonce")
    if declaration.state == "used" and declaration.run != bundle.digest:
        raise refused("conflict", path, f"answered by run {declaration.run}", "an open declaration", "declare each run once", "replayed-nonce")
    if declaration.state == "abandoned":
        raise refused("forbidden", path, "abandoned", "an open declaration", "declare the run again, then measure", "abandoned-nonce")
    if declaration.methodology_id != methodology:
        raise refused("forbidden", path, f"declared under {declaration.methodology_id}", f"a declaration under {methodology}",
                      "declare the run under its methodology", "wrong-nonce")  # fmt: skip
    return declaration


def timeliness(declaration: Declaration | None, run: Run, now: datetime) -> tuple[Finding, ...]:
    """Refuses times that are still to come, and measuring that began before the declaration or after its expiry.

    A late upload of a timely run is a finding.
    """
    _past("run.json:started_at", run.started_at, now)
    _past("run.json:ended_at", run.ended_at, now)
    if declaration is None:
        return ()
    started = _instant("run.json:started_at", run.started_at)
    if started > declaration.expires_at:
        raise refused("forbidden", "run.json:started_at", run.started_at, f"before {declaration.expires_at.isoformat()}",
                      "declare the run again, then measure", "expired-nonce")  # fmt: skip
    if started < declaration.declared_at - CLOCK_TOLERANCE:
        raise refused("forbidden", "run.json:started_at", run.started_at, f"after {declaration.declared_at.isoformat()}",
                      "declare the run before measuring it, and set the node's clock", "measured-before-declared")  # fmt: skip
    if now <= declaration.expires_at:
        return ()
    return (Finding("late-upload", "run.nonce", f"arrived after {declaration.expires_at.isoformat(timespec='seconds')}"),)


def reuse(run_digest: str, samples_sha256: str) -> tuple[Finding, ...]:
    """The finding that these raw samples came with another run before, of whatever organisation; it does not say which."""
    if not RunArtifact.objects.filter(artifact_id=samples_sha256, role=SAMPLES).exclude(run_id=run_digest).exists():
        return ()
    return (Finding("samples-reused", f"bundle.{SAMPLES}", samples_sha256),)


def _past(path: str, text: str, now: datetime) -> None:
    if _instant(path, text) > now + CLOCK_TOLERANCE:
        raise refused("forbidden", path, text, f"not after {now.isoformat()}", "set the node's clock, then measure again", "time-to-come")


def _instant(path: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise refused("rule", path, text, "a date that exists", "state the time in UTC", "invalid-document") from error
