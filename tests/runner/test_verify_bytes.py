"""The verifier's own reading of bytes: signatures, JSON, base64 and notes, each in one spelling; the contract's readers agree on every case."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runner import verify
from runner.contract import keys, merkle, pack, proofs
from runner.contract.canonical import decode, encode
from runner.contract.keys import SigningKey
from runner.contract.problems import Problems
from tests.packs.judging import failures
from tests.packs.ledger import LOG_KEY, Ledger
from tests.packs.shapes import one_run

P, ORDER, EIGHTH = verify.P, verify.ORDER, verify.EIGHTH
# Every encoding of a point of order 1, 2, 4 or 8, with y below and not below p and with either sign.
SMALL_ORDER = sorted({
    (y | sign << 255).to_bytes(32, "little") for y in (0, 1, P - 1, EIGHTH, P - EIGHTH, P, P + 1) for sign in (0, 1)
})  # fmt: skip
NON_CANONICAL = [(P + y | sign << 255).to_bytes(32, "little") for y in range(2, 19) for sign in (0, 1)]


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the verifier takes the signature; a point that no key may hold is a no."""
    try:
        return verify.signed(public, signature, message)
    except ValueError:
        return False


def test_there_are_fourteen_encodings_of_small_order() -> None:
    assert len(SMALL_ORDER) == 14


@pytest.mark.parametrize("public", SMALL_ORDER, ids=lambda one: one.hex()[:8])
def test_no_signature_holds_under_a_key_of_small_order(public: bytes) -> None:
    identity = (1).to_bytes(32, "little")
    for number in range(50):
        for signature in (identity + bytes(32), public + bytes(32), LOG_KEY.sign(b"%d" % number)):
            assert not holds(public, signature, b"%d" % number)


def test_no_signature_holds_whose_point_is_of_small_order_or_in_another_spelling() -> None:
    for first in (*SMALL_ORDER, *NON_CANONICAL):
        assert not holds(LOG_KEY.public, first + LOG_KEY.sign(b"x")[32:], b"x")
        assert not holds(first, LOG_KEY.sign(b"x"), b"x")


def test_s_past_the_order_is_refused() -> None:
    signature = LOG_KEY.sign(b"x")
    raised = int.from_bytes(signature[32:], "little") + ORDER
    assert holds(LOG_KEY.public, signature, b"x") and not holds(LOG_KEY.public, signature[:32] + raised.to_bytes(32, "little"), b"x")


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65, 128])
def test_other_lengths_are_refused(length: int) -> None:
    assert not holds(LOG_KEY.public, LOG_KEY.sign(b"x").ljust(length, b"\0")[:length], b"x")
    assert not holds(LOG_KEY.public.ljust(length, b"\0")[:length], LOG_KEY.sign(b"x"), b"x")


def test_the_verifier_and_cryptography_agree_on_random_signatures_sound_and_broken() -> None:
    chance, agreed = random.Random(1), set()
    for number in range(300):
        key, message = SigningKey(chance.randbytes(32)), chance.randbytes(chance.randrange(80))
        signature, public = bytearray(key.sign(message)), bytearray(key.public)
        if number % 2:
            chance.choice([signature, public])[chance.randrange(32)] ^= 1 << chance.randrange(8)
        try:
            Ed25519PublicKey.from_public_bytes(bytes(public)).verify(bytes(signature), message)
            expected = True
        except (InvalidSignature, ValueError):
            expected = False
        assert holds(bytes(public), bytes(signature), message) is expected is keys.verify(bytes(public), bytes(signature), message)
        agreed.add(expected)
    assert agreed == {True, False}


JSON = {
    "spaces": b'{"a": 1}',
    "another order": b'{"b":1,"a":1}',
    "a key twice": b'{"a":1,"a":1}',
    "a fraction": b'{"a":1.5}',
    "a whole fraction": b'{"a":1.0}',
    "an exponent": b'{"a":1e3}',
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "past every float": b'{"a":1e400}',
    "2^53": b'{"a":9007199254740992}',
    "-2^53": b'{"a":-9007199254740992}',
    "a thousand digits": b'{"a":' + b"1" * 1000 + b"}",
    "minus zero": b'{"a":-0}',
    "minus zero as a fraction": b'{"a":-0.0}',
    "a lone surrogate": b'{"a":"\\ud800"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "an escape for nothing": b'{"a":"\\u00e9"}',
    "another escape": b'{"a":"\\/"}',
    "NUL": b'{"a":"\\u0000"}',
    "NUL after a backslash": b'{"a":"\\\\\\u0000"}',
    "a raw NUL": b'{"a":"\0"}',
    "a key beyond ASCII": '{"é":1}'.encode(),
    "a control character in a key": b'{"\\u0001":1}',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "a newline at the end": b'{"a":1}\n',
    "two documents": b"{}{}",
    "nothing": b"",
    "latin-1": b'{"a":"\xe9"}',
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "cut off": b'{"a":',
    "single quotes": b"{'a':1}",
    "a comment": b"{}//",
    "long": b'"' + b"x" * (10 << 20) + b'"',
}


@pytest.mark.parametrize("name", JSON)
def test_json_in_another_spelling_is_refused_by_verifier_and_contract(name: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        verify.read_json(JSON[name])
    with pytest.raises(Problems):
        decode(JSON[name], canonical=True)


@pytest.mark.parametrize("value", [{}, [], None, 0, -1, 2**53 - 1, "é", "e\u0301", "\\u0000", "\U0001f600", {"a": [{"b": None}], "Z": "\n"}, True])
def test_json_in_its_one_spelling_is_read(value: object) -> None:
    assert verify.read_json(encode(value)) == value


def test_composed_and_decomposed_letters_stay_two_texts() -> None:
    assert verify.read_json(encode("é")) != verify.read_json(encode("e\u0301"))


@pytest.mark.parametrize("text", ["QUI", "QUJ=", "QUI=\n", " QUI=", "QUI==", "QU-_", "QÜI=", "====", "QUI=QUI="])
def test_base64_in_another_spelling_is_refused(text: str) -> None:
    assert verify.unbase64("QUI=") == b"AB"
    with pytest.raises(ValueError):
        verify.unbase64(text)


NOTE = Ledger()
NOTE.open()
SOUND = NOTE.checkpoint()
TEXT = SOUND.decode()
LINES = TEXT.split("\n")
EXTENSION = "\n".join([*LINES[:3], "extension", *LINES[3:]])
NOTES: dict[str, str] = {
    "carriage returns": TEXT.replace("\n", "\r\n"),
    "no newline at the end": TEXT[:-1],
    "two newlines at the end": TEXT + "\n",
    "two blank lines": TEXT.replace("\n\n", "\n\n\n"),
    "no blank line": TEXT.replace("\n\n", "\n"),
    "an extension line": EXTENSION,
    "another dash": TEXT.replace("\u2014", "-"),
    "NUL": TEXT.replace("site", "si\0te"),
    "a tab": TEXT.replace("site", "si\tte"),
    "signed twice": TEXT + LINES[4] + "\n",
    "17 signatures": TEXT + "".join(f"\u2014 a{n} {LINES[4].split()[2]}\n" for n in range(16)),
    "no signature": "\n".join(LINES[:4]) + "\n",
    "a leading zero": TEXT.replace("\n1\n", "\n01\n"),
    "size 0": TEXT.replace("\n1\n", "\n0\n"),
    "a size in other digits": TEXT.replace("\n1\n", "\n\u0661\n"),
    "another spelling of the signature": TEXT[:-2] + " \n",
    "a short root": TEXT.replace(LINES[2], "QUI="),
    "a plus in the name": TEXT.replace("site.", "site+"),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_in_another_form_is_refused(name: str) -> None:
    assert verify.read_checkpoint(SOUND)[0][:2] == (NOTE.origin, 1)
    assert NOTES[name] != TEXT
    with pytest.raises(ValueError):
        verify.read_checkpoint(NOTES[name].encode())


def test_a_signature_line_by_somebody_unknown_is_an_error() -> None:
    made = one_run()
    line = Ledger(key=SigningKey(b"\x08" * 32))
    line.open()
    stranger = line.checkpoint().decode().split("\n")[4]
    whole = {**made.files, pack.CHECKPOINT: made.checkpoint + stranger.encode() + b"\n"}
    assert "no trusted key" in failures(pack.archive({**whole, pack.MANIFEST: pack.manifest(whole)}), made.ledger.policy)[3]


def leaves(size: int) -> Ledger:
    """A log of that many leaves that say nothing."""
    log = Ledger()
    for number in range(size):
        log.append(b"%d" % number)
    return log


def test_inclusion_paths_of_every_leaf_lead_to_the_root_and_to_no_other() -> None:
    log = leaves(20)
    for size in range(1, 21):
        root = merkle.root(log.hash_of(place) for place in merkle.peaks(size))
        for index in range(size):
            path, leaf = proofs.inclusion(index, size, log.hash_of), merkle.leaf_hash(b"%d" % index)
            assert verify.root_over(leaf, index, size, path) == root
            for wrong in (path[:-1] if path else [leaf], [*path, root], [path[-1], *path[:-1]] if len(path) > 1 else [root], [root, *path]):
                assert not leads(lambda wrong=wrong, leaf=leaf, index=index, size=size: verify.root_over(leaf, index, size, wrong), root)
            assert not leads(lambda path=path, leaf=leaf, size=size: verify.root_over(leaf, size, size, path), root)


def test_consistency_paths_lead_to_both_roots_and_to_no_others() -> None:
    log = leaves(20)
    roots = [merkle.root(log.hash_of(place) for place in merkle.peaks(size)) for size in range(21)]
    for size in range(2, 21):
        for old in range(1, size):
            path = proofs.consistency(old, size, log.hash_of)
            both = (roots[old], roots[size])
            assert verify.roots_over(old, size, path, roots[old]) == both
            for wrong in (path[:-1], [*path, path[0]], path[1:], [path[-1], *path[:-1]] if len(path) > 1 else []):
                assert not leads(lambda wrong=wrong, old=old, size=size: verify.roots_over(old, size, wrong, roots[old]), both)
            if old & (old - 1) == 0:  # the old root is a hash of the path, which only the reader knows
                assert not leads(lambda path=path, old=old, size=size: verify.roots_over(old, size, path, roots[0]), both)


def leads(compute: Callable[[], object], expected: object) -> bool:
    """Whether a path leads where it should; one of the wrong length leads nowhere."""
    try:
        return compute() == expected
    except (ValueError, IndexError):
        return False


def zipped(name: bytes = b"checkpoint", flags: int = 0, method: int = 0, mode: int = 0o100644, extra: bytes = b"", comment: bytes = b"") -> bytes:
    """A ZIP of one file, well formed in every general reader's eyes."""
    content = b"x"
    common = struct.pack("<5H3I2H", 20, flags, method, 0, 33, 2363233923, 1, 1, len(name), len(extra))
    local = b"PK\3\4" + common + name + extra + content
    central = b"PK\1\2\x14\3" + common + struct.pack("<3H2I", 0, 0, 0, mode << 16, 0) + name + extra
    return local + central + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, len(central), len(local), len(comment)) + comment


@pytest.mark.parametrize(
    "odd",
    [
        {"name": b"../checkpoint"},
        {"flags": 0x800},
        {"flags": 1},
        {"method": 8},
        {"mode": 0o120777},
        {"mode": 0o100755},
        {"extra": b"ab\0\0"},
        {"comment": b"hi"},
    ],
)
def test_a_zip_with_any_field_of_another_kind_is_refused(odd: dict[str, object]) -> None:
    assert verify.unzip(zipped()) == {"checkpoint": b"x"}
    with pytest.raises(ValueError):
        verify.unzip(zipped(**odd))  # type: ignore[arg-type]


def test_the_archive_has_golden_bytes() -> None:
    content = pack.archive({"events/000000000000.json": b"x", "README.html": b"hello", "VERIFY.txt": b""})
    assert hashlib.sha256(content).hexdigest() == "14f52285c9b0d575dac6de3722b1dabd8f4eecad469d925d5dcc8a95666e7d4f"
    assert verify.unzip(content) == {"README.html": b"hello", "VERIFY.txt": b"", "events/000000000000.json": b"x"}


@pytest.mark.parametrize("name", ["", "a b", "é", "../x", "/x", "x" * 121])
def test_a_name_that_no_pack_may_hold_is_not_written(name: str) -> None:
    with pytest.raises(Problems):
        pack.archive({name: b""})


def test_the_lists_of_a_pack_are_sorted_and_leave_out_what_comes_after_the_export() -> None:
    files = {"proofs/000000000000.tlog-proof": b"", "consistency/1-2": b"", "checkpoint": b"", "manifest.json": b"", "b": b"", "README.html": b""}
    assert [one["name"] for one in json.loads(pack.content_list(files))] == ["README.html", "b"]
    assert list(json.loads(pack.manifest(files))["files"]) == ["README.html", "b", "consistency/1-2", "proofs/000000000000.tlog-proof"]
    heads = json.loads(pack.heads({("run", "b"): (2, 7), ("key", "a"): (1, 3)}))["heads"]
    assert [(one["type"], one["rev"], one["seq"]) for one in heads] == [("key", 1, 3), ("ruling", 0, None), ("run", 2, 7)]
