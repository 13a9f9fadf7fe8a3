"""The whole way from a plan to a bundle in the outbox with real backends in real processes; windows are short, everything else is as in a run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.contract.builtin import builtin
from runner.contract.canonical import decode, encode
from runner.contract.check import Checked
from runner.contract.executor import facts
from runner.contract.methodology import Methodology
from runner.node import NodeHome
from runner.outbox import Outbox
from runner.verbs.opening import bundle_named

SECOND = 10**9
SHORT = {"min_duration_ns": SECOND // 5, "min_requests": 20, "warmup_min_ns": SECOND // 20, "warmup_min_requests": 10, "min_trials": 2}


def short(name: str, folder: Path) -> Path:
    """A built-in methodology as a microbenchmark with short windows: the same workload, load and metrics."""
    tree: Any = decode(builtin()[name])
    tree["kind"] = "microbenchmark"
    tree["name"] = f"short-{name}"
    tree["protocol"].update(SHORT)
    path = folder / f"{name}.json"
    path.write_bytes(Methodology.read(encode(tree)).canonical())
    return path


def command(home: Path, *arguments: str) -> dict[str, Any]:
    """Arguments of a process that runs the command with its own home and its own temporary folder."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    surroundings = {**os.environ, "LYNXWEB_NODE_HOME": str(home), "TMPDIR": str(home / "tmp")}
    return {"args": (sys.executable, "-m", "runner.cli", *arguments), "env": surroundings, "text": True}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One interleaved session of ONNX Runtime in fp32 and int8, two trials a side."""
    home = tmp_path_factory.mktemp("home")
    path = short("digits-quick", home)
    sides = ("--with", "onnxruntime:fp32", "--with", "onnxruntime:int8")
    done = subprocess.run(**command(home, "run", str(path), *sides, "--trials", "2", "--json"), capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return home, json.loads(done.stdout)


@pytest.fixture(scope="module")
def opened(measured: tuple[Path, dict[str, Any]]) -> list[Checked]:
    home, told = measured
    return [bundle_named(run["path"], NodeHome(home)).checked for run in told["runs"]]


def test_each_side_leaves_one_sealed_bundle_in_the_outbox(measured: tuple[Path, dict[str, Any]]) -> None:
    home, told = measured
    assert told["failures"] == []
    assert sorted(run["digest"] for run in told["runs"]) == sorted(entry.digest for entry in Outbox(home / "outbox").entries())


def test_every_mandatory_fact_is_answered(opened: list[Checked]) -> None:
    for checked in opened:
        for executor in (checked.evidence.before, checked.evidence.after):
            assert not [path for path, fact, leaf in facts(executor) if fact.need == "M" and not leaf.answered]


def test_the_executor_is_the_same_warm_and_at_the_end_of_every_trial(opened: list[Checked]) -> None:
    for checked in opened:
        run = checked.evidence.run
        assert {print_ for trial in run.trials for print_ in (trial.fingerprint_warm, trial.fingerprint_end)} == {run.fingerprint}


def test_trials_of_the_two_sides_alternate_in_time(opened: list[Checked]) -> None:
    fp32, int8 = (checked.evidence.run for checked in opened)
    gap = fp32.trials[1].window_start_ns - fp32.trials[0].window_end_ns
    assert gap > int8.trials[0].window_end_ns - int8.trials[0].window_start_ns
    assert fp32.started_at < int8.started_at < fp32.ended_at < int8.ended_at


def test_fp32_and_int8_differ_in_precision_and_artifact_alone(opened: list[Checked]) -> None:
    fp32, int8 = (checked.evidence.before.block_digests for checked in opened)
    assert {block for block in fp32 if fp32[block] != int8[block]} == {"precision", "compile.artifact"}


def test_energy_without_a_sensor_is_not_zero(opened: list[Checked]) -> None:
    for checked in opened:
        assert {(trial.energy_mj.value, trial.energy_mj.status) for trial in checked.evidence.run.trials} == {(None, "not_applicable")}


def test_quality_counts_every_held_out_sample(opened: list[Checked]) -> None:
    for checked in opened:
        assert checked.evidence.quality is not None
        agreement = checked.evidence.quality.cell("agreement")
        assert agreement is not None
        assert agreement.n == checked.evidence.methodology.workload.n_samples


def test_fp32_agrees_with_its_own_reference_everywhere(opened: list[Checked]) -> None:
    assert opened[0].evidence.quality is not None
    agreement = opened[0].evidence.quality.cell("agreement")
    assert agreement is not None
    assert agreement.count == agreement.n


def test_answers_kept_under_load_are_those_of_the_evaluation(opened: list[Checked]) -> None:
    for checked in opened:
        assert checked.evidence.samples.answer is not None
        assert "accuracy-in-performance" not in {finding.code for finding in checked.findings}


def test_load_first_inference_warm_up_and_floor_are_timed(opened: list[Checked]) -> None:
    for trial in (trial for checked in opened for trial in checked.evidence.run.trials):
        assert trial.load_time_ns > trial.first_inference_ns > 0
        assert trial.warmup_ns >= SHORT["warmup_min_ns"]
        assert trial.warmup_requests >= SHORT["warmup_min_requests"]
        assert 0 < trial.floor_p50_ns <= trial.floor_p99_ns


def test_a_window_is_as_long_as_the_methodology_asks(opened: list[Checked]) -> None:
    for trial in (trial for checked in opened for trial in checked.evidence.run.trials):
        assert trial.window_end_ns - trial.window_start_ns >= SHORT["min_duration_ns"]


def test_telemetry_has_the_host_at_both_edges_of_every_window(opened: list[Checked]) -> None:
    for checked in opened:
        assert "telemetry.parquet" in checked.bundle.members
        assert "host.cpu_total_ticks" in checked.evidence.run.telemetry_capabilities


def test_neither_the_session_nor_a_runtime_leaves_a_file_behind(measured: tuple[Path, dict[str, Any]]) -> None:
    assert list((measured[0] / "tmp").iterdir()) == []


def test_a_poisson_run_follows_its_schedule(tmp_path: Path) -> None:
    path = short("digits-quick-poisson", tmp_path)
    done = subprocess.run(**command(tmp_path, "run", str(path), "--trials", "2", "--json"), capture_output=True, check=False)
    (run,) = json.loads(done.stdout)["runs"]
    checked = bundle_named(run["path"], NodeHome(tmp_path)).checked
    assert {trial.schedule_sha256 is not None for trial in checked.evidence.run.trials} == {True}
    assert len(checked.evidence.samples) == 200


def test_a_model_that_the_methodology_does_not_name_is_refused_before_measuring(tmp_path: Path) -> None:
    tree: Any = decode(builtin()["digits-quick"])
    tree["workload"]["model_sha256"] = "0" * 64
    (tmp_path / "other.json").write_bytes(encode(tree))
    done = subprocess.run(**command(tmp_path, "run", str(tmp_path / "other.json"), "--json"), capture_output=True, check=False)
    assert done.returncode == 2
    assert [error["path"] for error in json.loads(done.stdout)["errors"]] == ["methodology.workload.model_sha256"]
    assert Outbox(tmp_path / "outbox").entries() == []


def test_a_runtime_that_cannot_have_the_device_fails_with_its_reason_and_leaves_no_bundle(tmp_path: Path) -> None:
    path = short("digits-quick", tmp_path)
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has a device for it")
    done = subprocess.run(**command(tmp_path, "run", str(path), "--device", "cuda", "--json"), capture_output=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["runs"], Outbox(tmp_path / "outbox").entries()) == (1, [], [])
    assert "CUDAExecutionProvider" in told["failures"][0]["said"]


def test_a_bundle_altered_on_the_disk_is_found(measured: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    content = bytearray(Path(measured[1]["runs"][0]["path"]).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "x.bundle").write_bytes(bytes(content))
    done = subprocess.run(**command(tmp_path, "check", str(tmp_path / "x.bundle"), "--json"), capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["accepted"]) == (3, False)


def test_ctrl_c_ends_with_130_and_leaves_neither_bundle_nor_process_nor_file(tmp_path: Path) -> None:
    child = subprocess.Popen(**command(tmp_path, "run", str(short("digits-quick", tmp_path)), "--trials", "5"), stderr=subprocess.PIPE)
    assert child.stderr is not None
    assert "trial 1" in child.stderr.readline()
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert Outbox(tmp_path / "outbox").entries() == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list(trials_of(tmp_path)) == []


@pytest.mark.slow
def test_a_runner_killed_at_any_point_loses_no_sealed_bundle_and_leaves_no_half_one(tmp_path: Path) -> None:
    chance, path = random.Random(5), short("digits-quick", tmp_path)
    outbox = Outbox(tmp_path / "outbox")
    sealed: dict[str, bytes] = {}
    for after in (chance.uniform(0.2, 5.0) for _ in range(5)):
        child = subprocess.Popen(**command(tmp_path, "run", str(path), "--trials", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after)
        child.kill()
        child.wait()
        found = {entry.digest: entry.path.read_bytes() for entry in outbox.entries()}
        assert sealed.items() <= found.items()
        for digest in found:
            assert bundle_named(digest, NodeHome(tmp_path)).checked.bundle.digest == digest
        sealed = found
    deadline = time.monotonic() + 5
    while list(trials_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(trials_of(tmp_path)) == []


def trials_of(home: Path) -> Iterator[int]:
    """Processes of trials that measure for the node at `home`."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "runner.trial" in words and any(word.startswith(str(home)) for word in words):
            yield int(folder.name)
