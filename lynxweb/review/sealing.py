"""From an export to the bytes of its pack: the same bytes every time, as soon as a checkpoint covers the export."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lynxweb.accounts.roles import READ, require
from lynxweb.audit import checkpoints, proofs
from lynxweb.audit.actors import Actor
from lynxweb.audit.models import Event
from lynxweb.registry.missing import NotFound
from lynxweb.review import contents, evidence, readers_pages
from lynxweb.review.models.packs import Pack
from runner.contract import pack
from runner.contract.canonical import decode

LONGEST_CHECK_S = 120


class NotYetSealed(RuntimeError):
    """No checkpoint covers the export yet: the signer signs within a second of it; ask again."""


class Gone(RuntimeError):
    """Bytes that the pack showed were redacted since; whoever kept the pack still has them."""


@dataclass(frozen=True)
class SealedPack:
    """A pack with its bytes, and the checkpoint that it rests on."""

    id: str
    content: bytes
    size: int
    root: str


def pack_seen_by(actor: Actor, pack_id: str) -> Pack:
    """One exported pack of the actor's organisation; unknown and foreign are `NotFound` alike."""
    found = Pack.objects.for_actor(require(actor, READ)).naming(pack_id).first()
    if found is None:
        raise NotFound("pack", pack_id[:40])
    return found


def sealed(actor: Actor, pack_id: str) -> SealedPack:
    """The pack's bytes, built again from the log; raises `NotYetSealed` before a checkpoint covers its export, `Gone` after a redaction."""
    exported = pack_seen_by(actor, pack_id)
    checkpoint = checkpoints.at_or_after(exported.position)
    if checkpoint is None:
        raise NotYetSealed(f"pack {pack_id} waits for the next checkpoint; the signer writes it within a second")
    listed = decode(_known(exported.content_sha256))
    assert isinstance(listed, list)
    files = {entry["name"]: _bytes(entry) for entry in listed}
    events = [int(name[len("events/") : -len(".json")]) for name in files if name.startswith("events/")]
    files[pack.event_name(exported.position)] = _leaf(exported.position)
    for position in [*events, exported.position]:
        files[pack.proof_name(position)] = proofs.tlog_proof(position, checkpoint)
    for earlier in json.loads(exported.consistency):
        if earlier < checkpoint.size:
            files[pack.consistency_name(earlier, checkpoint.size)] = pack.consistency(proofs.consistency(earlier, checkpoint.size))
    return SealedPack(pack_id, pack.build(files, checkpoint.note), checkpoint.size, checkpoint.root.hex())


def _bytes(entry: Mapping[str, Any]) -> bytes:
    name = str(entry["name"])
    if name.startswith("events/"):
        return _leaf(int(name[len("events/") : -len(".json")]))
    return _known(str(entry["sha256"]))


def _leaf(position: int) -> bytes:
    return bytes(Event.objects.get(seq=position).leaf)


def _known(digest: str) -> bytes:
    content = evidence.bytes_of(digest)
    if content is None:
        raise Gone(f"the bytes {digest} are no longer here; the log says why")
    return content


def verified(actor: Actor, pack_id: str) -> dict[str, Any]:
    """What the pack's own verifier says of it, run as a stranger would: `python3 verify.py` on the file, in a process without our code."""
    made = sealed(actor, pack_id)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "pack.zip").write_bytes(made.content)
        (place / "verify.py").write_bytes(contents.VERIFIER.read_bytes())
        (place / "trust.policy").write_bytes(readers_pages.trust_policy())
        command = [sys.executable, "-I", "verify.py", "pack.zip", "--trust", "trust.policy", "--json"]
        ran = subprocess.run(command, cwd=place, capture_output=True, timeout=LONGEST_CHECK_S, check=False)
    report: dict[str, Any] = json.loads(ran.stdout)
    return report
