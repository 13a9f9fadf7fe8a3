"""The questions of the doors about packs: each takes the actor first; the packs of other organisations are not found."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from lynxweb.accounts.roles import READ, may, require
from lynxweb.audit import checkpoints
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.registry.seeing import runs_seen_by
from lynxweb.review import sealing
from lynxweb.review.models.packs import Pack
from lynxweb.review.pack_cards import LeftOut, PackCard, PackFile, PackFolder, PackReport, PackView, ShownRun
from runner.contract import pack
from runner.contract.canonical import decode
from runner.contract.problems import Problem, Problems

MOST_LISTED = 200
DIGEST = re.compile(r"[0-9a-f]{64}")


def may_export(actor: Actor) -> bool:
    """Whether the actor may take packs away."""
    return may(actor, Action.PACK_EXPORT)


def packs_for(actor: Actor) -> tuple[PackCard, ...]:
    """The newest 200 packs of the actor's organisation, newest first."""
    acting = require(actor, READ)
    return _cards(acting, list(Pack.objects.for_actor(acting).newest()[:MOST_LISTED]))


def pack_for(actor: Actor, pack_id: str) -> PackView:
    """One pack with its contents, its omissions, and the checkpoint that it rests on."""
    exported = sealing.pack_seen_by(actor, pack_id)
    files = tuple(PackFile(entry["name"], entry["sha256"], entry["size"]) for entry in _listed(exported))
    digests = {one.name: one.sha256 for one in files}
    return PackView(
        card=_cards(actor, [exported])[0],
        content_sha256=exported.content_sha256,
        files=files,
        folders=_folders(files),
        omitted=_omitted(digests[pack.OMITTED]),
        checkpoint=checkpoints.at_or_after(exported.position),
        earlier=tuple(json.loads(exported.consistency)),
        verifier_sha256=digests[pack.VERIFIER],
    )


def report_for(actor: Actor, pack_id: str) -> PackReport:
    """What the pack's own verifier says of it now; raises `sealing.NotYetSealed` and `sealing.Gone` as the bytes themselves do.

    A pack that takes too long to check here is a `Problems` (code `too-long`).
    """
    try:
        return PackReport.of(sealing.verified(actor, pack_id))
    except subprocess.TimeoutExpired as error:
        limit = f"{sealing.LONGEST_CHECK_S} s"
        raise Problems([Problem("pack", f"more than {limit}", f"a check within {limit}", "download it and check it yourself", "too-long")]) from error


def choosable(actor: Actor, digests: Iterable[str]) -> tuple[ShownRun, ...]:
    """The runs among these that the actor sees, with their labels, in the order in which they were named."""
    wanted = [digest for digest in dict.fromkeys(digests) if DIGEST.fullmatch(digest)]
    labels = _labels(actor, wanted)
    return tuple(ShownRun(digest, labels[digest]) for digest in wanted if digest in labels)


def _cards(actor: Actor, exported: list[Pack]) -> tuple[PackCard, ...]:
    leaves = dict(Event.objects.filter(seq__in=[one.position for one in exported]).values_list("seq", "leaf"))
    shown = {one.id: json.loads(one.shown) for one in exported}
    labels = _labels(actor, {digest for asked in shown.values() for digest in asked["runs"]})
    newest = checkpoints.newest()
    covered = 0 if newest is None else newest.size
    return tuple(_card(one, leaf_fields(leaves[one.position]), shown[one.id], labels, covered) for one in exported)


def _card(one: Pack, leaf: Mapping[str, Any], asked: Mapping[str, Any], labels: Mapping[str, str], covered: int) -> PackCard:
    return PackCard(
        id=one.id, position=one.position, exported_at=one.exported_at, exported_by=leaf["actor"]["id"], role=leaf["actor"]["role"],
        reason=leaf["reason"], runs=tuple(ShownRun(digest, labels.get(digest)) for digest in asked["runs"]), decision=asked["decision"],
        with_samples=asked["with_samples"], state="sealed" if one.position < covered else "waiting",
    )  # fmt: skip


def _labels(actor: Actor, digests: Iterable[str]) -> dict[str, str]:
    return dict(runs_seen_by(actor).filter(digest__in=list(digests)).values_list("digest", "label"))


def _listed(exported: Pack) -> list[Mapping[str, Any]]:
    listed = decode(_document(exported.content_sha256))
    assert isinstance(listed, list)
    return listed


def _omitted(digest: str) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(one["sha256"], one["what"], one["reason"]) for one in leaf_fields(_document(digest))["omitted"])


def _document(digest: str) -> bytes:
    return bytes(LogDocument.objects.get(digest=digest).content)


def _folders(files: Iterable[PackFile]) -> tuple[PackFolder, ...]:
    """The files by their folder, those at the top each on its own."""
    sizes: dict[str, list[int]] = {}
    for one in files:
        folder, mark, _ = one.name.partition("/")
        sizes.setdefault(folder + mark, []).append(one.size)
    return tuple(PackFolder(name, len(each), sum(each)) for name, each in sorted(sizes.items()))
