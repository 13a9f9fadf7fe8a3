"""`lynxweb compare`: the site's comparison, offline, of two bundles on this disk."""

from __future__ import annotations

from collections.abc import Sequence

from runner.contract.comparability import compare, request_digest
from runner.contract.policies import POLICIES
from runner.contract.problems import Problem, Problems
from runner.contract.reasons import Context
from runner.node import home
from runner.report.comparisons import OFFLINE, comparison_lines
from runner.report.problems import problem_document, problem_lines
from runner.talk import Talk
from runner.verbs.opening import Opened, bundle_named
from runner.verbs.result import DONE, WANTING, Result

REFUSED = "A bundle that no site would accept cannot be compared"


def perform(talk: Talk, a: str, b: str, policy: str, acknowledge: Sequence[str]) -> Result:
    """Compare two bundles: 0 with numbers, 3 with every reason and no number."""
    if policy not in POLICIES:
        raise Problems([Problem("--policy", policy[:40], f"one of {', '.join(POLICIES)}", "name a policy", "usage")])
    try:
        one, other = (bundle_named(name, home()) for name in (a, b))
    except Problems as problems:
        if {"usage", "not-found"} & set(problems.codes):
            raise
        problem = problem_document(problems, REFUSED)
        return Result(WANTING, {"compared": False, "problem": problem}, problem_lines(problem))
    comparison = compare(one.checked.side, other.checked.side, POLICIES[policy], _context(one, other, acknowledge))
    pinned = request_digest(comparison.a.digest, comparison.b.digest, comparison.policy, acknowledge)
    document = {"compared": comparison.allowed, "request_digest": pinned, "standing": OFFLINE, **comparison.as_dict()}
    return Result(DONE if comparison.allowed else WANTING, document, comparison_lines(comparison))


def _context(one: Opened, other: Opened, acknowledge: Sequence[str]) -> Context:
    """Fresh and unreviewed: what the gates say of each run, and nothing from outside the bundles."""
    standing = {found.checked.bundle.digest: found.checked.standing for found in (one, other)}
    return Context(standing, frozenset(acknowledge))
