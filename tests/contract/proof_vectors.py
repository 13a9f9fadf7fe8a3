"""Vectors of proof files, Merkle proofs and trust policies: one valid of each kind, and every other is one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runner.contract import checkpoints, merkle, proofs, tlog_proof
from runner.contract.checkpoints import Checkpoint
from runner.contract.notes import VerifierKey
from tests.contract.note_vectors import KEY, ORIGIN, OTHER, TREE, VKEY, Entry, b64, retyped, spellings

NOTE = checkpoints.sign(Checkpoint(ORIGIN, 13, TREE.root(13)), KEY)
HASHES = proofs.inclusion(5, 13, TREE.hash_at)


def wrong_proof_files(good: bytes, extra: bytes, note: bytes, hashes: list[bytes]) -> dict[str, bytes]:
    """Proof files that differ in one thing from `good`, or from `extra`, which holds extra data."""
    encoded = [b64(one) for one in hashes]
    other = checkpoints.sign(Checkpoint(ORIGIN, 12, TREE.root(12)), KEY)
    first = encoded[0].encode()
    cases: dict[str, bytes] = {
        "another version": good.replace(b"@v1", b"@v2"),
        "no header": good.partition(b"\n")[2],
        "no index": good.replace(b"index 5\n", b""),
        "index of another leaf": good.replace(b"index 5", b"index 4"),
        "index at the size": good.replace(b"index 5", b"index 13"),
        "index with a zero in front": good.replace(b"index 5", b"index 05"),
        "index with a sign": good.replace(b"index 5", b"index +5"),
        "negative index": good.replace(b"index 5", b"index -5"),
        "index with a space": good.replace(b"index 5", b"index  5"),
        "index 2^63": good.replace(b"index 5", b"index %d" % 2**63),
        "index in capitals": good.replace(b"index", b"Index"),
        "hash missing": good.replace(first + b"\n", b""),
        "hash doubled": good.replace(first, first + b"\n" + first),
        "hashes swapped": tlog_proof.write(5, [hashes[1], hashes[0], *hashes[2:]], note),
        "hash one byte short": tlog_proof.write(5, [hashes[0][:-1], *hashes[1:]], note),
        "hash with a trailing space": good.replace(first, first + b" "),
        "blank line between hashes": good.replace(first, first + b"\n"),
        "two blank lines": good.replace(b"\n\n", b"\n\n\n", 1),
        "no checkpoint": good.partition(b"\n\n")[0] + b"\n\n",
        "no blank line": good.replace(b"\n\n", b"\n", 1),
        "checkpoint of another size": tlog_proof.write(5, hashes, other),
        "checkpoint without its signature": good.rpartition(b"\n\n")[0] + b"\n",
        "CRLF": good.replace(b"\n", b"\r\n"),
        "byte order mark": b"\xef\xbb\xbf" + good,
        "text after the checkpoint": good + b"more\n",
        "no final newline": good[:-1],
        "NUL": good.replace(b"index 5", b"index 5\0"),
        "54 hashes": tlog_proof.write(5, hashes + [hashes[0]] * (54 - len(hashes)), note),
        "extra with nothing": good.replace(b"index", b"extra \nindex"),
        "extra twice": extra.replace(b"extra ", b"extra AAAA\nextra "),
        "extra after the index": good.replace(b"index 5", b"index 5\nextra AAAA"),
        "extra not base64": good.replace(b"index", b"extra ?\nindex"),
        "empty": b"",
    }
    cases |= {f"hash {what}": good.replace(first, text.encode()) for what, text in spellings(encoded[0]).items() if text != encoded[0]}
    return cases


def tlog_proof_entries() -> Iterator[Entry]:
    """Proof files for the leaf `event 5` in the tree of 13 leaves."""
    good, extra = tlog_proof.write(5, HASHES, NOTE), tlog_proof.write(5, HASHES, NOTE, b"opaque")
    leaf = TREE.hash_at(merkle.Place(5, 0)).hex()
    fixed = {"vkeys": [str(VKEY)], "leaf_hash": leaf}
    yield {"name": "valid", **fixed, "proof": b64(good), "accept": True}
    yield {"name": "valid with extra", **fixed, "proof": b64(extra), "accept": True}
    alone = tlog_proof.write(0, [], checkpoints.sign(Checkpoint(ORIGIN, 1, TREE.root(1)), KEY))
    yield {"name": "tree of one", "vkeys": [str(VKEY)], "leaf_hash": TREE.root(1).hex(), "proof": b64(alone), "accept": True}
    yield {"name": "another leaf", **fixed, "leaf_hash": TREE.hash_at(merkle.Place(6, 0)).hex(), "proof": b64(good), "accept": False}
    for what, content in wrong_proof_files(good, extra, NOTE, HASHES).items():
        yield {"name": what, **fixed, "proof": b64(content), "accept": False}


def wrong_proofs(proof: list[bytes], stranger: bytes) -> dict[str, list[bytes]]:
    """A proof with one thing changed."""
    cases = {
        "a hash too many at the end": [*proof, stranger],
        "a hash too many in front": [stranger, *proof],
        "a last hash doubled": [*proof, *(proof[-1:] or [stranger])],
        "70 hashes": [*proof, *[stranger] * (70 - len(proof))],
    }
    for place, one in enumerate(proof):
        rest = (proof[:place], proof[place + 1 :])
        cases[f"hash {place} missing"] = [*rest[0], *rest[1]]
        cases[f"hash {place} replaced"] = [*rest[0], stranger, *rest[1]]
        cases[f"hash {place} with one bit changed"] = [*rest[0], bytes([one[0] ^ 1]) + one[1:], *rest[1]]
        cases[f"hash {place} one byte short"] = [*rest[0], one[:-1], *rest[1]]
        cases[f"hash {place} one byte long"] = [*rest[0], one + b"\0", *rest[1]]
        cases[f"hash {place} empty"] = [*rest[0], b"", *rest[1]]
        if place and proof[place - 1] != one:
            cases[f"hashes {place - 1} and {place} swapped"] = [*proof[: place - 1], one, proof[place - 1], *rest[1]]
    distinct = {tuple(wrong): what for what, wrong in reversed(cases.items())}
    return {what: list(wrong) for wrong, what in reversed(distinct.items())}


def inclusion_entries() -> Iterator[Entry]:
    """Inclusion proofs in trees of up to 13 leaves `event 0` to `event 12`."""

    def entry(name: str, accept: bool, proof: list[bytes], **other: Any) -> Entry:
        stated = {"leaf_hash": leaf.hex(), "index": str(index), "size": str(size), "root": TREE.root(size).hex()}
        return {"name": f"{index} of {size}: {name}"} | stated | other | {"proof": [one.hex() for one in proof], "accept": accept}

    for size in (1, 2, 3, 7, 8, 13):
        for index in sorted({0, size // 2, size - 1}):
            leaf, proof = TREE.hash_at(merkle.Place(index, 0)), proofs.inclusion(index, size, TREE.hash_at)
            yield entry("valid", True, proof)
            yield entry("another leaf", False, proof, leaf_hash=merkle.leaf_hash(b"no event").hex())
            yield entry("leaf hash one byte short", False, proof, leaf_hash=leaf.hex()[2:])
            yield entry("root one byte short", False, proof, root=TREE.root(size).hex()[2:])
            yield entry("another root", False, proof, root=merkle.EMPTY_ROOT.hex())
            for what, wrong in wrong_proofs(proof, merkle.EMPTY_ROOT).items():
                yield entry(what, False, wrong)
            for what, place in {"the size": size, "above the size": size + 1, "-1": -1, "2^53": 2**53, "2^63": 2**63, "2^64": 2**64}.items():
                yield entry(f"index {what}", False, proof, index=str(place))
            for what, count in {"0": 0, "-1": -1, "2^53": 2**53, "2^63": 2**63, "2^64 + size": 2**64 + size}.items():
                yield entry(f"size {what}", False, proof, size=str(count))
    leaf, index, size = TREE.hash_at(merkle.Place(7, 0)), 3, 4
    yield entry("the last leaf of 8 told as the last of 4", False, proofs.inclusion(7, 8, TREE.hash_at), root=TREE.root(8).hex())
    leaf, index, size = TREE.hash_at(merkle.Place(3, 0)), 7, 8
    yield entry("the last leaf of 4 told as the last of 8", False, proofs.inclusion(3, 4, TREE.hash_at), root=TREE.root(4).hex())


def consistency_entries() -> Iterator[Entry]:
    """Consistency proofs between trees of up to 13 leaves `event 0` to `event 12`."""

    def entry(name: str, accept: bool, proof: list[bytes], **other: Any) -> Entry:
        stated = {"m": str(m), "n": str(n), "root_m": TREE.root(m).hex(), "root_n": TREE.root(n).hex()}
        return {"name": f"{m} to {n}: {name}"} | stated | other | {"proof": [one.hex() for one in proof], "accept": accept}

    for m, n in ((1, 1), (7, 7), (1, 2), (1, 13), (3, 7), (4, 7), (6, 8), (8, 13), (7, 13), (12, 13)):
        proof = proofs.consistency(m, n, TREE.hash_at)
        yield entry("valid", True, proof)
        yield entry("another old root", False, proof, root_m=merkle.EMPTY_ROOT.hex())
        yield entry("another new root", False, proof, root_n=merkle.EMPTY_ROOT.hex())
        yield entry("both roots replaced by others", False, proof, root_m=merkle.EMPTY_ROOT.hex(), root_n=merkle.leaf_hash(b"no event").hex())
        yield entry("old root one byte short", False, proof, root_m=TREE.root(m).hex()[2:])
        yield entry("new root empty", False, proof, root_n="")
        for what, wrong in wrong_proofs(proof, merkle.EMPTY_ROOT).items():
            yield entry(what, False, wrong)
        for what, size in {"0": 0, "-1": -1, "above n": n + 1, "2^53": 2**53, "2^63": 2**63}.items():
            yield entry(f"m {what}", False, proof, m=str(size))
        for what, size in {"0": 0, "-1": -1, "2^53": 2**53, "2^63": 2**63, "2^64 + n": 2**64 + n}.items():
            yield entry(f"n {what}", False, proof, n=str(size))
        if m != n:
            yield entry("sizes swapped", False, proof, m=str(n), n=str(m), root_m=TREE.root(n).hex(), root_n=TREE.root(m).hex())
        if len(proof) > 1:
            yield entry("no proof", False, [])
    m, n = 2, 8
    yield entry("4 leaves told as 8", False, proofs.consistency(2, 4, TREE.hash_at), root_n=TREE.root(4).hex())
    m, n = 2, 4
    yield entry("8 leaves told as 4", False, proofs.consistency(2, 8, TREE.hash_at), root_n=TREE.root(8).hex())
    m, n = 0, 13
    yield entry("from nothing", False, [], root_m=merkle.EMPTY_ROOT.hex())


def policy_entries() -> Iterator[Entry]:
    """Trust policies, as text; those accepted state their logs."""
    log, witness = f"log {VKEY}", f"witness w {retyped(OTHER.public, 4)}"
    good = f"# what we trust\n\n{log} https://log.example/\n\t quorum   none \n"
    cases = {
        "no quorum": f"{log}\n",
        "two quorums": f"{log}\nquorum none\nquorum none\n",
        "quorum of a witness": f"{log}\n{witness}\nquorum w\n",
        "quorum of nobody": f"{log}\nquorum x\n",
        "no log": "quorum none\n",
        "one log twice": f"{log}\n{log}\nquorum none\n",
        "one key under two names": f"{log}\nlog {VerifierKey('log.example/2', KEY.public)}\nquorum none\n",
        "unknown word": f"{log}\nlogs {VKEY}\nquorum none\n",
        "log key of type 0x04": f"log {retyped(KEY.public, 4)}\nquorum none\n",
        "log key with a wrong id": f"{log.replace('+', '+0', 1)}\nquorum none\n",
        "log without a key": "log\nquorum none\n",
        "log with a word too many": f"{log} https://log.example/ more\nquorum none\n",
        "CRLF": f"{log}\r\nquorum none\r\n",
        "NUL": f"{log}\0\nquorum none\n",
        "empty": "",
    }
    yield {"name": "valid", "policy": good, "says": {"logs": [str(VKEY)]}, "accept": True}
    yield {
        "name": "a witness that no quorum asks for",
        "policy": f"{log}\n{witness}\ngroup g any w\nquorum none\n",
        "says": {"logs": [str(VKEY)]},
        "accept": True,
    }
    for what, policy in cases.items():
        yield {"name": what, "policy": policy, "accept": False}
