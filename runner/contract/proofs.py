"""RFC 6962 inclusion and consistency proofs: which stored hashes make one, and whether one holds; pure, bytes in and bytes out.

A proof is a list of hashes of 32 bytes. One that covers the ragged right edge of a tree is stored nowhere, so each hash of a proof is named by a
group of places whose `merkle.root` it is; a reader fetches all rows of all groups in one query. Verification is RFC 9162 sections 2.1.3.2 and
2.1.4.2. Everything that is not a proof is told as `Problems` with the code `bad-proof`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.merkle import HASH_BYTES, Place, parent_hash, peaks, root
from runner.contract.problems import Problem, Problems

Group = tuple[Place, ...]


def inclusion_places(index: int, size: int) -> tuple[Group, ...]:
    """The groups behind the proof that leaf `index` is in the tree of `size` leaves, from the leaf's sibling to the root's child."""
    _check_leaf(index, size)
    groups, start, left = [], 0, size
    while left > 1:
        split = _split(left)
        if index - start < split:
            groups.append(_span(start + split, left - split))
            left = split
        else:
            groups.append(_span(start, split))
            start, left = start + split, left - split
    return tuple(reversed(groups))


def consistency_places(m: int, n: int) -> tuple[Group, ...]:
    """The groups behind the proof that the tree of `m` leaves is the beginning of the tree of `n`; none where they are the same tree."""
    _check_sizes(m, n)
    groups, start, old, left, known = [], 0, m, n, True
    while old < left:
        split = _split(left)
        if old <= split:
            groups.append(_span(start + split, left - split))
            left = split
        else:
            groups.append(_span(start, split))
            start, old, left, known = start + split, old - split, left - split, False
    if not known:
        groups.append(_span(start, left))
    return tuple(reversed(groups))


def inclusion(index: int, size: int, hash_of: Callable[[Place], bytes]) -> list[bytes]:
    """The inclusion proof of leaf `index` in the tree of `size` leaves, hashes taken from `hash_of`."""
    return [root(hash_of(place) for place in group) for group in inclusion_places(index, size)]


def consistency(m: int, n: int, hash_of: Callable[[Place], bytes]) -> list[bytes]:
    """The consistency proof between the trees of `m` and `n` leaves, hashes taken from `hash_of`."""
    return [root(hash_of(place) for place in group) for group in consistency_places(m, n)]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns if the tree of `size` leaves under `root` holds a leaf with this hash at `index`; raises `Problems` otherwise.

    RFC 9162 section 2.1.3.2.
    """
    _check_leaf(index, size)
    _check_hashes(proof, {"leaf_hash": leaf_hash, "root": root})
    fn, sn, folded = index, size - 1, leaf_hash
    for place, sibling in enumerate(proof):
        if sn == 0:
            raise _too_long(place)
        if fn & 1 or fn == sn:
            folded = parent_hash(sibling, folded)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            folded = parent_hash(folded, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise _too_short(len(proof))
    _check_root("root", folded, root)


def verify_consistency(m: int, n: int, proof: Sequence[bytes], root_m: bytes, root_n: bytes) -> None:
    """Returns if the tree of `m` leaves under `root_m` is the beginning of that of `n` leaves under `root_n`; raises `Problems` otherwise.

    RFC 9162 section 2.1.4.2, and equal roots with no proof where the sizes are equal.
    """
    _check_sizes(m, n)
    _check_hashes(proof, {"root_m": root_m, "root_n": root_n})
    if m == n:
        if proof:
            raise _too_long(0)
        return _check_root("root_n", root_m, root_n)
    if not proof:
        raise _too_short(0)
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    # Where m is a power of two the old tree is itself a subtree of the new one, and its root stands in front of the proof.
    first, rest = (root_m, proof) if m & (m - 1) == 0 else (proof[0], proof[1:])
    old = new = first
    for place, sibling in enumerate(rest):
        if sn == 0:
            raise _too_long(place + len(proof) - len(rest))
        if fn & 1 or fn == sn:
            old, new = parent_hash(sibling, old), parent_hash(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = parent_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise _too_short(len(proof))
    _check_root("root_m", old, root_m)
    return _check_root("root_n", new, root_n)


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _span(start: int, size: int) -> Group:
    """The places of the perfect subtrees over the leaves [start, start + size); `start` is a multiple of a power of two not below `size`."""
    return tuple(Place(start + row, level) for row, level in peaks(size))


def _check_leaf(index: int, size: int) -> None:
    _check_number("size", size, 1)
    _check_number("index", index, 0)
    if index >= size:
        raise _bad("index", str(index), f"an index below the size {size}", "ask for a leaf that the tree holds")


def _check_sizes(m: int, n: int) -> None:
    _check_number("m", m, 1)
    _check_number("n", n, 1)
    if m > n:
        raise _bad("m", str(m), f"at most the later size {n}", "name the older tree first")


def _check_number(path: str, number: object, least: int) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= LARGEST_INTEGER:
        raise _bad(path, repr(number)[:80], f"a whole number from {least} to 2^53 - 1", "state the size that the checkpoint names")


def _check_hashes(proof: Sequence[bytes], named: dict[str, bytes]) -> None:
    found = named | {f"proof[{place}]": sibling for place, sibling in enumerate(proof)}
    wrong = [(path, value) for path, value in found.items() if not isinstance(value, bytes) or len(value) != HASH_BYTES]
    if wrong:
        remedy = "ask the log for the proof again"
        raise Problems(
            Problem(path, f"{len(value)} bytes" if isinstance(value, bytes) else type(value).__name__, f"{HASH_BYTES} bytes", remedy, "bad-proof")
            for path, value in wrong
        )


def _check_root(path: str, computed: bytes, stated: bytes) -> None:
    if not hmac.compare_digest(computed, stated):
        raise _bad(
            path, stated.hex(), f"{computed.hex()}, which the proof leads to", "do not trust what this proof was to show; ask the log for another"
        )


def _too_long(place: int) -> Problems:
    return _bad(f"proof[{place}]", "one hash more", "no hash beyond those the sizes ask for", "ask the log for the proof again")


def _too_short(length: int) -> Problems:
    return _bad("proof", f"{length} hashes", "as many as the sizes ask for", "ask the log for the proof again")


def _bad(path: str, found: str, expected: str, remedy: str) -> Problems:
    return Problems([Problem(path, found, expected, remedy, "bad-proof")])
