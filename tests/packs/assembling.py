"""From a story to a pack: the files that its export binds, the export, a checkpoint over it, the proofs, the ZIP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lynxweb.audit.actions import Action
from runner.contract import pack
from runner.contract.canonical import sha256
from tests.packs.ledger import Ledger, Name
from tests.packs.story import MEMBER, Story

PAGES = {pack.README: b"<p>Read verify.py first.</p>\n", pack.VERIFY: b"openssl dgst\n", pack.VERIFIER: b"# stub\n", pack.TRUST: b"quorum none\n"}


@dataclass
class Shown:
    """What a pack shows: whole objects, released openings, and what is left out with the reason."""

    objects: Iterable[Name]
    opened: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    left_out: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pages: Mapping[str, bytes] = field(default_factory=lambda: PAGES)
    heads: Mapping[Name, tuple[int, int | None]] = field(default_factory=dict)


@dataclass
class Assembled:
    """A pack's files before manifest and ZIP, the checkpoint over its export, and the log they come from."""

    files: dict[str, bytes]
    checkpoint: bytes
    ledger: Ledger
    export: int

    @property
    def content(self) -> bytes:
        """The pack."""
        return pack.build(self.files, self.checkpoint)


def contents(story: Story, shown: Shown) -> dict[str, bytes]:
    """The files that the export will bind."""
    ledger, files = story.ledger, dict(shown.pages)
    wanted = {*shown.objects, ("log", ledger.origin), pack.RULINGS}
    leaves = {seq: json.loads(leaf) for seq, leaf in enumerate(ledger.leaves)}
    wanted |= {named(leaves[one["proposal"]]) for one in leaves.values() if named(one) in wanted and one["proposal"] is not None}
    for seq, leaf in leaves.items():
        if named(leaf) in wanted:
            files[pack.event_name(seq)] = ledger.leaves[seq]
            files |= {pack.document_name(one): ledger.documents[one] for one in (leaf["payload"],) if one in ledger.documents}
    for kind, digest in wanted:
        if kind == "run":
            files |= bundle_files(story, digest)
    for seq, names in shown.opened.items():
        files[pack.opening_name(seq)] = pack.opening({name: ledger.openings[seq][name] for name in names})
    files = {name: content for name, content in files.items() if not any(digest in name for digest in shown.left_out)}
    files[pack.HEADS] = pack.heads({**{name: head for name, head in ledger.heads.items() if name in wanted}, **shown.heads})
    files[pack.OMITTED] = pack.omitted(shown.left_out)
    return files


def named(leaf: Mapping[str, Any]) -> Name:
    """The object of a leaf."""
    return leaf["object"]["type"], leaf["object"]["id"]


def bundle_files(story: Story, run: str) -> dict[str, bytes]:
    """The envelope and the members of a run's bundle, under their names in a pack."""
    bundle = story.bundles[run]
    files = {pack.bundle_name(sha256(bundle.envelope_bytes)): bundle.envelope_bytes}
    for name, content in bundle.members.items():
        files[pack.document_name(sha256(content)) if name.endswith(".json") else pack.payload_name(sha256(content))] = content
    return files


def export(story: Story, files: Mapping[str, bytes], held: Iterable[int] = ()) -> Assembled:
    """Record the export of these contents, then prove everything from a checkpoint that covers it."""
    ledger = story.ledger
    bound = sha256(pack.content_list(files))
    position = ledger.act(Action.PACK_EXPORT, ("pack", f"pack_{len(ledger.leaves):020x}"), who=MEMBER, payload=bound)
    return sealed(ledger, files, position, held)


def sealed(ledger: Ledger, files: Mapping[str, bytes], position: int, held: Iterable[int] = ()) -> Assembled:
    """Contents with the export at `position`, its checkpoint and all proofs."""
    size = len(ledger.leaves)
    whole = {**files, pack.event_name(position): ledger.leaves[position]}
    shown = [int(name[7:19]) for name in whole if name.startswith("events/")]
    whole |= {pack.proof_name(seq): ledger.proof(seq, size) for seq in shown}
    whole |= {pack.consistency_name(one, size): pack.consistency(ledger.consistency(one, size)) for one in held}
    return Assembled(whole, ledger.checkpoint(), ledger, position)


def assembled(story: Story, shown: Shown, held: Iterable[int] = ()) -> Assembled:
    """A whole pack of a story."""
    return export(story, contents(story, shown), held)
