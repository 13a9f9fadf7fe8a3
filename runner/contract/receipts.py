"""A receipt is the site's signed promise that an event has a place in its log: it outlives the site's memory of having made it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Bound
from pydantic import StringConstraints

from runner.contract import dsse
from runner.contract.fields import Digest, Document, Instant
from runner.contract.keys import SigningKey

RECEIPT_TYPE = "application/vnd.lynxweb.receipt+json"


class Receipt(Document):
    """What is promised: position `seq` of log `origin` holds the leaf with this RFC 6962 leaf hash (hex)."""

    origin: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    seq: Annotated[int, Bound(ge=0, lt=2**53)]
    leaf_digest: Digest
    request_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    time: Instant


def issue(receipt: Receipt, key: SigningKey) -> bytes:
    """The receipt in a DSSE envelope; the same receipt and key give the same bytes, so a repeated act gets an equal receipt."""
    return dsse.sign(receipt.canonical(), key, RECEIPT_TYPE)


def verify(envelope: bytes, public: bytes) -> Receipt:
    """The receipt, if and only if `public` signed it; raises `Problems` otherwise."""
    return Receipt.read(dsse.open_envelope(envelope, public, RECEIPT_TYPE))
