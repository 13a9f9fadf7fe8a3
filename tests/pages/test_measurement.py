"""The measurement core on the page of a run: budget, generator, energy, power, gates, audits, and what is said where something is not there."""

from __future__ import annotations

import re

import pytest

from runner.contract.findings import RULES, Finding
from runner.contract.points import BatchCount, ClassCount
from tests.builders import absent
from tests.pages import rich
from tests.pages.shelf import text_of

NOT_THERE = absent("not_applicable")
AT = "open loop, poisson arrivals at 100/s, batch 1"


def section(html: str, heading: str) -> str:
    """The text from a heading of the page to the next one."""
    return plain(re.split(r"<h[23]\b", html.split(f">{heading}</h")[1])[0])


def plain(html: str) -> str:
    """What a reader sees, with the digits of a number side by side."""
    return re.sub(r"(?<=\d) (?=\d{3}\b)", "", text_of(html))


def with_point(**changes: object) -> rich.Rich:
    """The rich run with other facts at its operating point."""
    found = rich.point()
    return found.changed(operating_points=(found.view.run.operating_points[0].model_copy(update=changes),))


def test_a_certificate_travels_with_its_counts_and_its_confidence() -> None:
    found = rich.point().view.run.operating_points[0].certificate
    assert found is not None
    told = section(rich.point().html(), "Latency budget")
    assert f"99 % of the requests within 32.00 ms at 99 % confidence ✓ certified {found.over} of 36000 over {sum(found.effective_by_trial)}" in told


def test_the_answer_that_assumes_independence_stands_apart_and_decides_nothing() -> None:
    found = rich.point().view.run.operating_points[0].certificate
    assert found is not None
    told = section(with_point(certificate=found.model_copy(update={"answer": "undetermined", "needed": found.n + 1_500})).html(), "Latency budget")
    assert "undetermined: 1500 more requests" in told
    assert "✓ certified decides nothing: it takes alike requests for independent ones" in told


def test_an_answer_that_no_number_settles_says_so() -> None:
    found = rich.point().view.run.operating_points[0].certificate
    assert found is not None
    told = section(with_point(certificate=found.model_copy(update={"answer": "undetermined", "needed": None})).html(), "Latency budget")
    assert "undetermined: more requests alone would not settle it" in told


def test_goodput_has_its_wilson_interval_and_its_point() -> None:
    told = section(rich.point().html(), "Latency budget")
    assert re.search(r"Goodput: 99\.\d+ % \[99\.\d+ %, 99\.\d+ %\] of the requests met the budget", told) and f"req/s @ {AT}" in told


def test_lag_stands_beside_the_floor_and_the_rule_it_is_held_against() -> None:
    told = section(rich.point().html(), "Load generator")
    assert re.search(r"Lag: sent later than it could be [\d.]+ µs [\d.]+ µs [\d.]+ µs", told)
    assert "Floor: latency of a backend that does nothing 700 ns 1.900 µs" in told
    assert "100 req/s offered (poisson); achieved 100 % of it" in told
    assert "lag p99 at most 100.0 µs or 5 % of the median service time" in told and "within 0.5 % of the offered one" in told


def test_both_origins_of_latency_are_explained() -> None:
    page = text_of(rich.point().html())
    assert (
        "Latency counts from the scheduled time, so it holds the wait for a busy system; latency from issue counts from the moment of sending" in page
    )


def test_effective_requests_stand_beside_every_percentile() -> None:
    html = rich.point().html()
    cells = re.findall(r'<th scope="row" role="rowheader">Latency [^<]*</th><td role="cell">(<span class="metric".*?)</td>', html, re.DOTALL)
    assert len(cells) == 4 and all(re.search(r"36000 requests, \d+ effective", plain(cell)) for cell in cells)


def test_a_withheld_percentile_says_how_many_more_are_needed() -> None:
    page = plain(rich.point().html())
    short = next(one for one in rich.point().view.run.operating_points[0].withheld if one.definition == "latency_p99_9@1")
    assert f"{short.requests_fewest} of 6636 effective requests over all trials, {6636 - short.requests_fewest} more needed" in page


def test_every_number_of_energy_has_scope_and_method_in_its_cell() -> None:
    html = rich.point().html()
    table = html.split("Energy per inference of each trial")[1].split("</table>")[0]
    cells = [text_of(cell) for cell in re.findall(r'<td role="cell" data-label="(?:Gross|Net of idle)">(.*?)</td>', table, re.DOTALL)]
    assert len(cells) == 6 and all("GPU board, NVML energy counter" in cell for cell in cells)
    assert re.match(r" ?\d\.\d+ J \[\d\.\d+, \d\.\d+\]", cells[0])


def test_an_energy_that_does_not_stand_has_no_number_but_a_reason_in_words() -> None:
    html = rich.point().html()
    row = next(row for row in re.findall(r"<tr role=\"row\">.*?</tr>", html, re.DOTALL) if ">Trial 2</th>" in row)
    assert "not stated the device changed its state inside the window" in text_of(row) and not re.search(r"\d J\b", text_of(row))


def test_a_code_of_energy_without_words_is_shown_as_it_is() -> None:
    energy = [one.model_copy(update={"valid": False, "codes": ("brand-new",)}) for one in rich.point().view.run.operating_points[0].energy]
    assert "brand new" in section(with_point(energy=tuple(energy)).html(), "Energy and power")


def test_power_names_its_reading() -> None:
    told = section(rich.point().html(), "Energy and power")
    assert re.search(r"Instant power \d+\.\d W \d+\.\d W \d+\.\d W \d+\.\d W", told) and "power-governed" in told


def test_power_that_nothing_read_is_said_in_words() -> None:
    html = rich.sweep().html()
    page = text_of(html)
    assert "No sensor read power, temperature or SM clock: unreadable: no sensor." in page
    assert "0 W" not in page and "“not read”, which is not the same as clean" in page


def test_batches_and_classes_show_their_shares() -> None:
    batches = (BatchCount(size=1, requests=100), BatchCount(size=8, requests=300))
    classes = (ClassCount(name="short", completed=10, p50_ns=4_000_000), ClassCount(name="long", completed=0))
    told = section(with_point(batches=batches, classes=classes).html(), "How requests were served")
    assert "1100 25 % 8300 75 %" in told and "short 10 4.000 ms long 0 –" in told and "Time between device events p50 4." in told


def test_a_finding_that_withholds_latencies_takes_everything_that_follows_from_them() -> None:
    html = rich.point().html(Finding("over-saturated", "run.trials[0]", "x"))
    page = text_of(html)
    assert "figure-ecdf" not in html and "p50 of a stretch" not in html and "Goodput" not in page and "✓ certified" not in page
    assert "power, device 0, instant power" in html and "Time between device events" not in page


def test_every_gate_has_a_row_and_says_what_it_asks() -> None:
    told = section(rich.point().html(), "Gates")
    assert re.findall(r"G-\d\d", told) == [f"G-{number:02d}" for number in range(1, 19)]
    assert "steal at most 1 %" in told and "Every window lasts at least 100.0 s" in told


def test_every_gate_that_a_rule_names_is_in_the_table() -> None:
    assert {rule.gate for rule in RULES.values()} <= {f"G-{number:02d}" for number in range(1, 19)}


@pytest.mark.parametrize(
    ("code", "word"), [("cpu-steal", "! warned"), ("executor-changed", "✕ invalid"), ("runner-unreleased", "⊤ capped"), ("drifting", "! warned")]
)
def test_a_gate_tells_its_gravest_finding(code: str, word: str) -> None:
    rows = re.findall(r"<tr role=\"row\">.*?</tr>", rich.point().html(Finding(code, "run", "seen")), re.DOTALL)
    row = next(text_of(row) for row in rows if RULES[code].gate in row and "asks" in row)
    assert f"{word} {code}" in row


def test_a_gate_that_could_read_nothing_has_not_passed() -> None:
    before = rich.point().view.executor_before
    blind = before.model_copy(update={"hw": before.hw.model_copy(update={"ecc_uncorrected": absent("unreadable:not-supported")})})
    none = before.model_copy(update={"hw": before.hw.model_copy(update={"pcie_gen_cur": NOT_THERE, "pcie_width_cur": NOT_THERE})})
    assert "Health G-15 ? not read unreadable: not supported" in section(rich.point().html(executor_before=blind, executor_after=blind), "Gates")
    assert "Link G-06 ∅ not applicable" in section(rich.point().html(executor_after=none), "Gates")
