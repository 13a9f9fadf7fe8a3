"""What a crash left behind: uploads that were never judged to the end, files that no run came to own, and files that were redacted."""

from __future__ import annotations

from django.db import transaction

from lynxweb.audit.record import hold
from lynxweb.audit.redactions import all_redactions
from lynxweb.registry import filing, storage
from runner.contract import bundle as bundles
from runner.contract.canonical import sha256
from runner.contract.problems import Problems


def sweep() -> int:
    """Remove every leftover upload and what it had placed; how many there were. Runs before the site takes uploads, never beside it.

    The upload itself tells what it may have placed: it stays in the incoming folder until its rows are committed. A redacted file goes after
    its redaction was committed, so a crash between the two leaves it.
    """
    leftovers = list(storage.leftovers())
    for path in leftovers:
        with path.open("rb") as handle:
            try:
                files = filing.files_of(bundles.read(handle))
            except Problems:
                files = {}  # not a whole bundle: it was never accepted, so nothing was placed
        with transaction.atomic():
            hold(transaction.get_connection())
            filing.take_back(sha256(content) for content in files.values())
        path.unlink()
    for digest in all_redactions():
        storage.remove(digest)
    return len(leftovers)
