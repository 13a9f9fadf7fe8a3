"""Runs that have everything a page can show: phases, telemetry of a board, certificates, energy, audits, a sweep and a search; no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from django.template.loader import render_to_string

from lynxweb.pages import run_page
from lynxweb.registry import describing
from lynxweb.registry.cards import RunCard, RunView
from lynxweb.registry.curves import curve_of
from lynxweb.registry.timelines import Timeline, timeline
from runner.contract.findings import Finding
from runner.contract.methodology import Methodology
from runner.contract.recompute import Around, operating_points
from runner.contract.run import Run, SearchOutcome, SearchStep, Trial
from runner.contract.samples import Samples, joined
from runner.contract.telemetry import TelemetryRow
from runner.contract.window_rows import rows_of
from tests import builders
from tests.builders import SECOND, absent, seen
from tests.pages.shelf import executor

MEASURES = ("measure", "measure", "measure")
PLACES = {"load": (0, 1), "first_inference": (1, 2), "floor": (2, 4), "warm_up": (4, 14), "idle_before": (14, 34)}
IDLE_S = 20
STILL = ("violation_thermal_ns", "violation_board_limit_ns", "slowdown_sw_thermal_ns", "slowdown_hw_thermal_ns", "slowdown_hw_power_brake_ns")


@dataclass(frozen=True, eq=False)
class Rich:
    """A view with the raw rows behind it."""

    view: RunView
    samples: Samples
    telemetry: tuple[TelemetryRow, ...]

    @property
    def timeline(self) -> Timeline:
        """What happened over the run, reduced for drawing."""
        return timeline(self.view.run, self.samples, self.telemetry)

    def html(self, *findings: Finding, **changes: Any) -> str:
        """The page, with other findings or fields of the view where the test says so."""
        return self.html_of(self.timeline, *findings, **changes)

    def html_of(self, found: Timeline, *findings: Finding, **changes: Any) -> str:
        """The page with another timeline."""
        view = replace(self.view, findings=findings or self.view.findings, **changes)
        told = run_page.told(view, found)
        if told["shows_latency"]:
            first = [rows_of(self.samples, trial, trial.points[0]) for trial in view.run.trials if trial.purpose == "measure"]
            told |= run_page.distribution(view, tuple(curve_of(rows.latencies_ns) for rows in first))
        return render_to_string("pages/run.html", told | {"events": []})

    def changed(self, **changes: Any) -> Rich:
        """The same with other fields of the run document."""
        return replace(self, view=replace(self.view, run=self.view.run.model_copy(update=changes)))


def methodology(**changes: Any) -> Methodology:
    """Poisson arrivals at 100 requests a second on a board with an energy counter, under a latency budget."""
    names = ["latency_p50@1", "latency_p99@1", "latency_p99_9@1", "latency_from_issue_p50@1", "latency_from_issue_p99@1", "throughput@1"]
    energies = [f"energy_per_inference_{kind}@nvml_counter.gpu_board" for kind in ("gross", "net")]
    given: dict[str, Any] = {
        "kind": "microbenchmark", "primary_metric": "latency_p99@1", "protocol__measurement_semantics": 2, "protocol__min_duration_ns": 100 * SECOND,
        "protocol__energy": {"scope": "gpu_board", "method": "nvml_counter", "idle_subtraction": True}, "protocol__idle_ns": IDLE_S * SECOND,
        "protocol__audits": ["repeat-one-sample", "alternate-seed"], "metrics__definitions": [*names, *energies],
        "load": {"loop": "open", "process": "poisson", "concurrency": None, "rate_per_s": "100", "seed": "7", "per": "total",
                 "client_location": "in_process"},
        "slo": {"metric": "latency_p99@1", "permille": 990, "limit_ns": 32_000_000},
    }  # fmt: skip
    return builders.methodology(**(given | changes))


def served(trial: int, point: int, start_ns: int, length_s: int, rate: int, seed: int) -> Samples:
    """A single server in open loop: arrivals at random, services around 5.5 ms, the wait before each of them."""
    random = np.random.default_rng(seed)
    n = int(length_s * rate)
    scheduled = start_ns + np.sort(random.integers(0, length_s * SECOND, n))
    service, lag = random.integers(5_000_000, 6_000_000, n), random.integers(800, 9_000, n)
    sent, last, free = np.empty(n, np.int64), np.empty(n, np.int64), 0
    for place in range(n):
        sent[place] = max(int(scheduled[place]), free) + lag[place]
        free = last[place] = sent[place] + service[place]
    return Samples(
        trial=np.full(n, trial, np.int64), point=np.full(n, point, np.int64), request=np.arange(n, dtype=np.int64), t_scheduled_ns=scheduled,
        t_sent_ns=sent, t_last_ns=last, batch_size=np.ones(n, np.int32), status=np.zeros(n, np.int8), device_ns=service - 900_000,
    )  # fmt: skip


def trial(index: int, purpose: str, base_s: int, lengths_s: list[tuple[int, str | None, int]]) -> Trial:
    """A trial that begins at `base_s` with a window for each (point, rate, length)."""
    edges, at = [], base_s + 34
    for point, rate, length in lengths_s:
        edges.append((point, rate, at * SECOND, (at + length) * SECOND))
        at += length + 2
    phases = [{"name": name, "start_ns": (base_s + start) * SECOND, "end_ns": (base_s + end) * SECOND} for name, (start, end) in PLACES.items()]
    phases[3]["requests"] = 1000
    phases += [{"name": "window", "start_ns": start, "end_ns": end, "requests": (end - start) // SECOND * 100} for _, _, start, end in edges]
    phases += [{"name": "idle_after", "start_ns": edges[-1][3], "end_ns": edges[-1][3] + IDLE_S * SECOND}]
    windows = [{"point": point, "start_ns": start, "end_ns": end, "rate_per_s": rate} for point, rate, start, end in edges if rate]
    tree = {
        "index": index, "fingerprint_warm": "f" * 64, "fingerprint_end": "f" * 64, "window_start_ns": edges[0][2], "window_end_ns": edges[-1][3],
        "load_time_ns": SECOND, "first_inference_ns": 40_000_000, "warmup_requests": 1000, "warmup_ns": 10 * SECOND, "floor_p50_ns": 700,
        "floor_p99_ns": 1_900, "cpu_steal_ppm": seen(1_200).model_dump(), "psi_cpu_some_avg10_ppm": seen(0).model_dump(),
        "foreign_gpu_processes": seen(0).model_dump(), "throttle": seen("clean").model_dump(), "energy_mj": seen(28_000_000).model_dump(),
        "phases": phases, "settled": True, "settle_extensions": index, "handoff_ns": 5_200, "clock_slew_ppm": 3, "purpose": purpose,
        "tick_ns": 100_000_000,
    }  # fmt: skip
    if windows:
        tree["windows"] = windows
    return Trial.model_validate({name: tuple(found) if isinstance(found, list) else found for name, found in tree.items()})


def board(run_s: int, busy: list[tuple[int, int]], capped: tuple[int, int] = (0, 0)) -> tuple[TelemetryRow, ...]:
    """Five readings a second of one board: 60 W at rest, about 240 W in the busy stretches (s), the power limit binding in `capped`."""
    random, rows, energy, heat, held = np.random.default_rng(5), [], 0, 40_000.0, 0
    for tick in range(run_s * 5 + 1):
        at = tick / 5
        works, binds = any(start <= at < end for start, end in busy), capped[0] <= at < capped[1]
        power = 60_000 if not works else 240_000 + int(random.normal(0, 3_000)) - (20_000 if binds else 0)
        energy, heat, held = energy + power // 5, heat + ((72_000 if works else 40_000) - heat) / 150, held + (150_000_000 if binds else 0)
        counters = dict.fromkeys(STILL, 0)
        rows.append(TelemetryRow(
            t_ns=int(at * SECOND), device=0, power_instant_mw=power, energy_mj=energy, temperature_mc=int(heat), violation_power_ns=held,
            sm_clock_khz=1_755_000 if binds else 1_980_000, foreign_processes=0, **counters,
        ))  # fmt: skip
    return tuple(rows)


def view_of(run: Run, how: Methodology, *findings: Finding) -> RunView:
    """A view as the registry hands it out."""
    what = executor("onnxruntime", hw__vendor=seen("nvidia"), hw__product_name=seen("Test Board 80GB"))
    at, primary = describing.point_text(run.operating_points[0]), run.metric(how.primary_metric)
    card = RunCard(
        digest="d" * 64, label="onnxruntime fp32", runtime="onnxruntime", precision_label="fp32", product="Test Board 80GB", point_text=at,
        primary=primary, validity="valid_with_warnings" if findings else "valid", grade="measured", kind=how.kind, node_name="node-a",
        submitted_at=datetime(2026, 1, 5, tzinfo=UTC), undeclared=False, methodology_digest="a" * 64, executor_digest="b" * 64, position=7,
    )  # fmt: skip
    return RunView(
        card=card, run=run, methodology=how, methodology_digest="a" * 64, executor_before=what, executor_after=what, executor_digest="b" * 64,
        quality=builders.quality(how, what), findings=findings, why_not_higher="nobody has reviewed it", artifacts=(), receipt={}, position=7,
        open_declarations=0, key_id="c" * 64,
    )  # fmt: skip


def run_of(trials: list[Trial], table: Samples, how: Methodology, telemetry: tuple[TelemetryRow, ...], **changes: Any) -> Run:
    """A run document of these trials whose numbers the samples and the telemetry give."""
    plain = builders.run(builders.samples(trials=3), builders.methodology(), executor("onnxruntime"))
    points = operating_points(table, trials, how, 1, Around(telemetry, 1, False))
    return plain.model_copy(update={"trials": tuple(trials), "operating_points": points, **changes})


@cache
def point(**changes: Any) -> Rich:
    """One load, three trials and two audit trials on a board whose power limit binds in the second trial."""
    how = methodology(**changes)
    purposes = (*MEASURES, "repeat-one-sample", "alternate-seed")
    bases = [index * 190 for index in range(len(purposes))]
    trials = [trial(index, purpose, bases[index], [(0, None, 120)]) for index, purpose in enumerate(purposes)]
    table = joined([served(one.index, 0, one.window_start_ns, 120, 100, 11 + one.index) for one in trials])
    telemetry = board(950, [(base + 34, base + 154) for base in bases], capped=(270, 320))
    warned = Finding("cpu-steal", "run.trials[1].cpu_steal_ppm", "12000, limit 10000")
    return Rich(view_of(run_of(trials, table, how, telemetry), how, warned), table, telemetry)


RATES = ("20", "60", "100", "140", "165")


@cache
def sweep() -> Rich:
    """Five loads in each of three trials, without any telemetry."""
    load = {"loop": "open", "process": "poisson", "concurrency": None, "rate_per_s": None, "rates_per_s": list(RATES), "seed": "7", "per": "total",
            "client_location": "in_process"}  # fmt: skip
    how = methodology(load=load, shape="sweep", protocol__energy={"scope": "none", "method": "none", "idle_subtraction": False},
                      metrics__definitions=["latency_p50@1", "latency_p99@1", "throughput@1"])  # fmt: skip
    trials = [trial(index, "measure", index * 400, [(place, rate, 60) for place, rate in enumerate(RATES)]) for index in range(3)]
    table = joined(
        [served(one.index, window.point, window.start_ns, 60, int(window.rate_per_s or 0), 31 + 7 * one.index + window.point)
         for one in trials for window in one.points]
    )  # fmt: skip
    bare = [one.model_copy(update={"energy_mj": absent("unreadable:no-sensor"), "throttle": absent("unreadable:no-sensor")}) for one in trials]
    return Rich(view_of(run_of(bare, table, how, ()), how), table, ())


@cache
def old() -> Rich:
    """A run as they were before a point stated anything beside its metrics: closed loop, no phases, no telemetry."""
    how, what, table = builders.methodology(), executor("onnxruntime"), builders.samples()
    return Rich(view_of(builders.run(table, how, what), how), table, ())


def searched() -> Rich:
    """The run of `point` as the outcome of a search between 60 and 160 requests a second."""

    def step(rate: str, answer: str, over: int, purpose: str = "step") -> SearchStep:
        return SearchStep.model_validate({"rate_per_s": rate, "points": (0,), "purpose": purpose, "answer": answer, "n": 4_000, "over": over,
                                          "effective": 900})  # fmt: skip

    steps = (step("60", "certified", 2), step("160", "refuted", 900), step("110", "undetermined", 38), step("100", "certified", 9, "confirm"))
    found = SearchOutcome(capacity_per_s="181.5", steps=steps, lo_per_s="100", hi_per_s="110", confirmed_per_s="100", cliff=True,
                          bounded=True, above="undetermined")  # fmt: skip
    return point().changed(search=found)
