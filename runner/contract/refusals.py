"""Refusal codes: what each means, what it does to a comparison, and what to do about it. Codes are problem types in the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Effect = Literal["not_comparable", "insufficient_evidence", "declared", "metric", "intake", "citation", "plan"]


@dataclass(frozen=True)
class Refusal:
    """One code: its short name, its rule in a sentence, its effect and the general remedy."""

    code: str
    name: str
    rule: str
    effect: Effect
    remedy: str


REFUSALS: dict[str, Refusal] = {
    refusal.code: refusal
    for refusal in (
        Refusal("R-01", "disclosure-missing", "Mandatory facts must be answered.", "intake", "capture the field, or state why it cannot be read"),
        Refusal("R-02", "training-vs-inference", "Training and inference never meet.", "not_comparable", "choose two runs of one kind"),
        Refusal("R-03", "synthetic-burner", "A burn-in is not a workload.", "not_comparable", "choose a run of a workload"),
        Refusal("R-04", "test-identity", "One test is not another test.", "not_comparable", "choose runs of one test on one workload"),
        Refusal("R-05", "microbenchmark-as-evidence", "A microbenchmark cannot be cited.", "citation", "measure the workload itself"),
        Refusal("R-06", "kinds-differ", "Kinds of methodology never meet.", "not_comparable", "choose two runs of one kind"),
        Refusal("R-07", "quick-look-as-evidence", "A quick look cannot be cited.", "citation", "measure under a methodology of kind inference"),
        Refusal("R-10", "format-ambiguous", "A numeric format is named exactly.", "intake", "name the variant and the tool chain"),
        Refusal("R-11", "numerical-scheme", "One label, one numerical scheme.", "not_comparable", "repeat one side with the other's scheme"),
        Refusal(
            "R-12",
            "emulated-or-fallback",
            "Native and fallen-back execution never meet unacknowledged.",
            "not_comparable",
            "remove the fallback, or acknowledge it",
        ),
        Refusal("R-13", "energy-scope", "Energy is compared in one scope by one method.", "metric", "measure both sides in one scope"),
        Refusal("R-14", "regime", "Thermal regime and power source must match.", "not_comparable", "repeat one side in the other's regime"),
        Refusal("R-15", "load-model", "Loop, arrivals, concurrency and rate must match.", "not_comparable", "repeat one side under the other's load"),
        Refusal("R-16", "latency-scope", "Latency is compared in one scope from one origin.", "metric", "repeat one side with the other's scope"),
        Refusal("R-17", "tuning-asymmetry", "Both sides got the same tuning effort.", "declared", "tune both sides alike, or acknowledge it"),
        Refusal("R-20", "party-missing", "Who measured is named.", "citation", "have somebody measure who says who they are"),
        Refusal("R-21", "metric-definition", "A metric is compared under one definition.", "metric", "report both sides under one definition"),
        Refusal("R-22", "token-counting", "Tokens are counted by one rule.", "metric", "count both sides by one rule"),
        Refusal(
            "R-23",
            "methodology-version",
            "Must-match parts of the methodology agree, or a ruling covers them.",
            "not_comparable",
            "repeat one side under the other's methodology",
        ),
        Refusal(
            "R-24", "too-few", "Enough trials, and enough requests for the percentile.", "insufficient_evidence", "run more trials or longer ones"
        ),
        Refusal(
            "R-25",
            "not-standing",
            "Only valid runs, neither withdrawn, superseded nor excluded by a ruling, are compared.",
            "not_comparable",
            "choose a standing run",
        ),
        Refusal("R-26", "provenance", "Measured values meet measured values.", "not_comparable", "choose two measured runs"),
        Refusal("R-27", "must-match-absent", "Two unknowns are not a match.", "insufficient_evidence", "make the field readable on both sides"),
        Refusal(
            "R-28",
            "policy-precondition",
            "The policy needs a difference to study.",
            "not_comparable",
            "choose runs that differ in the policy's subject",
        ),
        Refusal("R-29", "shared-samples", "Two runs do not rest on the same raw bytes.", "not_comparable", "measure again"),
        Refusal(
            "R-31", "quality-identity", "Suite, data, rubric and reference of quality agree.", "not_comparable", "evaluate both sides with one suite"
        ),
        Refusal(
            "R-34",
            "quality-missing",
            "The policy needs a quality evaluation on both sides.",
            "insufficient_evidence",
            "evaluate quality with the run",
        ),
        Refusal("R-41", "extrapolation", "Nothing is said beyond the loads that were measured.", "plan", "measure a point at that load"),
        Refusal(
            "R-42",
            "generic-field",
            "Under this policy the field has to be the same on both sides.",
            "not_comparable",
            "repeat one side with the other's value, or choose the policy that studies this difference",
        ),
        Refusal("R-50", "grade-floor", "The grade reaches the policy's floor.", "insufficient_evidence", "raise the grade of the run"),
    )
}
