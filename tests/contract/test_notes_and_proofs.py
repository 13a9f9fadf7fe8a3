"""The published vectors: what is valid is taken, and each that differs in one thing is refused with the typed error."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from runner.contract import checkpoints, notes, proofs, tlog_proof, trust
from runner.contract.notes import VerifierKey
from runner.contract.problems import Problems
from tests.contract.evidence_vectors import VECTORS, document

PUBLISHED = json.loads(VECTORS.read_text(encoding="utf-8"))
Entry = dict[str, Any]


def _keys(entry: Entry) -> list[VerifierKey]:
    return [VerifierKey.read(vkey) for vkey in entry["vkeys"]]


def _hashes(entry: Entry) -> list[bytes]:
    return [bytes.fromhex(one) for one in entry["proof"]]


def _vkey(entry: Entry) -> None:
    assert str(VerifierKey.read(entry["vkey"])) == entry["vkey"]


def _note(entry: Entry) -> None:
    note = base64.b64decode(entry["note"])
    opened = notes.open(note, _keys(entry))
    assert note.startswith(opened.text.encode() + b"\n")


def _checkpoint(entry: Entry) -> None:
    opened = checkpoints.open(base64.b64decode(entry["note"]), _keys(entry))
    assert (opened.origin, str(opened.size), opened.root.hex(), opened.text_digest) == tuple(
        entry["says"][name] for name in ("origin", "size", "root", "text_sha256")
    )


def _tlog_proof(entry: Entry) -> None:
    tlog_proof.verify(base64.b64decode(entry["proof"]), bytes.fromhex(entry["leaf_hash"]), _keys(entry))


def _inclusion(entry: Entry) -> None:
    leaf, root = bytes.fromhex(entry["leaf_hash"]), bytes.fromhex(entry["root"])
    proofs.verify_inclusion(leaf, int(entry["index"]), int(entry["size"]), _hashes(entry), root)


def _consistency(entry: Entry) -> None:
    roots = bytes.fromhex(entry["root_m"]), bytes.fromhex(entry["root_n"])
    proofs.verify_consistency(int(entry["m"]), int(entry["n"]), _hashes(entry), *roots)


def _policy(entry: Entry) -> None:
    policy = trust.read(entry["policy"].encode())
    assert [str(key) for key in policy.vkeys] == entry["says"]["logs"]


READERS: dict[str, Callable[[Entry], None]] = {
    "vkeys": _vkey,
    "notes": _note,
    "checkpoints": _checkpoint,
    "tlog_proofs": _tlog_proof,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "policies": _policy,
}


def _told(section: str, entry: Entry) -> str | None:
    """What is wrong with our answer to one entry."""
    try:
        READERS[section](entry)
    except Problems:
        return f"{section}: {entry['name']}: refused" if entry["accept"] else None
    return None if entry["accept"] else f"{section}: {entry['name']}: taken"


@pytest.mark.parametrize("section", READERS)
def test_every_valid_vector_is_taken_and_every_other_refused(section: str) -> None:
    assert [told for entry in PUBLISHED[section] if (told := _told(section, entry))] == []


@pytest.mark.parametrize("section", READERS)
def test_a_section_holds_both_kinds_under_names_of_their_own(section: str) -> None:
    entries = PUBLISHED[section]
    assert {entry["accept"] for entry in entries} == {True, False}
    assert len({entry["name"] for entry in entries}) == len(entries)


def test_no_vector_that_is_refused_equals_one_that_is_taken() -> None:
    for section, entries in PUBLISHED.items():
        if section in READERS:
            asked = [json.dumps({name: entry[name] for name in entry if name not in {"name", "accept", "says"}}) for entry in entries]
            assert len(set(asked)) == len(asked), section


def test_the_published_file_is_the_one_that_follows_from_its_seeds() -> None:
    assert VECTORS.read_text(encoding="utf-8") == document()
