"""Ed25519, strictly: small-order and non-canonical points and S >= L are refused before any library is asked.

Common code verifies a constant signature under a small-order public key for every message, so whoever registers such a key can claim or
disown anything. The list of refused encodings follows from the curve (RFC 8032 section 5.1): y >= p, or y of a point of order 1, 2, 4 or 8.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from runner.contract.canonical import encode
from runner.contract.problems import Problem, Problems

KEY_BYTES = 32
SIGNATURE_BYTES = 64
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
_EIGHTH = 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER_Y = frozenset({0, 1, PRIME - 1, _EIGHTH, PRIME - _EIGHTH})


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key; its seed never appears in a representation."""

    seed: bytes = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """The key in an unencrypted PKCS #8 file; raises `Problems` for anything else."""
        try:
            loaded = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise _refused("private_key", "unreadable", "an unencrypted Ed25519 key in PEM", "restore the key file from its backup") from error
        if not isinstance(loaded, Ed25519PrivateKey):
            raise _refused("private_key", type(loaded).__name__, "an Ed25519 key", "restore the key file from its backup")
        return cls(loaded.private_bytes_raw())

    def to_pem(self) -> bytes:
        """The key as unencrypted PKCS #8 PEM, readable by openssl; keep the file at mode 0600."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> str:
        """The key id of the public half."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """The deterministic 64-byte signature of `message` (RFC 8032)."""
        return self._private.sign(message)


def key_id(public: bytes) -> str:
    """Lower-case hex SHA-256 of the raw public key."""
    return hashlib.sha256(public).hexdigest()


def check_public(public: bytes) -> bytes:
    """`public` itself if it is a canonical point of the curve of more than small order; raises `Problems` otherwise."""
    if len(public) != KEY_BYTES:
        raise _refused("public_key", f"{len(public)} bytes", f"{KEY_BYTES} raw bytes", "send the raw Ed25519 public key")
    if _weak_point(public):
        raise _refused("public_key", "a small-order or non-canonical point", "a point of prime order", "make a new key")
    if not _on_curve(public):
        raise _refused("public_key", "not a point of the curve", "an Ed25519 public key", "make a new key")
    return public


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is a strict Ed25519 signature of `message` under `public`; never raises on hostile bytes."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES or _weak_point(public) or _weak_point(signature[:KEY_BYTES]):
        return False
    if int.from_bytes(signature[KEY_BYTES:], "little") >= ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def possession_message(*, purpose: str, challenge: str, subject: str, public: bytes) -> bytes:
    """What a key signs to prove that its owner holds it; the first line keeps it apart from every other signed thing."""
    claim = {"purpose": purpose, "challenge": challenge, "subject": subject, "public_key": public.hex()}
    return b"lynxweb/possession/v1\n" + encode(claim)


def prove_possession(key: SigningKey, *, purpose: str, challenge: str, subject: str) -> bytes:
    """The signature that registers `key` for `subject` in answer to `challenge` (for a node: the id of its enrolment token)."""
    return key.sign(possession_message(purpose=purpose, challenge=challenge, subject=subject, public=key.public))


def _weak_point(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & ~(1 << 255)
    return y >= PRIME or y in SMALL_ORDER_Y


def _on_curve(encoded: bytes) -> bool:
    y_squared = pow(int.from_bytes(encoded, "little") & ~(1 << 255), 2, PRIME)
    x_squared = (y_squared - 1) * pow(CURVE_D * y_squared + 1, PRIME - 2, PRIME) % PRIME
    return pow(x_squared, (PRIME - 1) // 2, PRIME) in (0, 1)


def _refused(path: str, found: str, expected: str, remedy: str) -> Problems:
    return Problems([Problem(path, found, expected, remedy, "bad-key")])
