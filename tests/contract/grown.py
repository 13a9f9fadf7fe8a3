"""Runs of semantics 2 of which everything is true: a stream with audits, a board with energy, a sweep, a search; tests change one thing in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Any

import numpy as np

from runner.contract.arrivals_table import encode as encode_arrivals
from runner.contract.audit_answers import answers_of, drawn_requests
from runner.contract.check import number_problems
from runner.contract.evidence import Evidence
from runner.contract.executor import Executor
from runner.contract.gates import judge
from runner.contract.loads import Load
from runner.contract.methodology import MOST_CHUNKS, Methodology
from runner.contract.run import Run, SearchStep, Trial, Window
from runner.contract.samples import NOT_KEPT, Samples, joined
from runner.contract.samples import encode as encode_samples
from runner.contract.schedules import class_sequence, digest, due_times, sample_order
from runner.contract.search_check import level_of, outcome_of
from runner.contract.telemetry import HOST, TelemetryRow
from runner.contract.telemetry import encode as encode_telemetry
from runner.contract.window_check import alternate_seed, rate_to_measure
from runner.load.driver import Columns
from runner.load.search import Capacity, capacity, search
from tests import builders
from tests.builders import SECOND, seen
from tests.contract.telemetry_rows import host, ordered

MS = 10**6
LAG = 200
APART, LEAD = 20 * SECOND, 2 * SECOND  # from the start of one trial to the next, and from there to its first window
AUDITS = ["repeat-one-sample", "alternate-seed", "quality-in-performance"]
NAMES = ["latency_p50@1", "latency_p90@1", "latency_p99@1", "latency_from_issue_p50@1", "throughput@1", "inference_rate@1"]
BUDGET = {"metric": "latency_p90@1", "permille": 900, "limit_ns": 40 * MS}
OPEN = {"load__loop": "open", "load__process": "poisson", "load__concurrency": None}
RULES = {"capacity_ns": 2 * SECOND, "growth_permille": 50, "chunk_ns": 2 * SECOND, "drop_ns": 100 * MS, "least_step_ns": 4 * SECOND,
         "longest_step_ns": 8 * SECOND, "step_confidence_permille": 950, "confirm_confidence_permille": 990, "margin_permille": 50,
         "resolution_permille": 250, "patient_steps": 6, "most_steps": 6}  # fmt: skip
Times = tuple[np.ndarray, np.ndarray, np.ndarray]


def made_once(make: Callable[..., Told]) -> Callable[..., Told]:
    """`make`, which makes what was asked for in the same words only once."""
    known: dict[str, Told] = {}

    @wraps(make)
    def remembered(**asked: Any) -> Told:
        words = repr(sorted(asked.items()))
        if words not in known:
            known[words] = make(**asked)
        return known[words]

    return remembered


@dataclass(frozen=True, eq=False)
class Told:
    """What a run consists of; `run` and `evidence` state what follows from it."""

    how: Methodology
    what: Executor
    samples: Samples
    trials: tuple[Trial, ...]
    telemetry: tuple[TelemetryRow, ...] = ()
    changes: Mapping[str, Any] | None = None
    trace: np.ndarray | None = None

    @cached_property
    def run(self) -> Run:
        """The run document with the numbers that the rows give."""
        return builders.run_of(self.samples, self.how, self.what, self.trials, self.telemetry, **(self.changes or {}))

    @cached_property
    def evidence(self) -> Evidence:
        """The opened contents of the bundle."""
        quality = builders.quality(self.how, self.what)
        return Evidence(self.run, self.how, self.what, self.what, self.samples, quality, self.telemetry, builders.items(), self.trace)

    def changed(self, **fields: Any) -> Told:
        """The same with other parts."""
        return replace(self, **fields)

    def trial(self, index: int, **fields: Any) -> Told:
        """The same with other fields of one trial."""
        trials = tuple(one.model_copy(update=fields) if one.index == index else one for one in self.trials)
        return replace(self, trials=trials)


def members(found: Evidence) -> dict[str, bytes]:
    """The members of the bundle that holds this evidence."""
    parts = builders.members(builders.samples(trials=1, requests=64), found.methodology, found.before)
    parts |= {"run.json": found.run.canonical(), "samples.parquet": encode_samples(found.samples)}
    if found.telemetry:
        parts["telemetry.parquet"] = encode_telemetry(found.telemetry)
    return parts if found.trace is None else parts | {"arrivals.parquet": encode_arrivals(found.trace)}


def refusals(found: Evidence) -> set[str]:
    """The codes for which the numbers of a run are refused."""
    return {problem.code for problem in number_problems(found)}


def places(found: Evidence) -> set[str]:
    """The places for which the numbers of a run are refused."""
    return {problem.path for problem in number_problems(found)}


def findings(found: Evidence) -> set[str]:
    """The codes that the gates find."""
    return {finding.code for finding in judge(found)}


def altered(found: Evidence, index: int = 0, **fields: Any) -> Evidence:
    """The same evidence with other fields in one trial, whatever the rows say."""
    trials = tuple(one.model_copy(update=fields) if one.index == index else one for one in found.run.trials)
    return replace(found, run=found.run.model_copy(update={"trials": trials}))


def asking(found: Evidence, block: str, **fields: Any) -> Evidence:
    """The same evidence under a methodology with other values in one of its blocks."""
    changed = getattr(found.methodology, block).model_copy(update=fields)
    return replace(found, methodology=found.methodology.model_copy(update={block: changed}))


def stating(found: Evidence, **fields: Any) -> Evidence:
    """The same evidence with other fields of the run document."""
    return replace(found, run=found.run.model_copy(update=fields))


def pointing(found: Evidence, **fields: Any) -> Evidence:
    """The same evidence with other fields of its first operating point."""
    first, *rest = found.run.operating_points
    return stating(found, operating_points=(first.model_copy(update=fields), *rest))


def replace_telemetry(told: Told, boards: Sequence[TelemetryRow]) -> Told:
    """The same run with other readings of its boards, and those of its host as they were."""
    hosts = [row for row in told.telemetry if row.device == HOST]
    return told.changed(telemetry=tuple(ordered(boards, hosts)))


def rowed(found: Evidence, **columns: np.ndarray) -> Evidence:
    """The same evidence with other columns in its rows."""
    return replace(found, samples=replace(found.samples, **columns))


def methodology(**changes: Any) -> Methodology:
    """A quick methodology of semantics 2 with a latency budget."""
    return builders.methodology(**({"protocol__measurement_semantics": 2, "metrics__definitions": NAMES, "slo": BUDGET} | changes))


def executor(**changes: Any) -> Executor:
    """A processor that serves one request at a time."""
    serving = {"serving__batch_policy": seen("single"), "serving__max_batch": seen(1), "serving__replicas": seen(1), "serving__streams": seen(1)}
    return builders.executor(**({"hw__vendor": seen("cpu_only")} | serving | changes))


def rows(trial: int, point: int, times: Times, **columns: np.ndarray) -> Samples:
    """Rows of one window."""
    n = len(times[0])
    scheduled, sent, last = (np.asarray(column, np.int64) for column in times)
    plain = {"batch_size": np.ones(n, np.int32), "status": np.zeros(n, np.int8)}
    return Samples(
        trial=np.full(n, trial, np.int64), point=np.full(n, point, np.int64), request=np.arange(n, dtype=np.int64), t_scheduled_ns=scheduled,
        t_sent_ns=sent, t_last_ns=last, **(plain | columns),
    )  # fmt: skip


def streamed(start_ns: int, length_ns: int, service_ns: int, seed: int) -> Times:
    """A single stream of a closed loop that begins with the window; services spread by a tenth, the same on every machine."""
    source, free, found = np.random.PCG64(seed), start_ns, []
    while free < start_ns + length_ns:
        last = free + LAG + service_ns * 9 // 10 + int(source.random_raw()) % (service_ns // 5)
        found.append((free, free + LAG, last))
        free = last
    scheduled, sent, last_ns = np.array(found, np.int64).T
    return scheduled, sent, last_ns


def served(due: np.ndarray, service_ns: int) -> Times:
    """One server in open loop, first come first served."""
    free, sent, last = 0, np.empty_like(due), np.empty_like(due)
    for place, at in enumerate(due.tolist()):
        sent[place] = max(at, free) + LAG
        free = last[place] = sent[place] + service_ns
    return due, sent, last


def trial(index: int, what: Executor, start_ns: int, end_ns: int, **fields: Any) -> Trial:
    """A trial with one window and the phases before it."""
    phases = tuple({"name": name, "start_ns": start_ns - LEAD + at * MS, "end_ns": start_ns - LEAD + (at + 100) * MS, "requests": at}
                   for name, at in (("load", 0), ("first_inference", 100), ("floor", 200), ("warm_up", 300)))  # fmt: skip
    plain = {
        "index": index, "fingerprint_warm": what.fingerprint, "fingerprint_end": what.fingerprint, "window_start_ns": start_ns,
        "window_end_ns": end_ns, "load_time_ns": 1, "first_inference_ns": 1, "warmup_requests": 1, "warmup_ns": 1, "floor_p50_ns": 200,
        "floor_p99_ns": 400, "settled": True, "clock_slew_ppm": 3, "wall_step_ns": -7, "phases": phases,
    }  # fmt: skip
    return Trial.model_validate(plain | fields)


def beginning(index: int) -> int:
    """When the first window of a trial of a short run begins."""
    return index * APART + LEAD


def alternate(how: Methodology, what: Executor, nonce: str | None = None) -> str:
    """The seed of an alternate-seed trial."""
    return alternate_seed(nonce, how.sha256, what.fingerprint)


def answered(how: Methodology, table: Samples, seed: str | None = None, *, repeat: bool = False, told: bool = False) -> Samples:
    """The rows of one window with the true answers of the requests that were drawn, and with their samples where `told`."""
    population, n, (point, index) = how.workload.n_samples, len(table), (int(table.point[0]), int(table.trial[0]))
    order = sample_order(population, population * 16, seed or how.load.seed, point, index)
    places_ = np.full(n, order[0]) if repeat else np.resize(order, n)
    answer, drawn = np.full(n, NOT_KEPT, np.int32), drawn_requests(seed or how.load.seed, n, point, index)
    answer[drawn] = answers_of(builders.items().logits)[places_[drawn]]
    answer[table.status != 0] = NOT_KEPT
    return replace(table, answer=answer, **({"sample": places_.astype(np.int32)} if told else {}))


def quiet(trials: Sequence[Trial]) -> tuple[TelemetryRow, ...]:
    """Ten readings a second of a host that does nothing else, from a second before each trial's windows to a second after."""
    spans = [((one.window_start_ns - SECOND) // SECOND, -(-one.window_end_ns // SECOND) + 1) for one in trials]
    counters = {"cpu_total_ticks": 200, "cpu_steal_ticks": 1, "psi_cpu_some_ns": 1_000_000, "package_energy_mj": 20_000}
    return tuple(ordered(*(host(start, end, **counters) for start, end in spans)))


@made_once
def stream(service_ns: int = 30 * MS, **changes: Any) -> Told:
    """A single stream in three trials, then both audit trials; answers are kept and the host is read."""
    how, what = methodology(protocol__audits=AUDITS, **changes), executor()
    parts, trials = [], []
    for index, purpose in enumerate(("measure", "measure", "measure", "repeat-one-sample", "alternate-seed")):
        seed = alternate(how, what) if purpose == "alternate-seed" else None
        start, length = beginning(index), how.protocol.min_duration_ns
        table = rows(index, 0, streamed(start, length, service_ns, 5 + index))
        parts.append(answered(how, table, seed, repeat=purpose == "repeat-one-sample"))
        trials.append(trial(index, what, start, start + length, purpose=purpose, seed=seed))
    return Told(how, what, joined(parts), tuple(trials), quiet(trials))


BOARD_S = {"idle_before": (5, 25), "window": (40, 160), "idle_after": (161, 181), "end": (0, 200)}
STILL = ("violation_power_ns", "violation_board_limit_ns", "violation_thermal_ns", "slowdown_sw_thermal_ns", "slowdown_hw_thermal_ns",
         "slowdown_hw_power_brake_ns")  # fmt: skip
ENERGIES = [f"energy_per_inference_{kind}@nvml_counter.gpu_board" for kind in ("gross", "net")]


def board_rows(trials: int, device: int = 0, **grown: Callable[[int], int]) -> list[TelemetryRow]:
    """Five readings a second of a board that draws 60 W at rest and 300 W in a window; `grown` gives other values of a column by time in ms."""
    found, energy = [], 0
    for t_ms in range(0, trials * BOARD_S["end"][1] * 1000 + 1, 200):
        at = t_ms / 1000 % BOARD_S["end"][1]
        busy = BOARD_S["window"][0] <= at < BOARD_S["window"][1]
        values = dict.fromkeys(STILL, 0) | {
            "power_instant_mw": 300_000 if busy else 60_000, "energy_mj": energy, "temperature_mc": 54_000, "sm_clock_khz": 1_755_000,
            "foreign_processes": 0, "ecc_uncorrected": 0,
        }  # fmt: skip
        found.append(TelemetryRow(t_ms * MS, device, **(values | {name: value(t_ms) for name, value in grown.items()})))
        energy += 60_000 if busy else 12_000
    return found


def board_trial(index: int, what: Executor) -> Trial:
    """A trial on a board: rest, a window of two minutes, rest."""
    base = index * BOARD_S["end"][1] * SECOND
    spans = {name: (base + start * SECOND, base + end * SECOND) for name, (start, end) in BOARD_S.items()}
    phases = tuple({"name": name, "start_ns": spans[name][0], "end_ns": spans[name][1]} for name in ("idle_before", "window", "idle_after"))
    return trial(index, what, *spans["window"], tick_ns=200 * MS, phases=phases)


@made_once
def board(**changes: Any) -> Told:
    """Three trials of two minutes on one board, with device times, energy, power and counters of throttling."""
    given: dict[str, Any] = {
        "kind": "microbenchmark", "protocol__min_duration_ns": 120 * SECOND, "metrics__definitions": [*NAMES[:2], "throughput@1", *ENERGIES],
        "protocol__energy": {"scope": "gpu_board", "method": "nvml_counter", "idle_subtraction": True}, "slo": {**BUDGET, "limit_ns": 200 * MS},
        "protocol__idle_ns": 20 * SECOND,
    }  # fmt: skip
    how, what = methodology(**(given | changes)), executor(hw__vendor=seen("nvidia"), hw__count=seen(1))
    trials, parts = [board_trial(index, what) for index in range(3)], []
    for one in trials:
        times = streamed(one.window_start_ns, 120 * SECOND, 150 * MS, 5 + one.index)
        parts.append(rows(one.index, 0, times, device_ns=130 * MS + np.arange(len(times[0])) % 7 * 1_000))
    host_rows = host(0, 600, every_ms=200, cpu_total_ticks=200, cpu_steal_ticks=0, psi_cpu_some_ns=0)
    return Told(how, what, joined(parts), tuple(trials), tuple(ordered(board_rows(3), host_rows)))


def window_of(load: Load, point: int, index: int, start_ns: int, length_ns: int, seed: str | None = None) -> tuple[Window, np.ndarray]:
    """An open-loop window of a point and the moments at which its requests are due."""
    due = due_times(load, length_ns, point, index, seed=seed)
    found = Window(point=point, start_ns=start_ns, end_ns=start_ns + length_ns, rate_per_s=load.rate_per_s, schedule_sha256=digest(due))
    return found, start_ns + due


@made_once
def sweep(**changes: Any) -> Told:
    """Two rates in each of three trials."""
    how, what = methodology(**({**OPEN, "shape": "sweep", "load__rate_per_s": None, "load__rates_per_s": ["20", "40"]} | changes)), executor()
    parts, trials = [], []
    for index in range(3):
        windows, at = [], beginning(index)
        for point, load in enumerate(how.load.points):
            window, due = window_of(load, point, index, at, 5 * SECOND)
            parts.append(rows(index, point, served(due, 5 * MS)))
            windows.append(window)
            at = window.end_ns + SECOND
        start, end = windows[0].start_ns, windows[-1].end_ns
        trials.append(trial(index, what, start, end, windows=tuple(one.model_dump() for one in windows)))
    return Told(how, what, joined(parts), tuple(trials), quiet(trials))


@dataclass
class Searching:
    """The windows of a search on a server with fixed service, one after the other."""

    how: Methodology
    service_ns: int
    at: int
    windows: list[Window]
    parts: list[Samples]
    points: dict[int, list[int]]

    def closed(self, concurrency: int, length_ns: int) -> Columns:
        """The window from which a search starts."""
        window = Window(point=0, start_ns=self.at, end_ns=self.at + length_ns, concurrency=concurrency)
        return self._kept(window, streamed(self.at, length_ns, self.service_ns, 1))

    def open(self, rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        """One chunk of a step."""
        point = 1 + step * MOST_CHUNKS + chunk
        self.points.setdefault(step, []).append(point)
        window, due = window_of(self.how.load.at_rate(rate_per_s), point, 0, self.at, length_ns)
        return self._kept(window, served(due, self.service_ns))

    def _kept(self, window: Window, times: Times) -> Columns:
        self.windows.append(window)
        self.parts.append(rows(0, window.point, times))
        self.at = max(window.end_ns, int(times[2][-1])) + SECOND
        return Columns(*times, self.parts[-1].status, window.start_ns, window.end_ns)


@made_once
def searched(service_ns: int = 5 * MS, **changes: Any) -> Told:
    """A search for the highest rate at which nine in ten requests take 20 ms, and three trials at the confirmed rate."""
    budget = {**BUDGET, "limit_ns": 20 * MS, "least_effective": 50}
    given = {**OPEN, "shape": "sweep", "load__rate_per_s": None, "load__search": RULES, "slo": budget}
    how, what = methodology(**(given | changes)), executor()
    assert how.load.search is not None
    under_way = Searching(how, service_ns, LEAD, [], [], {})
    found: Capacity = capacity(under_way.closed, how.load.search)
    taken = search(under_way.open, found, level_of(how.slo), how.load.search, how.protocol.min_duration_ns)
    steps = [SearchStep(**step.model_dump(), points=tuple(under_way.points[place])) for place, step in enumerate(taken.steps)]
    outcome = outcome_of(found.per_s, True, steps)
    windows = tuple(one.model_dump() for one in under_way.windows)
    first = trial(0, what, LEAD, max(one.end_ns for one in under_way.windows), purpose="search", windows=windows)
    trials, parts = [first], under_way.parts
    for index in (1, 2, 3):
        window, due = window_of(how.load.at_rate(rate_to_measure(outcome)), 0, index, under_way.at + index * APART, 5 * SECOND)
        trials.append(trial(index, what, window.start_ns, window.end_ns, windows=(window.model_dump(),)))
        parts.append(rows(index, 0, served(due, service_ns)))
    return Told(how, what, joined(parts), tuple(trials), quiet(trials), {"search": outcome.model_dump(mode="json")})


@made_once
def mix(**changes: Any) -> Told:
    """Requests of two classes, of one and of four samples, at an even rate."""
    classes = [{"name": "small", "weight": 3, "batch": 1}, {"name": "large", "weight": 1, "batch": 4}]
    how = methodology(**({**OPEN, "load__process": "constant", "load__rate_per_s": "40", "load__classes": classes} | changes))
    what = executor(serving__batch_policy=seen("as_requested"), serving__max_batch=seen(4))
    parts, trials = [], []
    for index in range(3):
        window, due = window_of(how.load, 0, index, beginning(index), 5 * SECOND)
        klass = class_sequence(how.load, len(due), 0, index)
        parts.append(rows(index, 0, served(due, 5 * MS), klass=klass, batch_size=np.array([1, 4], np.int32)[klass]))
        trials.append(trial(index, what, window.start_ns, window.end_ns, schedule_sha256=window.schedule_sha256))
    return Told(how, what, joined(parts), tuple(trials), quiet(trials))


@made_once
def poisson(**changes: Any) -> Told:
    """Three trials of open loop at 40 requests a second, with answers, and both audit trials."""
    how, what = methodology(**({**OPEN, "load__rate_per_s": "40", "protocol__audits": AUDITS} | changes)), executor()
    parts, trials = [], []
    for index, purpose in enumerate(("measure", "measure", "measure", "repeat-one-sample", "alternate-seed")):
        seed = alternate(how, what) if purpose == "alternate-seed" else None
        window, due = window_of(how.load, 0, index, beginning(index), 5 * SECOND, seed)
        parts.append(answered(how, rows(index, 0, served(due, 5 * MS)), seed, repeat=purpose == "repeat-one-sample"))
        trials.append(trial(index, what, window.start_ns, window.end_ns, purpose=purpose, seed=seed, schedule_sha256=window.schedule_sha256))
    return Told(how, what, joined(parts), tuple(trials), quiet(trials))
