"""Work that runs later: an id in, one act, sent after the commit of what caused it."""

from __future__ import annotations

import logging

from lynxweb.celery import app
from lynxweb.registry.rechecking import check_again
from runner.contract.problems import Problems

log = logging.getLogger(__name__)


@app.task(name="registry.recheck")
def recheck(run_digest: str) -> bool:
    """Check a stored run again; whether its findings changed. Damaged bytes are said in the log of the process, loudly."""
    try:
        changed = check_again(run_digest).changed
    except Problems as damage:
        log.error("run %s: stored bytes do not verify: %s", run_digest, damage)
        raise
    log.info("run %s checked again: %s", run_digest, "the findings changed" if changed else "nothing changed")
    return changed
