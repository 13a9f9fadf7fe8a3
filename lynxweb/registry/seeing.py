"""Where every question about runs starts: what this actor may see, and from which place of a list on."""

from __future__ import annotations

import re

from lynxweb.accounts.roles import READ, require
from lynxweb.audit.actors import Actor
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run, RunQuerySet
from runner.contract.problems import Problem, Problems

LARGEST_PAGE = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CURSOR = re.compile(r"p(0|[1-9][0-9]{0,17})")


def runs_seen_by(actor: Actor) -> RunQuerySet:
    """The runs of the actor's organisation, and those of others that were disclosed to this actor."""
    return Run.objects.for_actor(require(actor, READ))


def named(noun: str, digest: str) -> str:
    """The digest as it stands, if it can name anything; `NotFound` otherwise, before the database is asked (PostgreSQL fails on a NUL)."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound(noun, digest)
    return digest


def run_seen_by(actor: Actor, digest: str) -> Run:
    """One run with its documents; unknown and foreign are `NotFound` alike."""
    run = runs_seen_by(actor).whole().filter(digest=named("run", digest)).first()
    if run is None:
        raise NotFound("run", digest)
    return run


def cursor_at(position: int) -> str:
    """The cursor of what follows the row at this position of the log."""
    return f"p{position}"


def position_of(cursor: str | None) -> int | None:
    """The position behind a cursor; None for the start of the list, `Problems` for anything that is not one of ours."""
    if not cursor:
        return None
    matched = _CURSOR.fullmatch(cursor)
    if matched is None:
        raise Problems([Problem("after", cursor[:40], "a cursor that this list gave", "start from the first page", "bad-cursor")])
    return int(matched[1])


def size_of(limit: int) -> int:
    """How many rows a page holds, between 1 and 200."""
    return max(1, min(limit, LARGEST_PAGE))
