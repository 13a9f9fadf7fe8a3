"""A session: trials interleaved across plans, one process at a time, one sealed bundle a plan, and nothing half-made."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runner.contract.executor import Executor
from runner.contract.fields import AnyField, Whole
from runner.contract.keys import SigningKey
from runner.contract.problems import Problems
from runner.contract.run import RunnerBuild
from runner.contract.samples import Samples, lag_queue_service
from runner.node import NodeIdentity
from runner.session.measure import Session, World, measure
from runner.session.plan import Plan, distinct, parse
from runner.session.rows import together
from runner.session.scrub import scrubbed
from runner.session.spawn import TrialFailed
from runner.session.task import Outcome, Task, TrialResult
from runner.session.trial_files import written
from tests.builders import executor, items, methodology, run, samples, seen

BUILD = RunnerBuild(version="0.1.0", commit="abcdef0", dirty=False, measurement_semantics=1)
NODE = NodeIdentity(SigningKey(b"\x07" * 32), b"\x01" * 32, "local", {})
PLANS = (Plan("onnxruntime", "fp32"), Plan("torch-eager", "fp32"))
HOW = methodology()


class Machine:
    """Stands where a process would be started: leaves the files of a trial, and fails or stops when told to."""

    def __init__(
        self, fail: tuple[str, int] | None = None, stop: tuple[str, int] | None = None, error: str = "", secret: str = ""
    ) -> None:  # fmt: skip
        self.asked: list[tuple[str, int, bool]] = []
        self.folders: list[Path] = []
        self._fail, self._stop, self._error, self._secret = fail, stop, error, secret

    def spawn(self, task: Task, folder: Path, patience_s: float) -> None:
        self.asked.append((task.backend, task.trial, task.evaluate_quality))
        self.folders.append(folder)
        if (task.backend, task.trial) == self._stop:
            raise KeyboardInterrupt
        if (task.backend, task.trial) == self._fail:
            raise TrialFailed("exit status 1: out of memory")
        written(trial(task, self._error, host__product=seen("/home/somebody")) if task.backend == self._secret else trial(task, self._error), folder)

    def world(self) -> World:
        minutes = itertools.count()  # a wall clock that goes on by a minute whenever somebody looks at it
        return World(
            BUILD, lambda: f"2026-01-05T10:{next(minutes):02}:00.000000Z", lambda: Whole(value=0, status="observed", source="test"), spawn=self.spawn
        )


def what(backend: str, **changes: AnyField) -> Executor:
    return executor(sw__runtime__name=seen(backend), host__machine=seen("m"), host__boot=seen("5" * 64), **changes)


def trial(task: Task, error: str = "", **changes: AnyField) -> TrialResult:
    """The result of one trial in which nothing is amiss, unless a request ended with `error`."""
    here = what(task.backend, **changes)
    table: Samples = samples(trials=task.trial + 1).only(task.trial)
    stated = run(samples(trials=task.trial + 1), HOW, here).trials[task.trial]
    outcome = Outcome(trial=stated, clock_cost_ns=50, telemetry_capabilities=(), errors=(error,) if error else ())
    return TrialResult(outcome, here, here, table, (), items() if task.evaluate_quality else None)


def session(machine: Machine, trials: int = 3, **options: object) -> Session:
    return measure(PLANS, HOW, trials, NODE, machine.world(), **options)  # type: ignore[arg-type]


def test_trials_are_interleaved_across_plans() -> None:
    machine = Machine()
    session(machine)
    assert [asked[:2] for asked in machine.asked] == [(plan.backend, index) for index in range(3) for plan in PLANS]


def test_quality_is_evaluated_once_a_plan_in_its_last_trial() -> None:
    machine = Machine()
    session(machine)
    assert [asked[1] for asked in machine.asked if asked[2]] == [2, 2]


def test_each_plan_comes_to_a_valid_bundle_of_its_own() -> None:
    found = session(Machine())
    assert [measured.plan for measured in found.measured] == list(PLANS)
    assert len({measured.checked.bundle.digest for measured in found.measured}) == 2
    assert {measured.checked.validity for measured in found.measured} == {"valid_with_warnings"}
    assert {finding.code for measured in found.measured for finding in measured.checked.findings} == {"undeclared"}


def test_a_bundle_is_signed_by_the_nodes_key() -> None:
    (measured, _) = session(Machine()).measured
    assert measured.checked.bundle.envelope.signed_by(NODE.key.public)


def test_a_declared_run_carries_its_nonce() -> None:
    (measured, _) = session(Machine(), nonces=dict.fromkeys(PLANS, "f" * 64)).measured
    assert measured.checked.evidence.run.nonce == "f" * 64
    assert measured.checked.findings == ()


def test_a_failed_trial_ends_its_plan_and_no_other() -> None:
    machine = Machine(fail=("onnxruntime", 1))
    found = session(machine)
    assert [asked[:2] for asked in machine.asked if asked[0] == "onnxruntime"] == [("onnxruntime", 0), ("onnxruntime", 1)]
    assert [(failure.plan.backend, failure.trial) for failure in found.failures] == [("onnxruntime", 1)]
    assert "torch-eager" in [measured.plan.backend for measured in found.measured]


def test_what_is_left_of_a_failed_run_says_so_and_is_invalid() -> None:
    found = session(Machine(fail=("onnxruntime", 2)))
    left = next(measured for measured in found.measured if measured.plan.backend == "onnxruntime")
    assert left.checked.evidence.run.exit_reason == "failed"
    assert left.checked.validity == "invalid"
    assert "run-unfinished" in {finding.code for finding in left.checked.findings}


def test_a_plan_whose_first_trial_fails_leaves_no_bundle() -> None:
    found = session(Machine(fail=("onnxruntime", 0)))
    assert [measured.plan.backend for measured in found.measured] == ["torch-eager"]


def test_an_interrupt_leaves_no_file_behind() -> None:
    machine = Machine(stop=("torch-eager", 1))
    with pytest.raises(KeyboardInterrupt):
        session(machine)
    assert machine.folders
    assert not [folder for folder in machine.folders if folder.exists() or folder.parent.exists()]


def test_no_trial_finds_the_files_of_another() -> None:
    machine = Machine()
    session(machine)
    assert len(set(machine.folders)) == 6


def test_progress_is_told_between_trials_and_at_no_other_time() -> None:
    machine, told = Machine(), []
    world = machine.world()
    hear = lambda phase, done, of: told.append((len(machine.asked), done, of))  # noqa: E731
    speaking = World(world.build, world.utc_now, world.clock_offset_ns, spawn=world.spawn, told=hear)
    measure(PLANS, HOW, 3, NODE, speaking)
    assert told == [(done, done, 6) for done in range(7)]


def test_the_rows_of_a_run_are_those_of_its_trials() -> None:
    (measured, _) = session(Machine()).measured
    assert np.unique(measured.checked.evidence.samples.trial).tolist() == [0, 1, 2]


@pytest.mark.parametrize("text", ["onnxruntime", "a:b:c:d", ":fp32", "onnxruntime:fp32:tpu", ""])
def test_a_side_that_is_no_plan_is_a_usage_error(text: str) -> None:
    with pytest.raises(Problems) as caught:
        parse(text)
    assert caught.value.codes == ("usage",)


def test_a_side_named_twice_is_a_usage_error() -> None:
    with pytest.raises(Problems):
        distinct([parse("onnxruntime:fp32"), parse("onnxruntime:fp32:cpu")])


@pytest.mark.parametrize("trials", [0, 2, 101])
def test_an_impossible_number_of_trials_is_a_usage_error_before_any_process_starts(trials: int) -> None:
    machine = Machine()
    with pytest.raises(Problems):
        session(machine, trials=trials)
    assert machine.asked == []


def test_what_this_runner_cannot_carry_out_is_refused_before_any_process_starts() -> None:
    machine = Machine()
    with pytest.raises(Problems, match=r"methodology\.protocol\.client_processes"):
        measure(PLANS, methodology(protocol__client_processes=4), 3, NODE, machine.world())
    assert machine.asked == []


def test_a_side_that_cannot_be_sealed_fails_alone() -> None:
    found = session(Machine(secret="onnxruntime"))
    assert [measured.plan.backend for measured in found.measured] == ["torch-eager"]
    assert [(failure.plan.backend, failure.trial) for failure in found.failures] == [("onnxruntime", None)]
    assert "looks like a home-path" in found.failures[0].said


def test_an_error_that_names_a_home_costs_no_side_its_bundle_and_the_home_stays_out() -> None:
    found = session(Machine(error="FileNotFoundError: /home/somebody/model.onnx"))
    assert (len(found.measured), found.failures) == (2, ())
    said = found.measured[0].checked.evidence.run.limitations
    assert said[0] == "trial 1: (a text with a home-path was left out)"


def test_an_error_without_a_secret_is_told_as_it_is() -> None:
    found = session(Machine(error="RuntimeError: no kernel for this shape"))
    assert found.measured[0].checked.evidence.run.limitations[2] == "trial 3: RuntimeError: no kernel for this shape"


def test_a_text_is_cut_where_a_limitation_would_not_hold_it() -> None:
    assert scrubbed("x" * 5_000) == "x" * 1_899 + "…"
    assert scrubbed("Authorization: Bearer abc and me@example.org") == "(a text with a bearer and a e-mail was left out)"


def test_a_wait_that_one_part_states_is_kept_and_those_of_the_others_still_follow_from_their_rows() -> None:
    plain = samples(trials=2, requests=50)
    first, last = plain.only(0), plain.only(1)
    waited = replace(last, queue_ns=last.t_sent_ns - last.t_scheduled_ns)
    found = together([first, waited])
    assert found.queue_ns is not None
    assert found.queue_ns[50:].tolist() == (last.t_sent_ns - last.t_scheduled_ns).tolist()
    assert [part.tolist() for part in lag_queue_service(found.only(0))] == [part.tolist() for part in lag_queue_service(first)]


def test_what_a_trial_leaves_that_is_no_result_fails_its_side_alone() -> None:
    class Garbling(Machine):
        def spawn(self, task: Task, folder: Path, patience_s: float) -> None:
            super().spawn(task, folder, patience_s)
            if task.backend == "onnxruntime" and task.trial == 1:
                (folder / "samples.parquet").write_bytes(b"PAR1")

    found = session(Garbling())
    assert [(failure.plan.backend, failure.trial) for failure in found.failures] == [("onnxruntime", 1)]
    assert [len(measured.checked.evidence.run.trials) for measured in found.measured] == [1, 3]
