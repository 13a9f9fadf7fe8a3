"""Every code that a gate may find has a run that shows it and a neighbour that does not."""

from __future__ import annotations

import pytest

from runner.contract.findings import RULES, Finding
from tests.contract import test_gates_audit, test_gates_load, test_gates_machine, test_gates_outcome

# What only the site can know: other runs, and when a bundle arrived.
OF_THE_SITE = {"samples-reused", "late-upload"}
PAIRS = [test_gates_audit.PAIRS, test_gates_load.PAIRS, test_gates_machine.PAIRS, test_gates_outcome.PAIRS]


def test_no_code_lacks_a_run_that_shows_it() -> None:
    shown = [code for pairs in PAIRS for code in pairs]
    assert len(set(shown)) == len(shown) and set(shown) == RULES.keys() - OF_THE_SITE


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_a_sentence_with_a_gate(code: str) -> None:
    rule = Finding(code, "run", "something").rule
    assert rule.gate.startswith("G-") and rule.text.endswith(".") and rule.level in ("invalid", "warn", "cap")
