"""`lynxweb check`: the same judgement of a bundle as the site's, with all findings."""

from __future__ import annotations

from runner.contract.problems import Problem, Problems
from runner.node import home
from runner.report.problems import problem_document, problem_lines
from runner.report.quantities import short
from runner.report.runs import run_document, run_lines
from runner.talk import Talk
from runner.verbs.opening import Opened, bundle_named
from runner.verbs.result import DONE, WANTING, Result

REFUSED = "The site would not accept this bundle"
SIGNATURES = {
    "valid": "signature: valid, by key {key}",
    "unknown-key": "signature: not checked, key {key} is not here; hand it in with --public-key",
}


def perform(talk: Talk, bundle: str, public_key: str) -> Result:
    """Judge one bundle: 0 when it may be accepted and stands, 3 when it would be refused or a gate calls it invalid."""
    try:
        found = bundle_named(bundle, home(), _public(public_key))
    except Problems as problems:
        if {"usage", "not-found"} & set(problems.codes):
            raise
        problem = problem_document(problems, REFUSED)
        return Result(WANTING, {"accepted": False, "problem": problem}, problem_lines(problem))
    return Result(WANTING if found.checked.validity == "invalid" else DONE, _document(found), _lines(found))


def _document(found: Opened) -> dict[str, object]:
    return {"accepted": True, "path": str(found.path), "signature": found.signature, **run_document(found.checked)}


def _lines(found: Opened) -> list[str]:
    signed = SIGNATURES[found.signature].format(key=short(found.checked.bundle.key_id))
    return [*run_lines(found.checked), f"  {signed}", f"  every stated number follows from the {len(found.checked.evidence.samples):,} raw rows"]


def _public(text: str) -> bytes | None:
    if not text:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Problems([Problem("--public-key", text[:40], "the raw Ed25519 public key in hex", "give 64 hex digits", "usage")]) from error
