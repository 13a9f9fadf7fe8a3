"""What the verifier says of a pack, in the words that tests ask with."""

from __future__ import annotations

from collections.abc import Iterable

from runner import verify
from tests.packs.assembling import Assembled


def failures(content: bytes, policy: bytes | None, remembered: Iterable[bytes] = ()) -> dict[int, str]:
    """What failed: for each failed check what it says; empty for an accepted pack."""
    report = verify.verify(content, policy, list(remembered))
    failed = {one["number"]: one["said"] for one in report["checks"] if one["outcome"] == "FAIL"}
    assert bool(failed) != report["accepted"]
    return failed


def faults(made: Assembled, remembered: Iterable[bytes] = ()) -> dict[int, str]:
    """What failed in a pack whose reader knows its log."""
    return failures(made.content, made.ledger.policy, remembered)
