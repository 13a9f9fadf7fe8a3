"""Ed25519 is checked strictly, so that nobody can register a key that signs everything."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runner.contract import keys
from runner.contract.problems import Problems

KEY = keys.SigningKey(bytes(range(32)))
SIGN = 1 << 255


def _encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign).to_bytes(32, "little")


# 8 points of small order in their canonical encoding, and the 6 other spellings that decoders accept for them.
SMALL_ORDER = [_encoded(y, sign) for y in (0, keys._EIGHTH, keys.PRIME - keys._EIGHTH) for sign in (0, SIGN)]
SMALL_ORDER += [_encoded(1), _encoded(keys.PRIME - 1)]
SMALL_ORDER += [_encoded(1, SIGN), _encoded(keys.PRIME - 1, SIGN)]
SMALL_ORDER += [_encoded(keys.PRIME + y, sign) for y in (0, 1) for sign in (0, SIGN)]


def test_there_are_fourteen_encodings_of_small_order() -> None:
    assert len(set(SMALL_ORDER)) == 14


@pytest.mark.parametrize("public", SMALL_ORDER, ids=bytes.hex)
def test_a_small_order_key_is_refused_at_registration(public: bytes) -> None:
    with pytest.raises(Problems, match="small-order or non-canonical"):
        keys.check_public(public)


@pytest.mark.parametrize("public", SMALL_ORDER, ids=bytes.hex)
def test_no_signature_verifies_under_a_small_order_key(public: bytes) -> None:
    forged = [_encoded(1) + bytes(32), *(point + bytes(32) for point in SMALL_ORDER)]
    assert not any(keys.verify(public, signature, b"message %d" % number) for signature in forged for number in range(50))


def test_the_library_alone_accepts_such_a_forgery() -> None:
    # Shows that the check above is needed: the identity key verifies a constant signature over any message.
    Ed25519PublicKey.from_public_bytes(_encoded(1)).verify(_encoded(1) + bytes(32), b"anything")


def test_a_signature_verifies_and_one_changed_bit_does_not() -> None:
    signature = KEY.sign(b"message")
    assert keys.verify(KEY.public, signature, b"message")
    for bit in range(512):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not keys.verify(KEY.public, bytes(changed), b"message")


def test_a_signature_with_s_plus_the_group_order_is_refused() -> None:
    signature = KEY.sign(b"message")
    stretched = int.from_bytes(signature[32:], "little") + keys.ORDER
    assert not keys.verify(KEY.public, signature[:32] + stretched.to_bytes(32, "little"), b"message")


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_wrong_lengths_are_refused(length: int) -> None:
    assert not keys.verify(bytes(length), KEY.sign(b""), b"")
    assert not keys.verify(KEY.public, KEY.sign(b"")[:-1] + bytes(length), b"")
    with pytest.raises(Problems, match="32 raw bytes"):
        keys.check_public(bytes(length))


def test_a_point_off_the_curve_is_refused() -> None:
    off = next(_encoded(y) for y in range(2, 50) if not keys._on_curve(_encoded(y)))
    with pytest.raises(Problems, match="not a point of the curve"):
        keys.check_public(off)


def test_an_honest_key_is_accepted() -> None:
    for seed in range(20):
        public = keys.SigningKey(bytes([seed]) * 32).public
        assert keys.check_public(public) == public


def test_the_key_of_rfc_8032_signs_as_published() -> None:
    key = keys.SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_a_key_survives_its_file_and_never_shows_its_seed() -> None:
    assert keys.SigningKey.from_pem(KEY.to_pem()) == KEY
    assert KEY.seed.hex() not in repr(KEY) and repr(KEY.seed) not in repr(KEY)


def test_a_key_of_another_kind_is_refused() -> None:
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(Problems, match="an Ed25519 key"):
        keys.SigningKey.from_pem(pem)
    with pytest.raises(Problems, match="restore the key file"):
        keys.SigningKey.from_pem(b"nothing of the kind")


def test_a_proof_of_possession_holds_for_one_challenge_and_one_subject() -> None:
    proof = keys.prove_possession(KEY, purpose="node-enrolment", challenge="c1", subject="n1")

    def holds(purpose: str, challenge: str, subject: str) -> bool:
        message = keys.possession_message(purpose=purpose, challenge=challenge, subject=subject, public=KEY.public)
        return keys.verify(KEY.public, proof, message)

    assert holds("node-enrolment", "c1", "n1")
    assert not holds("node-enrolment", "c2", "n1")
    assert not holds("node-enrolment", "c1", "n2")
    assert not holds("rotation", "c1", "n1")
