"""Vectors of verifier keys, signed notes and checkpoints: one valid of each kind, and every other is one thing changed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from runner.contract import checkpoints, merkle, notes
from runner.contract.checkpoints import Checkpoint
from runner.contract.keys import ORDER, SigningKey
from runner.contract.notes import DASH, VerifierKey
from tests.contract.leaves import Tree

ORIGIN = "log.example/1"
TEXT = "First line.\n\nLast line.\n"
KEY = SigningKey(hashlib.sha256(b"log").digest())
OTHER = SigningKey(hashlib.sha256(b"other").digest())
VKEY = VerifierKey(ORIGIN, KEY.public)
# Two keys whose ids under this name are both f88a0ac2, found by trying 98,770 of them.
COLLIDING = "log.example/collide"
TWINS = tuple(SigningKey(hashlib.sha256(b"collide %d" % number).digest()) for number in (47984, 98769))
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"  # of golang.org/x/mod/sumdb/note, as is the note under it
PETERS = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
TREE = Tree(13)

Entry = dict[str, Any]


def b64(content: bytes) -> str:
    """Standard base64 as text."""
    return base64.b64encode(content).decode()


def line(name: str, key_id: bytes, signature: bytes) -> str:
    """A signature line with any id and signature."""
    return f"{DASH}{name} {b64(key_id + signature)}\n"


def retyped(public: bytes, kind: int, stated: int | None = None) -> str:
    """A verifier key of type `kind`, its id computed for that type; the type written may be another."""
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + bytes([kind]) + public).digest()[:4]
    return f"{ORIGIN}+{key_id.hex()}+{b64(bytes([kind if stated is None else stated]) + public)}"


def spellings(encoded: str) -> dict[str, str]:
    """Four other spellings of the bytes of `encoded`, which ends in padding."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = encoded.rstrip("=")
    trailing = body[:-1] + alphabet[alphabet.index(body[-1]) | 1] + "=" * (len(encoded) - len(body))
    urlsafe = encoded.replace("+", "-").replace("/", "_")
    return {"without padding": body, "url alphabet": urlsafe, "trailing bits set": trailing, "padding doubled": encoded + "="}


def vkeys() -> Iterator[Entry]:
    """Verifier keys."""
    good, public = str(VKEY), KEY.public
    name, key_id, encoded = good.split("+", 2)
    weak = bytes([1]) + bytes(31)
    cases = {
        "id of another key": f"{name}+{VerifierKey(ORIGIN, OTHER.public).key_id.hex()}+{encoded}",
        "id in capitals": f"{name}+{key_id.upper()}+{encoded}",
        "id too short": f"{name}+{key_id[1:]}+{encoded}",
        "no name": f"+{key_id}+{encoded}",
        "name with a space": str(VKEY).replace("/", " ", 1),
        "type 0x04": retyped(public, 4),
        "type 0x01 written over the id of type 0x04": retyped(public, 4, 1),
        "type 0x02": retyped(public, 2),
        "key one byte short": retyped(public[:-1], 1),
        "key one byte long": retyped(public + b"\0", 1),
        "key of small order": retyped(weak, 1),
        "key not canonical": retyped(b"\xee" + b"\xff" * 30 + b"\x7f", 1),
        "final newline": good + "\n",
        "two parts": f"{name}+{key_id}",
        "empty": "",
        "url alphabet": f"{name}+{key_id}+{encoded.replace('+', '-').replace('/', '_')}",
    }
    yield {"name": "published example", "vkey": PETER, "accept": True}
    yield {"name": "valid", "vkey": good, "accept": True}
    for what, vkey in cases.items():
        yield {"name": what, "vkey": vkey, "accept": False}


def note_entry(name: str, note: bytes | str, accept: bool = False, readers: tuple[str, ...] = (str(VKEY),)) -> Entry:
    """One vector of a note."""
    content = note if isinstance(note, bytes) else note.encode("utf-8", "surrogatepass")
    return {"name": name, "vkeys": list(readers), "note": b64(content), "accept": accept}


def wrong_lines(text: str) -> dict[str, str]:
    """Signature lines that are wrong in themselves, under any text."""
    signed, good = KEY.sign(text.encode()), notes.signature_line(text, ORIGIN, KEY)
    encoded = good.split(" ")[2].rstrip("\n")
    stretched = signed[:32] + (int.from_bytes(signed[32:], "little") + ORDER).to_bytes(32, "little")
    fourth = hashlib.sha256(ORIGIN.encode() + b"\n\x04" + KEY.public).digest()[:4]
    cases = {
        "hyphen for the dash": good.replace("\u2014", "-"),
        "en dash for the dash": good.replace("\u2014", "\u2013"),
        "no space after the dash": good.replace("\u2014 ", "\u2014"),
        "two spaces": good.replace(f" {encoded}", f"  {encoded}"),
        "trailing space": good.replace("\n", " \n"),
        "tab for a space": good.replace(f" {encoded}", f"\t{encoded}"),
        "no-break space for a space": good.replace(f" {encoded}", f"\u00a0{encoded}"),
        "no name": line("", VKEY.key_id, signed),
        "name with a plus": notes.signature_line(text, ORIGIN, KEY).replace("example", "exa+mple"),
        "signature cut": line(ORIGIN, VKEY.key_id, signed[:-1]),
        "signature longer": line(ORIGIN, VKEY.key_id, signed + b"\0"),
        "no signature": line(ORIGIN, VKEY.key_id, b""),
        "S plus the group order": line(ORIGIN, VKEY.key_id, stretched),
        "signature of small order R and S zero": line(ORIGIN, VKEY.key_id, b"\x01" + bytes(63)),
        "signature by another key under this id": line(ORIGIN, VKEY.key_id, OTHER.sign(text.encode())),
        "unknown id of a known name": line(ORIGIN, b"\0\0\0\0", signed),
        "unknown name with a known id": line("log.example/2", VKEY.key_id, signed),
        "unknown signer beside a known one": good + notes.signature_line(text, "log.example/2", OTHER),
        "id of type 0x04": line(ORIGIN, fourth, signed),
        "cosignature of type 0x04": line(ORIGIN, fourth, bytes(8) + KEY.sign(b"cosignature/v1\ntime 0\n" + text.encode())),
        "duplicate signer": good + good,
        "17 signatures": good * 17,
        "line after the signatures": good + "More.\n",
        "blank line after the signatures": good + "\n",
        "none": "",
    }
    return cases | {f"base64 {what}": good.replace(encoded, other) for what, other in spellings(encoded).items()}


def wrong_notes(text: str) -> dict[str, bytes | str]:
    """Notes of `text` that are wrong as a whole."""
    good = notes.sign(text, ORIGIN, KEY).decode()
    signature = notes.signature_line(text, ORIGIN, KEY)

    def signed(other: str) -> str:
        return f"{other}\n{notes.signature_line(other, ORIGIN, KEY)}"

    cases: dict[str, bytes | str] = {
        "CRLF": good.replace("\n", "\r\n"),
        "CRLF signed as such": signed(text.replace("\n", "\r\n")),
        "NUL in the text, signed": signed("\0" + text),
        "tab in the text, signed": signed("\t" + text),
        "DEL in the text, signed": signed("\x7f" + text),
        "C1 control in the text, signed": signed("\x9b" + text),
        "no final newline": good[:-1],
        "two blank lines": f"{text}\n\n{signature}",
        "two blank lines, signed": signed(text + "\n"),
        "no blank line": f"{text}{signature}",
        "no text": f"\n{notes.signature_line('', ORIGIN, KEY)}",
        "empty text, signed": signed("\n"),
        "empty": "",
        "text of one byte less": good[1:],
        "a bit of the text changed": bytes([good.encode()[0] ^ 1]) + good.encode()[1:],
        "signed with its blank line": f"{text}\n{notes.signature_line(text + chr(10), ORIGIN, KEY)}",
        "byte order mark": b"\xef\xbb\xbf" + good.encode(),
        "not UTF-8": b"\xff" + good.encode(),
        "overlong UTF-8": good.encode().replace(b"\n", b"\xc0\x8a", 1),
        "surrogate in UTF-8": b"\xed\xa0\x80" + good.encode(),
        "UTF-16": good.encode("utf-16"),
    }
    return cases | {f"signature line: {what}": f"{text}\n{lines}" for what, lines in wrong_lines(text).items()}


def note_entries() -> Iterator[Entry]:
    """Signed notes with any text."""
    both = (str(VKEY), str(VerifierKey("log.example/2", OTHER.public)))
    rotated = (str(VKEY), str(VerifierKey(ORIGIN, OTHER.public)))
    twins = tuple(str(VerifierKey(COLLIDING, key.public)) for key in TWINS)
    good = notes.sign(TEXT, ORIGIN, KEY).decode()
    many = [SigningKey(hashlib.sha256(b"signer %d" % number).digest()) for number in range(17)]
    named = [(f"log.example/signer{number}", key) for number, key in enumerate(many)]
    readers = tuple(str(VerifierKey(name, key.public)) for name, key in named)
    lines = [notes.signature_line(TEXT, name, key) for name, key in named]
    yield note_entry("published example", PETERS, True, (PETER,))
    yield note_entry("valid", good, True)
    yield note_entry("two signers", good + notes.signature_line(TEXT, "log.example/2", OTHER), True, both)
    yield note_entry("two keys of one name", good + notes.signature_line(TEXT, ORIGIN, OTHER), True, rotated)
    yield note_entry("one of two keys of one name", good, True, rotated)
    yield note_entry("16 signatures", TEXT + "\n" + "".join(lines[:16]), True, readers)
    yield note_entry("17 signatures of 17 keys", TEXT + "\n" + "".join(lines), readers=readers)
    yield note_entry(
        "a known signer whose signature fails beside one that holds", good + line("log.example/2", _id(both[1]), bytes(64)), readers=both
    )
    yield note_entry("no keys", good, readers=())
    yield note_entry("a key listed twice", good, readers=(str(VKEY), str(VKEY)))
    yield note_entry("one key of the two whose ids collide", notes.sign(TEXT, COLLIDING, TWINS[0]), True, twins[:1])
    yield note_entry("ids collide, signed by the first", notes.sign(TEXT, COLLIDING, TWINS[0]), readers=twins)
    yield note_entry("ids collide, signed by the second", notes.sign(TEXT, COLLIDING, TWINS[1]), readers=twins)
    yield note_entry("id collides with that of the reader's key", notes.sign(TEXT, COLLIDING, TWINS[1]), readers=twins[:1])
    for what, note in wrong_notes(TEXT).items():
        yield note_entry(what, note)


def checkpoint_entries() -> Iterator[Entry]:
    """Checkpoints; those accepted state what they say."""
    one = Checkpoint(ORIGIN, 13, TREE.root(13))
    root = b64(one.root)
    empty = Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    both = (str(VKEY), str(VerifierKey("log.example/2", OTHER.public)))
    for name, checkpoint in {"valid": one, "empty tree": empty, "largest size": Checkpoint(ORIGIN, 2**53 - 1, one.root)}.items():
        stated = {"origin": checkpoint.origin, "size": str(checkpoint.size), "root": checkpoint.root.hex(), "text_sha256": checkpoint.text_digest}
        yield note_entry(name, checkpoints.sign(checkpoint, KEY), True) | {"says": stated}
    texts = {
        "extension line": f"{one.text}more\n",
        "blank line inside": f"{ORIGIN}\n13\n\n{root}\n",
        "two lines": f"{ORIGIN}\n13\n",
        "no origin": f"\n13\n{root}\n",
        "another origin": one.text.replace(ORIGIN, "log.example/2"),
        "origin with a space": one.text.replace(ORIGIN, ORIGIN + " "),
        "root of another length": f"{ORIGIN}\n13\n{b64(one.root[:-1])}\n",
        "root in hex": f"{ORIGIN}\n13\n{one.root.hex()}\n",
        "empty tree with a root": f"{ORIGIN}\n0\n{root}\n",
        "lines of a table": f"{ORIGIN} 13 {root}\n",
    }
    texts |= {
        f"size {size!r}": f"{ORIGIN}\n{size}\n{root}\n" for size in ("013", "+13", "-13", "13 ", "0x0d", "1e1", "", "00", "13.0", "\u0661\u0663")
    }
    texts |= {f"size {name}": f"{ORIGIN}\n{size}\n{root}\n" for name, size in {"2^53": 2**53, "2^63": 2**63, "2^64": 2**64}.items()}
    texts |= {f"root {what}": one.text.replace(root, other) for what, other in spellings(root).items() if what != "url alphabet"}
    for what, text in texts.items():
        yield note_entry(what, f"{text}\n{notes.signature_line(text, ORIGIN, KEY)}")
    yield note_entry(
        "signed by another log that the reader knows", f"{one.text}\n{notes.signature_line(one.text, 'log.example/2', OTHER)}", readers=both
    )
    for what, note in wrong_notes(one.text).items():
        yield note_entry(what, note)


def _id(vkey: str) -> bytes:
    return bytes.fromhex(vkey.split("+")[1])
