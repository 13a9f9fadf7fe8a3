"""The words of the product, one meaning each, and the refusal codes with their rules."""

from __future__ import annotations

from typing import Final

from runner.contract.refusals import REFUSALS, Refusal

ENTRIES: Final = (
    ("executor", "Everything that is measured: accelerator, host, environment, software, compile tool chain, precision and serving settings. "
                 "Each field is a value with a status and a source. Versions never change, and each holds the state of its moment, so nearly every "
                 "run has its own; the fingerprint is the digest of the configuration, and runs on one configuration share it."),
    ("instance", "The physical unit, under a salted name. Two instances with one fingerprint are two machines of one configuration."),
    ("methodology", "How it is measured: workload, load, protocol, metric definitions, quality gate, reporting. Hashed in blocks, so that a "
                    "refusal can say which part differs. Titles and prose lie outside the blocks."),
    ("run", "One execution of a methodology on an executor, with its trials, operating points and raw samples. It arrives as a signed bundle, "
            "and every number in it is recomputed from the samples on arrival."),
    ("trial", "One fresh process that measures once. Trials are what intervals are made of: requests within a trial are not independent."),
    ("operating point", "One load setting with its metrics. A throughput is never shown without it, because it is a property of both."),
    ("metric definition", "What a number means: name, unit, direction, exact rule. The same name under another definition is another metric."),
    ("interval", "In brackets beside a number. Of one run: the 95 % t interval on the logarithms of its trials, beside the median over trials. "
                 "Of a change: the 95 % interval of Welch’s t on the logarithms of the trials of both runs, beside the ratio of the two medians."),
    ("quality evaluation", "What the model still gets right at this precision: task by metric by slice against a named reference, each with its "
                           "count; never one score."),
    ("effective requests", "How many independent requests carry what dependent ones do. Requests that queue behind each other are alike, so ten "
                           "thousand of them may be worth three hundred; every percentile and every certificate rests on the effective ones."),
    ("certificate", "Whether the latency budget is met, at a confidence: certified, refuted, or undetermined with the requests still needed. "
                    "Failures and timeouts count as over the budget."),
    ("lag", "What the load generator adds to a latency: the time between the moment a request could be sent and the moment it was. It is measured "
            "apart from queueing, and it invalidates a run rather than hide in it."),
    ("throttle ribbon", "The band under every time series that says whether the accelerator held itself back: not throttled, power-governed, "
                        "heat-governed, hardware slowdown, or not read."),
    ("audit trial", "A trial that tests the measurement and not the system: one sample repeated, or another seed. It enters no headline."),
    ("finding", "What a gate says of a run: it warns, caps the grade, withholds latencies or invalidates the run."),
    ("grade", "How far the evidence carries: claimed, measured, validated, reproduced. Computed, never typed in."),
    ("review", "Somebody who neither measured nor uploaded a run reads it under a versioned checklist, states conflicts of interest first, and says "
               "whether it is accepted. Reports and responses are public and permanent."),
    ("tombstone", "What a withdrawn or superseded run leaves under its address: the number struck through, why, when and by which role, and what "
                  "stands instead."),
    ("notice", "What must be known of a run wherever it is used: posted by a publisher, or following from a dispute, a ruling or a redaction."),
    ("dispute", "A reviewer holds a run to break a stated clause, worth so many permille; a reviewer of neither side decides it by a deadline."),
    ("ruling", "An entry of the register that notes runs, keeps them out of comparisons or has them checked again, or says how far a metric may be "
               "compared under two methodology versions."),
    ("two people", "Some acts are proposed by one person and carried out by another, word for word: withdrawing what is published, rulings, "
                   "redactions, powerful roles."),
    ("comparison policy", "What must match, what is studied and what may differ if it is printed."),
    ("verdict", "Comparable, comparable with declared differences, not comparable, or insufficient evidence. Only the first two come with numbers."),
    ("refusal", "A coded reason why two runs may not be compared, with the fields that differ, what to do, and the nearest runs that may."),
    ("unreadable", "The runner asked and got no value, for the stated reason: the machine hides it, or its owner has not declared it. Absent is "
                   "not zero: it is shown as it is."),
    ("quick look", "A methodology with short floors, to see that all works. Its runs meet only each other, and no decision may cite them."),
    ("audit position", "The place of an event in the log. Positions are never reused, and a changed past would change every later digest."),
    ("receipt", "The site’s signed promise that the event has its place in the log."),
)  # fmt: skip


def refusals() -> tuple[Refusal, ...]:
    """The refusal codes in order."""
    return tuple(REFUSALS[code] for code in sorted(REFUSALS))
