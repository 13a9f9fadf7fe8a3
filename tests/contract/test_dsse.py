"""An envelope has one spelling, one signature and one type; receipts travel in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runner.contract import dsse, receipts
from runner.contract.canonical import encode
from runner.contract.keys import SigningKey
from runner.contract.problems import Problems

KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(range(1, 33)))
PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'
ENVELOPE = dsse.sign(PAYLOAD, KEY)


def _changed(**members: Any) -> bytes:
    return encode(json.loads(ENVELOPE) | members)


def _signature(**members: Any) -> bytes:
    return _changed(signatures=[json.loads(ENVELOPE)["signatures"][0] | members])


def test_the_pre_authentication_encoding_is_the_published_one() -> None:
    # The example of the DSSE specification.
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_an_envelope_opens_for_the_key_that_signed_it() -> None:
    assert dsse.open_envelope(ENVELOPE, KEY.public) == PAYLOAD
    assert dsse.parse(ENVELOPE).key_id == KEY.key_id


def test_the_same_payload_and_key_give_the_same_bytes() -> None:
    assert dsse.sign(PAYLOAD, KEY) == ENVELOPE


def test_an_envelope_does_not_open_for_another_key() -> None:
    with pytest.raises(Problems) as refused:
        dsse.open_envelope(ENVELOPE, OTHER.public)
    assert refused.value.codes == ("bad-signature",)


def test_a_changed_payload_does_not_open() -> None:
    with pytest.raises(Problems, match="does not verify"):
        dsse.open_envelope(_changed(payload=base64.b64encode(PAYLOAD + b" ").decode()), KEY.public)


def test_every_changed_byte_is_refused() -> None:
    for place in range(len(ENVELOPE)):
        for value in (ENVELOPE[place] ^ 1, 0x20, 0x00):
            changed = ENVELOPE[:place] + bytes([value]) + ENVELOPE[place + 1 :]
            try:
                parsed = dsse.parse(changed)
            except Problems:
                continue
            # The key id is a hint outside the signature: changed, it leads to no key or to another one.
            assert changed == ENVELOPE or parsed.key_id != KEY.key_id or not parsed.signed_by(KEY.public)


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"[]",
        ENVELOPE + b"\n",
        json.dumps(json.loads(ENVELOPE), indent=1).encode(),
        _changed(extra=1),
        _changed(payloadType="application/json"),
        _changed(payloadType=None),
        _changed(payload=5),
        _changed(payload="not base64!"),
        _changed(payload=base64.b64encode(PAYLOAD).decode().rstrip("=")),
        _changed(payload=base64.b64encode(PAYLOAD).decode() + "\n"),
        _changed(payload=base64.b64encode(b"\xff\xff").decode().replace("/", "_")),
        _changed(payload="AB=="),
        _changed(signatures=[]),
        _changed(signatures={}),
        _changed(signatures=json.loads(ENVELOPE)["signatures"] * 2),
        _signature(sig="AAAA"),
        _signature(sig=None),
        _signature(keyid=7),
        _signature(cert="x"),
    ],
)
def test_another_shape_or_spelling_is_refused(envelope: bytes) -> None:
    with pytest.raises(Problems):
        dsse.parse(envelope)


def test_a_doubled_key_is_refused() -> None:
    with pytest.raises(Problems, match="duplicate key"):
        dsse.parse(ENVELOPE[:-1] + b',"payload":""}')


RECEIPT = receipts.Receipt(origin="example.org/log/1", seq=7, leaf_digest="a" * 64, request_id="run:1", time="2026-11-23T20:00:00.000000Z")


def test_a_receipt_verifies_with_the_key_that_issued_it_only() -> None:
    envelope = receipts.issue(RECEIPT, KEY)
    assert receipts.verify(envelope, KEY.public) == RECEIPT
    with pytest.raises(Problems, match="does not verify"):
        receipts.verify(envelope, OTHER.public)


def test_a_signed_bundle_is_no_receipt() -> None:
    with pytest.raises(Problems, match="payloadType"):
        receipts.verify(dsse.sign(RECEIPT.canonical(), KEY), KEY.public)
