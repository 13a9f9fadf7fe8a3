"""DSSE envelopes: a payload of exact bytes, its type, and one Ed25519 signature, written and read in one spelling only.

Pre-authentication encoding: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. Stricter than the protocol: the envelope is
canonical JSON, base64 is the standard alphabet in its only spelling, and there is exactly one signature.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from runner.contract.canonical import decode, encode
from runner.contract.keys import SIGNATURE_BYTES, SigningKey, verify
from runner.contract.problems import Problem, Problems

IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope whose signature has not been checked yet; `key_id` says whose key to check it with."""

    payload: bytes
    payload_type: str
    key_id: str
    signature: bytes

    def signed_by(self, public: bytes) -> bool:
        """Whether the signature is that of `public`, strictly."""
        return verify(public, self.signature, pae(self.payload_type, self.payload))


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: what is signed."""
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def sign(payload: bytes, key: SigningKey, payload_type: str = IN_TOTO) -> bytes:
    """The envelope of `payload`, canonical JSON; the same payload and key always give the same bytes."""
    signature = key.sign(pae(payload_type, payload))
    signatures = [{"keyid": key.key_id, "sig": base64.b64encode(signature).decode()}]
    return encode({"payload": base64.b64encode(payload).decode(), "payloadType": payload_type, "signatures": signatures})


def parse(envelope: bytes, payload_type: str = IN_TOTO) -> Envelope:
    """The envelope in `envelope`, unverified; raises `Problems` (code `bad-envelope`) for any other shape, type or spelling."""
    value = decode(envelope, canonical=True)
    outer = _exactly(value, ("payload", "payloadType", "signatures"), "$")
    if outer["payloadType"] != payload_type:
        raise _bad("payloadType", repr(outer["payloadType"])[:80], payload_type, "sign a payload of this type")
    signatures = outer["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise _bad("signatures", "not a list of one", "exactly one signature", "sign with one key")
    inner = _exactly(signatures[0], ("keyid", "sig"), "signatures[0]")
    signature = strict_base64(inner["sig"], "signatures[0].sig")
    if len(signature) != SIGNATURE_BYTES:
        raise _bad("signatures[0].sig", f"{len(signature)} bytes", f"{SIGNATURE_BYTES} bytes", "sign with Ed25519")
    if not isinstance(inner["keyid"], str):
        raise _bad("signatures[0].keyid", repr(inner["keyid"])[:80], "a key id", "name the key by the SHA-256 of its public half")
    return Envelope(strict_base64(outer["payload"], "payload"), payload_type, inner["keyid"], signature)


def open_envelope(envelope: bytes, public: bytes, payload_type: str = IN_TOTO) -> bytes:
    """The payload, if and only if `public` signed it; raises `Problems` otherwise."""
    parsed = parse(envelope, payload_type)
    if not parsed.signed_by(public):
        problem = Problem("signatures[0].sig", "a signature that does not verify", "a signature by the stated key", "sign again", "bad-signature")
        raise Problems([problem])
    return parsed.payload


def strict_base64(text: object, path: str, code: str = "bad-envelope") -> bytes:
    """The bytes of `text` if it is their only standard spelling; raises `Problems` with `code` otherwise."""
    if not isinstance(text, str):
        raise _bad(path, type(text).__name__, "base64 text", "encode with the standard alphabet", code)
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad(path, "not base64", "base64 text", "encode with the standard alphabet", code) from error
    if base64.b64encode(content).decode() != text:
        raise _bad(path, "another spelling", "the canonical base64 of the bytes", "encode with the standard alphabet and padding", code)
    return content


def _exactly(value: object, keys: tuple[str, ...], path: str) -> dict[str, object]:
    if not isinstance(value, dict) or sorted(value) != sorted(keys):
        raise _bad(path, "other members", f"an object with {', '.join(keys)} and nothing else", "write a DSSE envelope")
    return value


def _bad(path: str, found: str, expected: str, remedy: str, code: str = "bad-envelope") -> Problems:
    return Problems([Problem(path, found, expected, remedy, code)])
