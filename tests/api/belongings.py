"""One of everything that a laboratory can have, made by the real acts, and at the end shown to nobody else."""

from __future__ import annotations

from lynxweb.accounts.granting import propose_role
from lynxweb.accounts.models import NodeKey, ServiceToken
from lynxweb.accounts.roles import Role
from lynxweb.audit import signing
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM
from lynxweb.audit.models import Event
from lynxweb.registry.comparing import compare_runs
from lynxweb.registry.declaration import declare
from lynxweb.registry.intake import submission_id
from lynxweb.registry.models import Run
from lynxweb.registry.publication import publish_methodology
from lynxweb.registry.sharing import share
from lynxweb.review.disputes import open_dispute
from lynxweb.review.drawing import draw_review
from lynxweb.review.exporting import Wanted, export_pack
from lynxweb.review.notices import post_notice
from lynxweb.review.publishing import publish
from tests import builders
from tests.registry.world import BECAUSE, changed
from tests.review.committee import Committee, drafted, measured, required, signed
from tests.review.people import asked, cast_of, judged, requested, submitted

SOURCE = "round 4711 of a public randomness beacon, which nobody knows yet"


def belongings_of(by: Committee) -> dict[str, str]:
    """The name of each thing by its kind."""
    measured(by)
    requirement = required(by)
    decision = signed(by, drafted(by, requirement)).digest
    publish_methodology(SYSTEM, builders.methodology().canonical(), reason=BECAUSE)
    cast, actor = cast_of(by.site), by.site.actor
    run, other = submitted(cast, 1), submitted(cast, 2)
    judged_run = requested(cast, 3)
    review = judged(cast.reviewer, judged_run)
    publish(cast.publisher, judged_run, visibility="public", **asked())
    dispute = open_dispute(cast.second, judged_run, clause="4.2 clocks", effect_permille=80, text="the clock was set by hand", **asked()).dispute
    changed(judged_run, Action.RUN_DISCLOSE, visibility="organisation")
    pack = export_pack(actor, Wanted(runs=(run,)), **asked()).id
    signing.sign()
    return {
        "run": run,
        "other": other,
        "executor": Run.objects.get(digest=run).executor_id,
        "comparison": compare_runs(actor, run, other, "iso-precision").digest,
        "review": review,
        "dispute": dispute,
        "notice": post_notice(cast.publisher, run, text="the room was warmer than stated", **asked()).notice,
        "draw": draw_review(actor, [run, other], seed_source=SOURCE, **asked()).draw,
        "pack": pack,
        "requirement": requirement,
        "decision": decision,
        "position": str(Event.objects.on("run", run).values_list("seq", flat=True)[0]),
        "request": submission_id(run),
        "person": by.second.id,
        "declaration": declare(by.site.node_actor, builders.methodology().sha256, request_id="waits").nonce,
        "node": by.site.node.id,
        "key": NodeKey.objects.get(node=by.site.node).key_id,
        "token": ServiceToken.objects.get(node=by.site.node).id,
        "proposal": propose_role(actor, by.second.id, Role.REVIEWER, **asked()).id,
        "link": share(actor, run, **asked()).id,
    }
