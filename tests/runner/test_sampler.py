"""The sampler's process: it samples on its own, keeps what it read when it is killed, and never keeps the measured process waiting."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from runner.contract.energy import energy_of
from runner.contract.telemetry import decode, encode
from runner.contract.telemetry_row import HOST, readings
from runner.sensors.sampler import Sampler, Sensed
from runner.sensors.sensed import decode as sensed
from tests.runner.fake_nvml import ROOT, compiled, scenario_environ


@contextmanager
def running(accelerator: str = "none", **given: object) -> Iterator[tuple[Sampler, int]]:
    """A sampler that has answered once, and the origin of its clock."""
    origin_ns = time.perf_counter_ns()
    with Sampler(accelerator, origin_ns, **given) as sampler:  # type: ignore[arg-type]
        sampler.edge()
        yield sampler, origin_ns


def times(found: Sensed, device: int = HOST) -> list[int]:
    return [row.t_ns for row in found.rows if row.device == device]


def codes(found: Sensed) -> list[str]:
    return [fault.code for fault in found.faults if fault.code != "sample-gap"]  # a busy machine adds its own gaps


def test_a_processor_is_sampled_by_its_host_alone() -> None:
    with running() as (sampler, _):
        time.sleep(0.5)
        found = sampler.ended()
    assert {row.device for row in found.rows} == {HOST} and len(found.rows) > 2
    assert "host.cpu_total_ticks" in found.capabilities and found.refusals["device"] == "not_applicable"
    assert found.tick_ns is None and codes(found) == []


def test_an_edge_is_a_read_between_asking_and_being_answered() -> None:
    with running(hz=1) as (sampler, origin_ns):
        asked = time.perf_counter_ns() - origin_ns
        sampler.edge()
        answered = time.perf_counter_ns() - origin_ns
        found = sampler.ended()
    assert any(asked <= t_ns <= answered for t_ns in times(found))


def test_rows_are_in_order_and_can_be_written_as_telemetry() -> None:
    with running(hz=50) as (sampler, _):
        time.sleep(0.3)
        found = sampler.ended()
    assert decode(encode(found.rows)) == found.rows


def test_samples_go_on_between_edges_without_being_asked_for() -> None:
    with running(hz=20) as (sampler, _):
        time.sleep(1)
        sampler.edge()
        found = sampler.ended()
    assert len(times(found)) >= 8


def test_a_sampler_that_is_killed_leaves_what_it_read_and_nothing_hangs() -> None:
    with running(hz=50) as (sampler, _):
        time.sleep(0.3)
        os.kill(sampler.pid, signal.SIGKILL)
        sampler.edge()
        sampler.edge()
        found = sampler.ended()
    assert len(found.rows) > 2 and found.capabilities
    (fault,) = [fault for fault in found.faults if fault.code == "sampler-died"]
    assert fault.said == "exit status -9" and fault.t_ns == found.rows[-1].t_ns


def test_a_killed_sampler_of_a_board_keeps_its_rows_and_the_energy_of_the_window_is_marked(tmp_path: Path) -> None:
    environ = scenario_environ(compiled(tmp_path), tmp_path / "scenario.txt", tick_ms=20, own_pid=os.getpid())
    with running("nvml", environ=environ) as (sampler, origin_ns):
        start = time.perf_counter_ns() - origin_ns
        time.sleep(0.8)
        os.kill(sampler.pid, signal.SIGKILL)
        time.sleep(0.3)
        sampler.edge()
        end = time.perf_counter_ns() - origin_ns
        found = sampler.ended()
    assert codes(found) == ["sampler-died"] and found.tick_ns is not None and len(readings(found.rows, "energy_mj", 0)) > 10
    energy = energy_of(
        found.rows, (start, end), 1, np.arange(start, end, 10**6, dtype=np.int64), scope="gpu_board", method="nvml_counter", tick_ns=found.tick_ns
    )
    assert not energy.valid and "edge-not-bracketed" in energy.codes


def test_a_sampler_that_stands_still_is_given_up() -> None:
    with running(answer_s=0.3) as (sampler, _):
        os.kill(sampler.pid, signal.SIGSTOP)
        sampler.edge()
        found = sampler.ended()
    assert found.rows and [fault.said for fault in found.faults if fault.code == "sampler-died"] == ["no answer within 0.3 s"]


def test_a_pause_of_the_sampler_is_a_gap_with_its_place() -> None:
    with running() as (sampler, _):
        os.kill(sampler.pid, signal.SIGSTOP)
        time.sleep(0.8)
        os.kill(sampler.pid, signal.SIGCONT)
        sampler.edge()
        found = sampler.ended()
    gaps = [fault for fault in found.faults if fault.code == "sample-gap"]
    assert gaps and all(fault.t_ns is not None and any(abs(fault.t_ns - t_ns) < 10**8 for t_ns in times(found)) for fault in gaps)


def test_a_sampler_that_cannot_start_says_why() -> None:
    with running(environ={"PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere"}) as (sampler, _):
        found = sampler.ended()
    (fault,) = found.faults
    assert fault.code == "sampler-died" and fault.said.startswith("exit status 1") and found.rows == ()


def test_a_machine_without_a_driver_is_sampled_without_a_device() -> None:
    with running("nvml", environ={"LD_LIBRARY_PATH": "/nowhere", "CUDA_VISIBLE_DEVICES": ""}) as (sampler, _):
        found = sampler.ended()
    assert found.refusals["device"].startswith("unreadable:") and {row.device for row in found.rows} == {HOST} and codes(found) == []


def test_what_has_ended_gives_the_same_again_and_is_gone() -> None:
    with running() as (sampler, _):
        found = sampler.ended()
        sampler.edge()
        assert sampler.ended() is found
        with pytest.raises(ProcessLookupError):
            os.kill(sampler.pid, 0)


def test_leaving_early_ends_the_process() -> None:
    with pytest.raises(RuntimeError, match="on the way"), running() as (sampler, _):
        raise RuntimeError("on the way")
    with pytest.raises(ProcessLookupError):
        os.kill(sampler.pid, 0)


ORPHAN = """
import sys, time
from runner.sensors.sampler import Sampler
with Sampler("none", time.perf_counter_ns()) as sampler:
    sampler.edge()
    print(sampler.pid, flush=True)
    time.sleep(60)
"""


def test_a_sampler_dies_with_the_process_that_asked_for_it() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(1_000):
        if not _runs(pid):
            return
        time.sleep(0.01)
    pytest.fail("the sampler goes on without its parent")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_measured_process_holds_no_thread_for_it() -> None:
    before = set(os.listdir("/proc/self/task"))
    with running():
        assert set(os.listdir("/proc/self/task")) <= before


def test_the_sampler_loads_neither_tables_nor_documents() -> None:
    heavy = ["numpy", "pyarrow", "pydantic", "torch", "onnxruntime"]
    code = f"import sys, runner.sensors.sampler, runner.sensors.nvml; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_sampler_keeps_to_the_processor_it_is_given() -> None:
    cpu = min(os.sched_getaffinity(0))
    with running(cpu=cpu) as (sampler, _):
        assert os.sched_getaffinity(sampler.pid) == {cpu}


def test_packages_are_sampled_where_the_kernel_shows_them(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/powercap/intel-rapl:0"
    folder.mkdir(parents=True)
    for name, text in (("name", "package-0"), ("energy_uj", "5000000"), ("max_energy_range_uj", "65532610987")):
        (folder / name).write_text(text)
    with running(root=tmp_path) as (sampler, _):
        (folder / "energy_uj").write_text("9000000")
        sampler.edge()
        (folder / "energy_uj").unlink()
        sampler.edge()
        found = sampler.ended()
    assert [mj for _, mj in readings(found.rows, "package_energy_mj", HOST)][-1] == 9_000
    assert found.refusals["package_energy_mj"] == "unreadable:no-such-file" and "rapl.package_energy_mj" in found.capabilities
    assert [fault.said for fault in found.faults if fault.code == "sensor-error"] == ["host: package_energy_mj unreadable:no-such-file"]


@pytest.mark.parametrize(("accelerator", "hz"), [("tpu", 10), ("none", 0), ("none", 101)])
def test_what_a_sampler_cannot_be_is_refused_by_name(accelerator: str, hz: int) -> None:
    with pytest.raises(ValueError, match="nvml or none, 1 to 100"):
        Sampler(accelerator, 0, hz)


def test_a_line_that_was_cut_off_is_left_out_and_the_last_state_holds() -> None:
    lines = [{"capabilities": ["a"]}, {"row": {"t_ns": 7, "device": -1, "cpu_total_ticks": 3}}, {"row": {"t_ns": 5, "device": 0, "energy_mj": 1}},
             {"refusals": {"x": "unreadable:a"}}, {"fault": ["sensor-error", "b", 6]}, {"refusals": {"x": "unreadable:b"}}]  # fmt: skip
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    found = sensed(content + b'{"row": {"t_ns": 9, "dev')
    assert [row.t_ns for row in found.rows] == [5, 7] and found.refusals == {"x": "unreadable:b"} and found.capabilities == ("a",)
    assert [fault.code for fault in found.faults] == ["sensor-error"] and sensed(b"") == Sensed()
