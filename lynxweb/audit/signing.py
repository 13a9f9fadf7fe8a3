"""The signer: it signs only a tree that it has computed itself, on top of the last one that it remembers signing.

Its key and its memory live in a folder of their own, outside the database and its backup. Whatever happens in between, no second root is ever signed
for a size: the memory is on the disk before the signature exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Max

from lynxweb.audit import halting
from lynxweb.audit.keyring import LOG_KEY, read_key
from lynxweb.audit.memory import Files, Memory, alone, recall, remember
from lynxweb.audit.models import Checkpoint, Event
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import utc_now
from runner.contract import checkpoints, merkle
from runner.contract.keys import SigningKey

ROWS_AT_ONCE = 2000
FILES = Files()


class Refuses(RuntimeError):
    """The signer will not sign what the database shows; the site is read-only from then on."""


@dataclass(frozen=True)
class SignedCheckpoint:
    """What was signed: tree size, root, and the published note's bytes."""

    size: int
    root: bytes
    note: bytes


def sign(
    *, folder: Path | None = None, clock: Callable[[], datetime] = utc_now, files: Files = FILES, using: str = DEFAULT_DB_ALIAS
) -> SignedCheckpoint:
    """Check, sign and publish the log as it stands; raises `Refuses`, after halting the site, where the log is not what was signed before.

    Signing the same tree again gives the same bytes. `folder` is the signer's (`settings.LYNXWEB_SIGNER_HOME`); a missing or exposed key there is an
    OSError, which halts nothing.
    """
    standing = halting.halted(using)
    if standing is not None:
        raise Refuses(f"the log is halted since {standing.since:%Y-%m-%d %H:%M}: {standing.reason}")
    try:
        return _sign(folder or settings.LYNXWEB_SIGNER_HOME, clock, files, using)
    except Refuses as refusal:
        halting.halt(str(refusal), clock=clock, using=using)
        raise


def resume(
    reason: str,
    *,
    folder: Path | None = None,
    clock: Callable[[], datetime] = utc_now,
    files: Files = FILES,
    using: str = DEFAULT_DB_ALIAS,
) -> SignedCheckpoint:
    """Sign again after a repair and lift the halt; raises `Refuses`, and leaves the halt standing, unless every check passes now."""
    signed = _sign(folder or settings.LYNXWEB_SIGNER_HOME, clock, files, using)
    halting.lift(reason, clock=clock, using=using)
    return signed


def _sign(folder: Path, clock: Callable[[], datetime], files: Files, using: str) -> SignedCheckpoint:
    opened = log_settings(using)
    with alone(folder):
        key = _key(folder, opened.log_key)
        tree = _grown(_last(folder, opened.origin, using), using)
        root = tree.root
        remember(folder, Memory(opened.origin, tree.size, root), files)
        note = checkpoints.sign(checkpoints.Checkpoint(opened.origin, tree.size, root), key)
        _publish(tree.size, root, note, clock, using)
    return SignedCheckpoint(tree.size, root, note)


def _key(folder: Path, public: str) -> SigningKey:
    key = read_key(folder / LOG_KEY)
    if key.public.hex() != public:
        raise Refuses(f"{folder / LOG_KEY} is not the key that log.open names")
    return key


def _last(folder: Path, origin: str, using: str) -> Memory:
    """What was signed last; the empty tree only where nothing was ever published."""
    try:
        last = recall(folder)
    except ValueError as error:
        raise Refuses(str(error)) from error
    if last is None:
        if Checkpoint.objects.using(using).exists():
            raise Refuses(f"{folder} remembers nothing, but checkpoints are published: restore state.json")
        return Memory(origin, 0, merkle.EMPTY_ROOT)
    if last.origin != origin:
        raise Refuses(f"this signer signs {last.origin}, the database holds {origin}")
    return last


def _grown(last: Memory, using: str) -> merkle.Rebuilt:
    """The tree that the leaves themselves make, grown from the last signed one."""
    events = Event.objects.using(using)
    newest = events.aggregate(newest=Max("seq"))["newest"]
    size = 0 if newest is None else newest + 1
    if size < last.size:
        raise Refuses(f"the log has {size} events, {last.size} were signed: was an old backup restored?")
    places = merkle.peaks(last.size)
    rows = {seq: bytes(hashes) for seq, hashes in events.filter(seq__in=[place.row for place in places]).values_list("seq", "hashes")}
    try:
        peaks = [merkle.hash_at(rows[place.row], place.level) for place in places]
    except (KeyError, ValueError) as error:
        raise Refuses(f"the tree of {last.size} events that was signed is damaged: {error}") from error
    if merkle.root(peaks) != last.root:
        raise Refuses(f"the first {last.size} events are not those that were signed: was an old backup restored, or history rewritten?")
    # A memory that came back from a backup is older than what was published after it: that was signed too.
    published = dict(Checkpoint.objects.using(using).filter(size__gt=last.size).values_list("size", "root"))
    if max(published, default=0) > size:
        raise Refuses(f"the log has {size} events, a checkpoint of {max(published)} is published: was an old backup restored?")
    new = events.filter(seq__gte=last.size, seq__lt=size).order_by("seq").values_list("seq", "leaf", "hashes")
    return folded(merkle.Rebuilt(last.size, peaks), new.iterator(chunk_size=ROWS_AT_ONCE), size, published)


def folded(
    tree: merkle.Rebuilt,
    rows: Iterable[tuple[int, bytes | memoryview, bytes | memoryview]],
    size: int,
    published: Mapping[int, str] = MappingProxyType({}),
) -> merkle.Rebuilt:
    """`tree` grown by the leaves of `rows` (seq, leaf, stored hashes) to `size`; raises `Refuses` at the first row that is not what follows.

    `published` are the roots (hex) of checkpoints between the two sizes, which it must pass through.
    """
    for seq, leaf, hashes in rows:
        if seq != tree.size:
            raise Refuses(f"event {tree.size} is missing")
        if tree.append(bytes(leaf)) != bytes(hashes):
            raise Refuses(f"event {seq}: the stored hashes are not those of its bytes")
        if tree.size in published and published[tree.size] != tree.root.hex():
            raise Refuses(f"the first {tree.size} events are not those of the checkpoint that is published: was history rewritten?")
    if tree.size != size:
        raise Refuses(f"event {tree.size} is missing")
    return tree


def _publish(size: int, root: bytes, note: bytes, clock: Callable[[], datetime], using: str) -> None:
    published = Checkpoint.objects.using(using).filter(size=size).first()
    if published is not None:
        if bytes(published.note) != note:
            raise Refuses(f"another checkpoint of {size} events is published already")
        return
    text = note.rpartition(b"\n\n")[0] + b"\n"
    digest = checkpoints.Checkpoint.read(text.decode()).text_digest
    Checkpoint(size=size, root=root.hex(), note=note, sha256=digest, published_at=clock()).save(using=using)
