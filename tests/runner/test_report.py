"""Results as people read them: units that fit, an operating point beside every throughput, a dash for what was not measured."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from runner.contract.bundle import read
from runner.contract.check import check
from runner.contract.points import (
    BatchCount,
    Certificate,
    ClassCount,
    DeviceTime,
    EnergyUse,
    Goodput,
    Lag,
    PowerUse,
    Sustained,
)  # fmt: skip
from runner.contract.run import OperatingPoint, SearchOutcome, SearchStep
from runner.report.points import point_facts
from runner.report.quantities import ABSENT, duration, metric_name, point_text, quantity
from runner.report.runs import run_document, run_lines, trials_text
from runner.report.searches import search_lines
from runner.report.tables import columns, width, wrapped
from tests.builders import evidence, methodology, samples
from tests.runner.bundles import sealed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000 ns"),
        (870, "870.0 ns"),
        (9_810, "9.810 µs"),
        (9_999_600, "10.00 ms"),
        (87_412, "87.41 µs"),
        (1_234_567, "1.235 ms"),
        (2_100_000_000, "2.100 s"),
        (12_345 * 10**9, "12,345 s"),
    ],
)
def test_a_time_is_told_in_the_unit_that_fits(value: int, text: str) -> None:
    assert duration(value) == text


def test_a_value_that_was_not_measured_is_a_dash() -> None:
    assert quantity(None, "ns") == ABSENT


def test_a_rate_carries_its_unit() -> None:
    assert quantity("11430.127", "1/s") == "11,430 /s"


@pytest.mark.parametrize(("value", "text"), [("0.4", "0.400 mJ"), ("670.25", "670.2 mJ"), ("1500", "1.500 J"), ("2500000.5", "2.500 kJ")])
def test_an_energy_is_told_in_the_unit_that_fits(value: str, text: str) -> None:
    assert quantity(value, "mJ") == text


def test_a_metric_is_told_in_words() -> None:
    assert metric_name("latency_p99_9@1") == "latency p99.9"


def test_columns_line_up_whatever_their_letters() -> None:
    lines = columns([("µs", "1"), ("longer", "22")], right=(1,))
    assert {width(line) for line in lines} == {10}


def test_long_text_is_wrapped_inside_its_room() -> None:
    assert all(width(line) <= 40 for line in wrapped("word " * 60, 40, "    "))


def told(**changes: object) -> str:
    return "\n".join(run_lines(check(read(io.BytesIO(sealed(evidence(**changes)))))))  # type: ignore[arg-type]


def test_every_throughput_stands_under_its_operating_point() -> None:
    lines = told().splitlines()
    point = next(place for place, line in enumerate(lines) if "closed loop, concurrency 1, batch 1" in line)
    assert [place for place, line in enumerate(lines) if "throughput" in line and "/s" in line][0] > point


def test_every_value_has_its_interval() -> None:
    assert all("[" in line for line in told().splitlines() if "latency p" in line or line.strip().startswith("throughput"))


def test_a_quick_look_says_that_it_is_never_evidence() -> None:
    assert "never evidence" in told()


def test_a_percentile_without_support_is_withheld_and_says_what_it_needs() -> None:
    how = methodology(metrics__definitions=["latency_p50@1", "latency_p99_9@1", "throughput@1"])
    assert "latency p99.9: withheld, needs 6,636 requests a trial, has 8" in told(how=how, table=samples())


FULL = OperatingPoint(
    name="p0", loop="open", process="poisson", concurrency=None, rate_per_s="500", batch=8, completed=990, failed=0, timed_out=0, window_ns=10**9,
    metrics=(), lag=Lag(p50_ns=90, p99_ns=9_810, max_ns=120_000, achieved_ppm=999_900), throttle="power_capped", batches=(
        BatchCount(size=1, requests=400), BatchCount(size=8, requests=600)),
    certificate=Certificate(
        metric="latency_p99@1", permille=990, limit_ns=2_000_000, confidence_permille=990, n=1_000, over=4, effective_by_trial=(300, 312),
        answer="undetermined", needed=1_640, assumes_independence="certified",
    ),
    goodput=Goodput(met=996, n=1_000, share="0.996", ci_low="0.98979", ci_high="0.99844", per_s="996"),
    device=DeviceTime(p50_ns=1_800_000, gap_p50_ns=200_000), power=PowerUse(
        column="power_instant_mw", mean_mw=300_000, p95_mw=310_000, p99_mw=315_000, peak_mw=320_000),
    energy=(
        EnergyUse(trial=0, method="nvml_counter", scope="gpu_board", valid=True, gross_per_inference="1500", gross_low="1490", gross_high="1510.5",
                  net_per_inference="900", net_low="890", net_high="910"),
        EnergyUse(trial=1, method="nvml_counter", scope="gpu_board", valid=False, codes=("window-too-short", "idle-drift")),
    ),
    classes=(ClassCount(name="small", completed=400, p50_ns=1_000_000), ClassCount(name="large", completed=0)),
    sustained=(Sustained(trial=0, peak_per_s="1000", sustained_per_s="900"), Sustained(trial=1, peak_per_s="1000")),
)  # fmt: skip


def test_everything_that_a_point_states_is_a_line_with_its_unit() -> None:
    assert list(point_facts(FULL)) == [
        "latency budget, 99 % within 2.000 ms: UNDETERMINED; 640 more requests would decide it",
        "  4 of 1,000 requests over it, worth 612 independent ones, confidence 99 %; taken for independent: certified",
        "within the budget: 996 of 1,000 requests (95 % interval 98.98 – 99.84 %), 996.0 /s",
        "time on the device: p50 1.800 ms; the host's time beside it: p50 200.0 µs",
        "trial 1: sustained 900.0 /s; best minute 1,000 /s",
        "trial 2: sustained not known: it did not settle; best minute 1,000 /s",
        "batches: 400 requests alone, 600 requests in batches of 8",
        "class small: 400 completed, p50 1.000 ms",
        "class large: 0 completed",
        "power: mean 300.0 W, p95 310.0 W, peak 320.0 W (instant)",
        "energy of trial 1: gross 1.500 J [1.490 J – 1.510 J], net 900.0 mJ [890.0 mJ – 910.0 mJ] per inference, by nvml_counter, scope gpu_board",
        "energy of trial 2: not stated (window-too-short, idle-drift), by nvml_counter, scope gpu_board",
        "throttling: power capped",
        "lag of the generator: p50 90.00 ns, p99 9.810 µs, max 120.0 µs; achieved 99.99 % of the offered rate",
    ]


def test_where_latencies_are_withheld_classes_show_none() -> None:
    assert "class small: 400 completed" in point_facts(FULL, latencies=False)


def test_a_search_is_told_as_an_interval_with_its_steps() -> None:
    steps = (
        SearchStep(rate_per_s="164", answer="certified", n=155, over=0, effective=125, points=(1,)),
        SearchStep(rate_per_s="246.5", answer="undetermined", n=1_118, over=1, effective=40, points=(2,)),
        SearchStep(rate_per_s="164", purpose="confirm", answer="certified", n=261, over=0, effective=129, points=(3,)),
    )
    found = SearchOutcome(
        capacity_per_s="328", bounded=True, steps=steps, lo_per_s="164", hi_per_s="246.5", above="undetermined", confirmed_per_s="164", cliff=True
    )
    assert list(search_lines(found)) == [
        "highest load within the budget: between 164.0 /s and 246.5 /s (that rate could not be decided)",
        "confirmed with a fresh schedule: 164.0 /s, below a cliff; one stream in a closed loop completes 328.0 /s",
        "  step     164.0 /s  certified     0 of 155 requests over it, worth 125 independent ones",
        "  step     246.5 /s  undetermined  1 of 1,118 requests over it, worth 40 independent ones",
        "  confirm  164.0 /s  certified     0 of 261 requests over it, worth 129 independent ones",
    ]


def test_a_search_that_certified_nothing_says_so() -> None:
    step = SearchStep(rate_per_s="164", answer="refuted", n=155, over=90, effective=125, points=(1,))
    found = SearchOutcome(
        capacity_per_s="328", bounded=True, steps=(step,), lo_per_s=None, hi_per_s="164", above="refuted", confirmed_per_s=None, cliff=False
    )
    first, second, _ = search_lines(found)
    assert first == "highest load within the budget: between 0 /s (no rate was certified) and 164.0 /s (that rate missed the budget)"
    assert second.startswith("confirmed with a fresh schedule: no rate;")


@pytest.mark.parametrize(
    ("purposes", "text"),
    [
        (["measure"], "1 trial in a fresh process"),
        (["search", "measure"], "1 trial in a fresh process, after a search"),
        (["measure", "measure", "alternate-seed"], "2 trials in fresh processes, with 1 audit trial"),
    ],
)
def test_trials_are_counted_by_what_they_are_for(purposes: list[str], text: str) -> None:
    trial = evidence().run.trials[0]
    assert trials_text([trial.model_copy(update={"purpose": purpose}) for purpose in purposes]) == text


def test_the_document_of_a_run_holds_its_trials_search_and_points_in_full() -> None:
    checked = check(read(io.BytesIO(sealed(evidence()))))
    told, run = run_document(checked), checked.evidence.run
    assert told["trials"] == [trial.model_dump(mode="json") for trial in run.trials]
    assert told["operating_points"] == [point.model_dump(mode="json") for point in run.operating_points]
    assert told["search"] is None and told["latency_withheld"] is False and told["exit_reason"] == "completed"


def test_what_a_run_notes_is_told_before_its_numbers() -> None:
    lines = told(limitations=["trial 1: RuntimeError: the device is gone"]).splitlines()
    assert next(place for place, line in enumerate(lines) if "the device is gone" in line) < next(
        place for place, line in enumerate(lines) if "throughput" in line
    )


def test_a_point_of_an_open_loop_names_its_process_and_rate() -> None:
    point = check(read(io.BytesIO(sealed()))).evidence.run.operating_points[0]
    opened = point.model_copy(update={"loop": "open", "process": "poisson", "concurrency": None, "rate_per_s": str(Decimal("500"))})
    assert point_text(opened) == "open loop, poisson 500/s, batch 1"
