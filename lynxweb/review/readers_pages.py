"""The pages of a pack that speak to its reader, and the tools that come along: README.html, VERIFY.txt, a trust policy to compare, verify.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.registry.models import Run
from lynxweb.registry.reading import run_for
from lynxweb.review.contents import VERIFIER
from lynxweb.review.questioning import questions_about
from lynxweb.words import formatting, methodology_rows, wording
from runner.contract import notes, pack
from runner.contract.canonical import sha256

KEPT = (pack.README, pack.VERIFY, pack.TRUST, pack.VERIFIER)


def files(actor: Actor, runs: Iterable[Run], decision: Any, omitted: Mapping[str, tuple[str, str]]) -> dict[str, bytes]:
    """The four files by name; `decision` is a decision as `deciding_questions` gives it, or None."""
    told: dict[str, Any] = {"runs": [_run_told(actor, run) for run in runs], "decision": decision, "omitted": sorted(omitted.items())}
    told |= {"origin": log_settings().origin, "site": settings.LYNXWEB_BASE_URL, "verifier_sha256": sha256(VERIFIER.read_bytes())}
    return {
        pack.README: render_to_string("packs/readme.html", told).encode(),
        pack.VERIFY: render_to_string("packs/verify.txt", told).encode(),
        pack.TRUST: trust_policy(),
        pack.VERIFIER: VERIFIER.read_bytes(),
    }


def trust_policy() -> bytes:
    """What a reader may compare with the trust policy that reached them over another channel; it trusts the log's own key and nobody else."""
    opened = log_settings()
    key = str(notes.VerifierKey(opened.origin, bytes.fromhex(opened.log_key)))
    return render_to_string("packs/trust-policy.txt", {"key": key, "origin": opened.origin}).encode()


def _run_told(actor: Actor, run: Run) -> dict[str, Any]:
    view = run_for(actor, run.digest)
    numbers = [formatting.stated(value, at=view.card.point_text) for value in view.run.operating_points[0].metrics]
    return {
        "view": view,
        "numbers": [] if run.latency_withheld else numbers,
        "questions": questions_about(view),
        "contract": methodology_rows.contract_text(view.methodology),
        "grade": wording.chip(wording.GRADES, view.card.grade),
        "validity": wording.chip(wording.VALIDITIES, view.card.validity),
    }
