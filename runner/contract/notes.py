"""Signed notes (C2SP signed-note): a text, a blank line, and one line a signature; written and read in one spelling only.

Stricter than https://c2sp.org/signed-note: a signer that the reader does not list is an error instead of being passed over, the reader's keys have
distinct ids, no key signs twice, base64 has its only spelling, and every signature is Ed25519 (type 0x01).
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from runner.contract.dsse import strict_base64
from runner.contract.keys import SigningKey, check_public, verify
from runner.contract.problems import Problem, Problems

MOST_SIGNATURES = 16
KEY_ID_BYTES = 4
ED25519 = b"\x01"
DASH = "\u2014 "


@dataclass(frozen=True)
class VerifierKey:
    """A named public Ed25519 key that a reader trusts, `name+id+base64(0x01 || public)` as text; raises `Problems` for an unfit name or key."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        check_public(self.public)

    @classmethod
    def read(cls, text: str) -> Self:
        """The key that `text` spells; raises `Problems` for another type, a wrong id or another spelling."""
        name, typed = read_vkey(text)
        if typed[:1] != ED25519:
            raise _bad("vkey", f"type 0x{typed[:1].hex()}", "type 0x01, Ed25519", "ask the log for its Ed25519 verifier key")
        return cls(name, typed[1:])

    @property
    def key_id(self) -> bytes:
        """The four bytes that name this key in a signature line; an abbreviation, not a commitment."""
        return _key_id(self.name, ED25519 + self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True)
class Note:
    """An opened note: its text, final newline included, and the keys that signed it, in the order of their lines; never empty."""

    text: str
    signers: tuple[VerifierKey, ...]


def sign(text: str, name: str, key: SigningKey) -> bytes:
    """The note of `text` with one signature; the same text, name and key give the same bytes. Raises `Problems` for a text no note can hold."""
    _check_characters(text)
    if not text.endswith("\n") or text.endswith("\n\n") or text == "\n":
        raise _bad("text", ascii(text[-20:]), "lines of which the last is not empty, ending in a newline", "end the text with one newline")
    return f"{text}\n{signature_line(text, name, key)}".encode()


def signature_line(text: str, name: str, key: SigningKey) -> str:
    """The line that a further signer adds at the end of a note of `text`."""
    signer = VerifierKey(name, key.public)
    return f"{DASH}{name} {base64.b64encode(signer.key_id + key.sign(text.encode())).decode()}\n"


def open(note: bytes, vkeys: Iterable[VerifierKey]) -> Note:
    """The note, if every signature is by a key among `vkeys` and holds; raises `Problems` otherwise.

    Codes: `bad-note` for a shape or spelling, `unknown-signer` for a key that is not listed, `bad-signature` for one that does not hold.
    """
    known = _by_id(vkeys)
    text, lines = _parts(note)
    signatures = [_signature(line, f"signatures[{place}]") for place, line in enumerate(lines)]
    names = [(name, key_id) for name, key_id, _ in signatures]
    if len(set(names)) != len(names):
        raise _bad("signatures", "two by one key", "each key once", "keep one of the two lines")
    problems = [_unfit(f"signatures[{place}]", text, signature, known) for place, signature in enumerate(signatures)]
    if any(problems):
        raise Problems(problem for problem in problems if problem)
    return Note(text, tuple(known[name] for name in names))


def read_vkey(text: str) -> tuple[str, bytes]:
    """(name, type byte || public key) of a verifier key of any signature type; its id, spelling and name are checked, the key itself is not."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise _bad("vkey", ascii(text)[:120], "name+id+base64, the id in 8 lower-case hex digits", "copy the verifier key whole")
    name, key_id, encoded = parts
    check_name(name)
    typed = strict_base64(encoded, "vkey", "bad-note")
    if _key_id(name, typed).hex() != key_id:
        raise _bad("vkey", key_id, f"{_key_id(name, typed).hex()}, the id of this name and key", "copy the verifier key whole, over another channel")
    return name, typed


def check_name(name: str) -> str:
    """`name` itself if it can name a key: not empty, no spaces, no plus, no control characters; raises `Problems` otherwise."""
    _check_characters(name)
    if not name or "+" in name or any(character.isspace() for character in name):
        raise _bad("name", ascii(name)[:120], "a key name without spaces and plus signs", "name the key by the log's origin")
    return name


def _key_id(name: str, typed: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + typed).digest()[:KEY_ID_BYTES]


def _by_id(vkeys: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    keys = tuple(vkeys)
    if len({key.key_id for key in keys}) != len(keys):
        raise _bad("vkeys", "two keys with one id", "keys whose ids differ", "list each key once; rename one of two keys that collide")
    return {(key.name, key.key_id): key for key in keys}


def _parts(note: bytes) -> tuple[str, list[str]]:
    """The text and the signature lines, from the last blank line on."""
    try:
        content = note.decode()
    except UnicodeDecodeError as error:
        raise _bad("note", str(error)[:120], "UTF-8", "send the note's bytes unchanged") from error
    _check_characters(content)
    head, blank, tail = content.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise _bad(
            "note", ascii(content[-40:]), "a text, a blank line and signature lines, each ended by a newline", "send the note's bytes unchanged"
        )
    if not head or head.endswith("\n"):
        raise _bad("note", "a text without a last line", "exactly one blank line between text and signatures", "send the note's bytes unchanged")
    lines = tail[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise _bad("signatures", str(len(lines)), f"at most {MOST_SIGNATURES}", "leave out signatures that nobody asks for")
    return head + "\n", lines


def _signature(line: str, path: str) -> tuple[str, bytes, bytes]:
    """(name, key id, signature) of one line."""
    fields = line.removeprefix(DASH).split(" ")
    if not line.startswith(DASH) or len(fields) != 2:
        raise _bad(path, ascii(line)[:120], "an em dash, a name and base64, one space between them", "send the note's bytes unchanged")
    name, encoded = fields
    content = strict_base64(encoded, path, "bad-note")
    return check_name(name), content[:KEY_ID_BYTES], content[KEY_ID_BYTES:]


def _unfit(path: str, text: str, signature: tuple[str, bytes, bytes], known: dict[tuple[str, bytes], VerifierKey]) -> Problem | None:
    name, key_id, signed = signature
    key = known.get((name, key_id))
    if key is None:
        found = ascii(f"{name}+{key_id.hex()}")[:120]
        return Problem(
            path, found, "a key that the trust policy lists", "get the policy anew over a second channel, or do not trust this note", "unknown-signer"
        )
    if not verify(key.public, signed, text.encode()):
        return Problem(path, f"a signature by {name} that does not hold", "a signature of this text", "do not trust this note", "bad-signature")
    return None


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _bad("note", str(error)[:120], "text that UTF-8 can carry", "leave out lone surrogates") from error
    if any(unicodedata.category(character) == "Cc" and character != "\n" for character in text):
        raise _bad("note", "a control character", "text and newlines", "send the note's bytes unchanged, with line feeds alone between lines")


def _bad(path: str, found: str, expected: str, remedy: str) -> Problems:
    return Problems([Problem(path, found, expected, remedy, "bad-note")])
