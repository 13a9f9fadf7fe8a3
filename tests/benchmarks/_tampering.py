"""Every byte of a pack changed, with and without repairing what that breaks; files dropped, renamed, doubled, spliced; how many go unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from runner import verify
from runner.contract import pack
from tests.packs.assembling import Assembled

Mutation = Callable[[int], int]
MUTATIONS: Sequence[Mutation] = (lambda b: b ^ 1, lambda b: b ^ 0x80, lambda b: 0, lambda b: 0xFF, lambda b: (b + 1) & 0xFF)


@dataclass
class Count:
    """How many changes were tried, how many of them changed something, and the places of those that nobody noticed."""

    tried: int = 0
    changed: int = 0
    undetected: list[str] = field(default_factory=list)

    def add(self, place: str, changed: bool, accepted: bool) -> None:
        """Take one result in."""
        self.tried += 1
        self.changed += changed
        if changed and accepted:
            self.undetected.append(place)


def accepted(content: bytes, made: Assembled, remembered: Sequence[bytes] = ()) -> bool:
    """Whether the verifier accepts these bytes under the trust policy of the pack's own log."""
    return bool(verify.verify(content, made.ledger.policy, list(remembered))["accepted"])


def bytes_changed(made: Assembled, mutations: Sequence[Mutation] = MUTATIONS, each: int | None = None, step: int = 1, first: int = 0) -> Count:
    """Every `step`th byte of the ZIP from the `first` on under each mutation; with `each`, under that many of them, in turn."""
    content, count, policy = made.content, Count(), made.ledger.policy
    for place in range(first, len(content), step):
        chosen = mutations if each is None else [mutations[(place + turn) % len(mutations)] for turn in range(each)]
        for mutation in chosen:
            altered = bytearray(content)
            altered[place] = mutation(altered[place])
            changed = altered != content
            count.add(f"byte {place}", changed, changed and bool(verify.verify(bytes(altered), policy)["accepted"]))
    return count


def contents_changed(made: Assembled, step: int, mutation: Mutation = MUTATIONS[0], *, manifest: bool = True) -> Count:
    """Every `step`th byte of the files, with the ZIP's checksums repaired and, with `manifest`, the manifest too.

    Consistency proofs are checked against what the reader remembers: they are changed in a reader's hands who remembers that size.
    """
    count, whole = Count(), {**made.files, pack.CHECKPOINT: made.checkpoint}
    listed, place = pack.manifest(whole), 0
    for name in sorted(whole):
        first, place = -place % step, place + len(whole[name])
        for offset in range(first, len(whole[name]), step):
            altered = bytearray(whole[name])
            altered[offset] = mutation(altered[offset])
            files = {**whole, name: bytes(altered)}
            content = pack.archive({**files, pack.MANIFEST: pack.manifest(files) if manifest else listed})
            count.add(f"{name}:{offset}", True, accepted(content, made, _remembering(made, name)))
    return count


def _remembering(made: Assembled, name: str) -> list[bytes]:
    earlier = name.removeprefix("consistency/").partition("-")[0]
    return [made.ledger.checkpoint(int(earlier))] if name.startswith("consistency/") else []


def files_changed(made: Assembled, other: Assembled) -> Count:
    """Each file dropped, emptied, renamed, doubled, and put in from another pack, the manifest repaired each time."""
    count, whole = Count(), {**made.files, pack.CHECKPOINT: made.checkpoint}
    for what, files in _changes(whole, {**other.files, pack.CHECKPOINT: other.checkpoint}):
        listed = {name: content for name, content in files.items() if name != pack.MANIFEST}
        content = pack.archive({**listed, pack.MANIFEST: pack.manifest(listed)})
        remembered = [made.ledger.checkpoint(3)] if what.startswith(f"{pack.consistency_name(3, len(made.ledger.leaves))} ") else []
        count.add(what, files != whole, "consistency/" not in what and accepted(content, made, remembered))
    return count


def _changes(whole: dict[str, bytes], other: dict[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    for name, content in whole.items():
        rest = {one: kept for one, kept in whole.items() if one != name}
        yield f"{name} dropped", rest
        yield f"{name} emptied", {**rest, name: b""}
        yield f"{name} renamed", {**rest, _renamed(name): content}
        yield f"{name} doubled", {**whole, _renamed(name): content}
        yield f"{name} replaced", {**rest, name: other.get(name, next(iter(other.values())))}
    for name, content in other.items():
        if name not in whole:
            yield f"{name} spliced in", {**whole, name: content}


def _renamed(name: str) -> str:
    """Another name of the same kind."""
    place = next((at for at in range(len(name) - 1, -1, -1) if name[at] in "0123456789" and (at == 0 or name[at - 1] in "0123456789abcdef/")), None)
    return f"documents/{'0' * 64}.json" if place is None else f"{name[:place]}{'1' if name[place] == '0' else '0'}{name[place + 1 :]}"
