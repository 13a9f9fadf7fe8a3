"""`export_pack()`: who takes which evidence away, as one event that binds the contents of the pack."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from lynxweb.accounts.roles import require
from lynxweb.audit import checkpoints, projections, redactions, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import Event
from lynxweb.audit.record import hold, record, utc_now
from lynxweb.registry.models import Run, RunArtifact
from lynxweb.registry.seeing import run_seen_by
from lynxweb.review import closure, contents, deciding_questions, readers_pages
from lynxweb.review.acting import made_before, refuse
from lynxweb.review.deciding_cards import DecisionView
from lynxweb.review.models.packs import Pack
from runner.contract import pack
from runner.contract.problems import Problem, Problems

MOST_RUNS = 50
MOST_EARLIER = MOST_HELD = 50
LARGEST_FILES_BYTES = 900 << 20  # of a pack's 1 GiB: documents, leaves and proofs come on top
MONTHS = 12


@dataclass(frozen=True)
class Wanted:
    """What a pack shall show: runs, or a decision with all that it cites; `held` are log sizes whose checkpoints the reader keeps."""

    runs: tuple[str, ...] = ()
    decision: str | None = None
    with_samples: bool = True
    held: tuple[int, ...] = ()


def export_pack(
    actor: Actor,
    wanted: Wanted,
    *,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Pack:
    """Pin the contents of a pack and record who took it, and why; `sealing.sealed` gives its bytes once a checkpoint covers it.

    Raises `NotFound` for what the actor may not see, `Problems` where nothing or too much is asked for. The same request again gives the same pack.
    """
    acting = require(actor, Action.PACK_EXPORT)
    assert acting.organisation is not None, "packs are exported by people and nodes, who belong to an organisation"
    decision = None if wanted.decision is None else deciding_questions.decision_for(acting, wanted.decision)
    runs = _runs(acting, [*wanted.runs, *(decision.decision.runs if decision else ())])
    also = [("decision", decision.digest), ("requirement", decision.decision.requirement_sha256)] if decision else []
    refuse([*_held_problems(wanted.held), *(room_problems(bytes_of_files(runs)) if wanted.with_samples else ())])
    pack_id = f"pack_{random_bytes(10).hex()}"
    with transaction.atomic():
        # Nobody writes while the heads are read, so that they are the newest ones when the export is recorded.
        position = hold(transaction.get_connection())
        if (known := made_before(request_id, Action.PACK_EXPORT)) is not None:
            return Pack.objects.get(position=known.seq)
        files = _files(acting, runs, decision, also, wanted)
        made = Pack.objects.create(
            id=pack_id, organisation_id=acting.organisation, position=position, content_sha256=snapshots.keep(pack.content_list(files)),
            shown=_shown(wanted, runs), consistency=json.dumps(_earlier(wanted.held)), exported_at=clock(),
        )  # fmt: skip
        record(
            Action.PACK_EXPORT, Subject("pack", pack_id, 1), actor=acting, reason=reason, request_id=request_id, after=projections.keep(made),
            payload=made.content_sha256, clock=clock,
        )  # fmt: skip
    return made


def _files(actor: Actor, runs: Sequence[Run], decision: DecisionView | None, also: Iterable[closure.Name], wanted: Wanted) -> dict[str, bytes]:
    """Every file that the export binds; those that nothing else keeps are kept beside the log, so that the pack can be built again."""
    gone = {digest: f"redacted by event {one.position}: {one.reason}" for digest, one in redactions.all_redactions().items()}
    shown = closure.objects_of(runs, also)
    gathered = contents.gather(closure.history_of(shown), runs, with_samples=wanted.with_samples, redacted=gone)
    if redacted := sorted(gathered.omitted.keys() & gone.keys()):  # only what this pack rests on: what others redacted is theirs to show
        history = closure.history_of([*shown, *(("payload", digest) for digest in redacted)])
        gathered = contents.gather(history, runs, with_samples=wanted.with_samples, redacted=gone)
    files = gathered.files | readers_pages.files(actor, runs, decision, gathered.omitted)
    for name in (*readers_pages.KEPT, pack.HEADS, pack.OMITTED):
        snapshots.keep(files[name])
    return files


def bytes_of_files(runs: Sequence[Run]) -> int:
    """How large the files of these runs are together, as they were stored."""
    found: dict[str, int | None] = RunArtifact.objects.filter(run__in=runs).aggregate(size=Sum("artifact__size_bytes"))
    return found["size"] or 0


def room_problems(size_bytes: int) -> Iterator[Problem]:
    """What stands against a pack with files of this size: one that is too large could be exported, and never be built."""
    if size_bytes > LARGEST_FILES_BYTES:
        remedy = "leave the raw samples out, or make a pack of fewer runs"
        yield Problem("runs", f"{size_bytes} bytes of files", f"at most {LARGEST_FILES_BYTES}", remedy, "pack-size")


def _held_problems(held: Sequence[int]) -> Iterator[Problem]:
    if len(held) > MOST_HELD:
        yield Problem("held", f"{len(held)} sizes", f"at most {MOST_HELD}", "name the newest checkpoint that the reader holds", "pack-size")


def _shown(wanted: Wanted, runs: Sequence[Run]) -> str:
    shown = {"runs": [run.digest for run in runs], "decision": wanted.decision, "with_samples": wanted.with_samples}
    return json.dumps(shown, sort_keys=True)


def _runs(actor: Actor, digests: Iterable[str]) -> Sequence[Run]:
    wanted = sorted(set(digests))
    if not 0 < len(wanted) <= MOST_RUNS:
        raise Problems([Problem("runs", str(len(wanted)), f"1 to {MOST_RUNS} runs", "choose the runs that the pack shall show", "pack-size")])
    return [run_seen_by(actor, digest) for digest in wanted]


def _earlier(held: Iterable[int]) -> list[int]:
    """Log sizes from which the pack proves consistency: those that the reader holds, those of earlier packs, and the last of each month."""
    size = Event.objects.count()
    exported = Pack.objects.newest().values_list("position", flat=True)[:MOST_EARLIER]
    of_packs = {one.size for one in map(checkpoints.at_or_after, exported) if one is not None}
    monthly = {one.size for one in checkpoints.last_of_months(MONTHS)}
    return sorted(one for one in {*held, *of_packs, *monthly} if 0 < one <= size)
