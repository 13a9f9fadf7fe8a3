"""The four questions of a reviewer about one run, answered from its documents: who measured, on what, how, and can it be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lynxweb.words import executor_rows, methodology_rows
from lynxweb.words.wording import BLOCKS, VALIDITIES
from runner.contract.executor import Executor
from runner.contract.findings import Finding
from runner.contract.methodology import Methodology
from runner.contract.run import Run

PARTIES: Final = {"vendor": "the vendor", "buyer": "the buyer", "third_party": "a third party"}
TONES: Final = ("good", "warn", "bad")


@dataclass(frozen=True)
class Evidence:
    """All that the four questions are answered from; `reproductions` counts independent runs that repeat this one."""

    run: Run
    methodology: Methodology
    executor: Executor
    findings: Sequence[Finding]
    validity: str
    declared: bool
    reviewed: bool
    reproductions: int
    key_id: str


@dataclass(frozen=True)
class Question:
    """One question: a tone (good, warn, bad), the answer in a sentence, what weakens it, and the facts behind it."""

    id: str
    title: str
    tone: str
    answer: str
    doubts: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def four_questions(evidence: Evidence) -> tuple[Question, ...]:
    """Who, on what, how, and whether it can be repeated; every doubt is named, and the worst one gives the tone."""
    return (_who(evidence), _on_what(evidence), _how(evidence), _repeatable(evidence))


def _who(evidence: Evidence) -> Question:
    run = evidence.run
    doubts = [("warn", "The run was not declared before it was measured: others may have been measured and left out.")] * (not evidence.declared)
    if run.vested_interest != "none declared":
        doubts.append(("warn", f"The measuring party states an interest: {run.vested_interest}."))
    if run.measuring_party == "vendor":
        doubts.append(("warn", "The vendor of the system measured it."))
    answer = f"Measured by {PARTIES[run.measuring_party]}, signed with node key {evidence.key_id[:12]}."
    facts = (
        ("Measuring party", PARTIES[run.measuring_party]), ("Vested interest", run.vested_interest), ("Node key", evidence.key_id),
        ("Declared before measuring", "yes" if evidence.declared else "no"), ("Availability", run.availability),
        ("Measured", f"{run.started_at} to {run.ended_at}"),
    )  # fmt: skip
    return _question("who", "Who measured?", answer, doubts, facts)


def _on_what(evidence: Evidence) -> Question:
    unread = executor_rows.unreadable(evidence.executor)
    doubts = [("warn", f"{BLOCKS.get(one.path.partition('.')[0], one.path)}: {one.name} is {one.status.text}.") for one in unread]
    product = dict(executor_rows.tuple_of(evidence.executor))
    answer = f"{product['Accelerator']}; {product['Runtime']}; {product['Precision']}."
    facts = (*executor_rows.tuple_of(evidence.executor), *_surroundings(evidence.executor), ("Fingerprint", evidence.run.fingerprint))
    return _question("what", "On what?", answer, doubts, facts)


def _surroundings(executor: Executor) -> tuple[tuple[str, str], ...]:
    env = executor.env
    limits = ", ".join(f"{name} {executor_rows.field_text('power_limit_mw', leaf)}" for name, leaf in env.power_limit_mw if leaf.known)
    return (
        ("Cooling", executor_rows.text(env.cooling)),
        ("Power policy", limits or executor_rows.text(env.platform_profile)),
        ("Power source", executor_rows.text(env.power_source)),
    )


def _how(evidence: Evidence) -> Question:
    invalid = [one for one in evidence.findings if one.rule.level == "invalid"]
    warned = [one for one in evidence.findings if one.rule.level != "invalid"]
    doubts = [*(("bad", one.rule.text) for one in invalid), *(("warn", one.rule.text) for one in warned)]
    if evidence.methodology.kind == "quick":
        doubts.append(("warn", "A quick look: its floors are short, and no decision may cite it."))
    answer = f"{evidence.methodology.title}, version {evidence.methodology.version}: {VALIDITIES[evidence.validity].text}."
    facts = (*methodology_rows.contract_text(evidence.methodology), ("Methodology", evidence.run.methodology_sha256))
    return _question("how", "How was it measured?", answer, doubts, facts)


def _repeatable(evidence: Evidence) -> Question:
    run = evidence.run
    doubts = []
    if run.runner.dirty:
        doubts.append(("warn", "The runner was changed since its commit: nobody else has that version."))
    if not evidence.reviewed:
        doubts.append(("warn", "Nobody but the uploader has reviewed it."))
    if not evidence.reproductions:
        doubts.append(("warn", "No independent party has repeated it."))
    told = f"{evidence.reproductions} independent run{'' if evidence.reproductions == 1 else 's'} repeat it"
    command = reproduce_command(run, evidence.methodology)
    answer = f"{told if evidence.reproductions else 'Not repeated by another party yet'}; `{command}` measures it again."
    facts = (
        ("Command", command), ("Runner", f"{run.runner.version}, commit {run.runner.commit}"),
        ("Trials", str(len(run.trials))), ("Seed of the load", str(evidence.methodology.load.seed)),
        ("Limitations", "; ".join(run.limitations) or "none stated"), ("Notes", run.notes or "none"),
    )  # fmt: skip
    return _question("again", "Can it be repeated?", answer, doubts, facts)


def reproduce_command(run: Run, methodology: Methodology) -> str:
    """The one command that measures under the same methodology on another machine."""
    return f"lynxweb run {methodology.name} --trials {len(run.trials)}"


def _question(name: str, title: str, answer: str, doubts: Iterable[tuple[str, str]], facts: tuple[tuple[str, str], ...]) -> Question:
    told = tuple(dict.fromkeys(doubts))
    tone = max((tone for tone, _ in told), key=TONES.index, default="good")
    return Question(name, title, tone, answer, tuple(text for _, text in told), facts)
