"""A methodology as rows of a page: the contract in words, its blocks with digests, and what must match under each policy."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lynxweb.words import contract_words, formatting
from lynxweb.words.wording import BLOCKS as TITLES
from lynxweb.words.wording import CLASSES
from runner.contract.executor import BLOCKS as EXECUTOR_BLOCKS
from runner.contract.methodology import BLOCKS, Methodology, block_values
from runner.contract.metrics import DEFINITIONS
from runner.contract.policies import POLICIES
from runner.contract.reasons import shown


@dataclass(frozen=True)
class ContractBlock:
    """One block of the contract: its digest and every term in it."""

    name: str
    title: str
    digest: str
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MustMatch:
    """One thing that two runs may differ in, with its class under each policy, in the order of `policies()`."""

    what: str
    title: str
    classes: tuple[str, ...]


def contract_blocks(methodology: Methodology) -> tuple[ContractBlock, ...]:
    """Every block in order with its terms as text."""
    digests = methodology.block_digests
    return tuple(
        ContractBlock(
            block, TITLES[block], digests[block],
            tuple((path.removeprefix(f"{block}."), shown(term)) for path, term in block_values(methodology, block).items()),
        )
        for block in BLOCKS
    )  # fmt: skip


def policies() -> tuple[tuple[str, str, str, str], ...]:
    """(id, code, title, question) of each policy."""
    return tuple((policy.id, policy.code, policy.title, policy.question) for policy in POLICIES.values())


def must_match() -> tuple[MustMatch, ...]:
    """Every block of methodology, executor and run with its class under each policy; a methodology's blocks always must match."""
    rows = [MustMatch("methodology", "Methodology: every block", tuple(CLASSES["must_match"] for _ in POLICIES))]
    for block in EXECUTOR_BLOCKS:
        rows.append(MustMatch(block, TITLES[block], tuple(CLASSES[policy.executor[block]] for policy in POLICIES.values())))
    for name, title in (("power_source", "Power source of the run"), ("instance", "Physical machine"), ("tuning", "Tuning effort")):
        rows.append(MustMatch(name, title, tuple(CLASSES[policy.run[name]] for policy in POLICIES.values())))
    return tuple(rows)


def contract_text(methodology: Methodology) -> tuple[tuple[str, str], ...]:
    """The contract in sentences a reader can check: (heading, sentence)."""
    how, work, protocol, load = methodology, methodology.workload, methodology.protocol, methodology.load
    audits = contract_words.audits_text(protocol)
    window = formatting.duration(protocol.min_duration_ns)
    return (
        ("Work", f"{work.task} on {work.model_name} ({work.model_family}) over {formatting.whole(work.n_samples)} samples of {work.dataset_name}."),
        ("Load", f"{contract_words.load_text(load)} The client is {load.client_location.replace('_', ' ')}."),
        ("Time", f"Latency of {protocol.latency.scope.replace('_', ' ')} counts from the {protocol.latency.origin} time; "
                 f"timed region: {protocol.timed_region}."),
        ("Trials", f"At least {protocol.min_trials} trials, each in {protocol.restart_policy.replace('_', ' ')}, of at least {window} and "
                   f"{protocol.min_requests} completed requests; warm-up of {protocol.warmup_min_requests} requests and "
                   f"{formatting.duration(protocol.warmup_min_ns)} before each."),
        ("Primary metric", f"{formatting.metric_name(how.primary_metric)}. {DEFINITIONS[how.primary_metric].text}"),
        ("Statistic", "The median over trials, with a 95 % interval between trials (t on logarithms)."),
        ("Quality", f"{how.quality.suite} version {how.quality.suite_version}, per class: accuracy at least "
                    f"{formatting.percent(how.quality.min_accuracy_ratio_ppm)} of the reference's, agreement with the {work.reference.precision} "
                    f"reference at least {formatting.percent(how.quality.min_agreement_ppm)}."),
        ("Energy", contract_words.energy_text(protocol)),
        ("Latency budget", contract_words.budget_text(how)),
        *((("Audits", f"{audits.capitalize()}; none of their requests enters a headline."),) if audits else ()),
    )  # fmt: skip


def pretty(methodology: Methodology) -> str:
    """The whole document with its keys in order, indented for reading."""
    return json.dumps(methodology.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=True)
