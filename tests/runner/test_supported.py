"""What this runner cannot carry out is refused before anything is measured, with every part that stands against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.backends import BACKENDS, PRECISIONS, open_backend
from runner.build import runner_build
from runner.contract.builtin import builtin
from runner.contract.canonical import decode, encode
from runner.contract.methodology import Methodology
from runner.contract.run import RunnerBuild
from runner.contract.schedules import digest
from runner.session.plan import Plan, parse
from runner.session.supported import unmeasurable, unsupported
from tests.builders import methodology
from tests.runner.test_cli import lynxweb

BUILD = RunnerBuild(version="0.1.0", commit="abcdef0", dirty=False, measurement_semantics=1)
RAPL = {"scope": "cpu_package", "method": "rapl", "idle_subtraction": False}
BOARD = {"scope": "gpu_board", "method": "nvml_counter", "idle_subtraction": False}
POISSON = {"load__loop": "open", "load__process": "poisson", "load__concurrency": None, "load__rate_per_s": "100"}
LONG = {"protocol__min_duration_ns": 600 * 10**9, "kind": "inference"}


def places(**changes: Any) -> list[str]:
    return [problem.path for problem in unsupported(methodology(**changes), BUILD)]


@pytest.mark.parametrize("name", builtin())
def test_the_built_in_methodologies_are_carried_out(name: str) -> None:
    assert unsupported(Methodology.read(builtin()[name]), runner_build()) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"kind": "training"}, "kind"),
        ({"kind": "burn_in"}, "kind"),
        ({"shape": "canary"}, "shape"),
        ({"load__classes": [{"name": "one", "weight": 1, "batch": 1}]}, "load.classes"),
        ({"load__client_location": "lan"}, "load.client_location"),
        ({"protocol__client_processes": 4}, "protocol.client_processes"),
        ({"protocol__restart_policy": "none"}, "protocol.restart_policy"),
        ({"protocol__measurement_semantics": 2}, "protocol.measurement_semantics"),
        ({"protocol__latency": {"scope": "device", "origin": "sent"}}, "protocol.latency.scope"),
        ({"protocol__energy": {**RAPL, "scope": "wall_ac"}, **LONG}, "protocol.energy"),
        ({"protocol__energy": {**BOARD, "idle_subtraction": True}, **LONG}, "protocol.idle_ns"),
        ({"runner_versions": ">=0.2,<1"}, "runner_versions"),
    ],
)
def test_a_part_that_this_runner_cannot_carry_out_is_named(changes: dict[str, Any], place: str) -> None:
    assert places(**changes) == [f"methodology.{place}"]


@pytest.mark.parametrize("energy", [BOARD, RAPL, {**BOARD, "method": "nvml_power_integral"}])
def test_energy_of_boards_and_packages_is_measured(energy: dict[str, Any]) -> None:
    assert places(protocol__energy=energy, **LONG) == []


@pytest.mark.parametrize(
    ("side", "load"),
    [
        ("onnxruntime:fp32,batch=4,timeout_us=100", {}),
        ("onnxruntime:fp32,workers=2", {}),
        ("onnxruntime:fp32,batch=4", {**POISSON, "load__classes": [{"name": "one", "weight": 1, "batch": 1}]}),
    ],
)
def test_a_serving_shape_that_does_not_fit_the_load_is_refused(side: str, load: dict[str, Any]) -> None:
    assert [problem.path for problem in unmeasurable([parse(side)], methodology(**load), 3, BUILD)] == ["--with"]


@pytest.mark.parametrize("side", ["onnxruntime:fp32,batch=8", "onnxruntime:fp32,batch=8,policy=dynamic,timeout_us=0", "onnxruntime:fp32,workers=4"])
def test_an_open_loop_is_served_in_any_shape(side: str) -> None:
    assert unmeasurable([parse(side)], methodology(**POISSON), 3, BUILD) == []


def test_a_recording_that_is_not_the_methodologys_is_refused() -> None:
    recorded = (0, 5, 9)
    replay = methodology(
        load__loop="open", load__process="trace", load__concurrency=None, load__trace_scale="1",
        load__trace_sha256=digest(np.array(recorded, np.int64)),
    )  # fmt: skip
    plan = [Plan("onnxruntime", "fp32")]
    assert unmeasurable(plan, replay, 3, BUILD, recorded) == []
    assert [problem.path for problem in unmeasurable(plan, replay, 3, BUILD, (0, 5, 8))] == ["--trace"]
    assert [problem.path for problem in unmeasurable(plan, replay, 3, BUILD)] == ["--trace"]
    assert [problem.path for problem in unmeasurable(plan, methodology(), 3, BUILD, recorded)] == ["--trace"]


def test_a_microbenchmark_in_an_open_loop_is_carried_out() -> None:
    assert places(kind="microbenchmark", load__loop="open", load__process="constant", load__concurrency=None, load__rate_per_s="10") == []


def test_the_command_names_every_part_at_once_and_measures_nothing(tmp_path: Path) -> None:
    tree: Any = decode(builtin()["digits-quick"])
    tree["kind"], tree["shape"] = "training", "canary"
    tree["protocol"].update(
        client_processes=4, restart_policy="none", measurement_semantics=1,
        energy={"scope": "wall_ac", "method": "none", "idle_subtraction": True},
    )  # fmt: skip
    (tmp_path / "more.json").write_bytes(Methodology.read(encode(tree)).canonical())
    done = lynxweb(tmp_path, "run", str(tmp_path / "more.json"), "--json")
    assert done.returncode == 2
    assert [error["path"].removeprefix("methodology.") for error in json.loads(done.stdout)["errors"]] == [
        "kind", "shape", "protocol.client_processes", "protocol.restart_policy", "protocol.measurement_semantics", "protocol.energy",
        "protocol.idle_ns",
    ]  # fmt: skip
    assert not (tmp_path / "outbox").exists()


def test_a_precision_that_a_backend_lacks_is_refused_with_those_it_has() -> None:
    (problem,) = unmeasurable([Plan("torch-eager", "int8"), Plan("onnxruntime", "int8")], methodology(), 3, BUILD)
    assert (problem.found, problem.expected) == ("torch-eager:int8:cpu", "torch-eager in fp32")


def test_the_table_of_precisions_is_what_the_backends_say() -> None:
    assert {name: open_backend(name).precisions for name in BACKENDS} == PRECISIONS


@pytest.mark.parametrize(("trials", "refused"), [(2, True), (3, False), (100, False), (101, True)])
def test_the_number_of_trials_is_the_methodologys_at_least_and_the_contracts_at_most(trials: int, refused: bool) -> None:
    assert bool(unmeasurable([Plan("onnxruntime", "fp32")], methodology(), trials, BUILD)) == refused


@pytest.mark.parametrize(
    ("arguments", "place", "expected"),
    [
        (["--backend", "torch-eager", "--precision", "int8"], "--with", "torch-eager in fp32"),
        (["--trials", "1"], "--trials", "3 to 100"),
    ],
)
def test_a_dry_run_refuses_what_could_not_be_measured(tmp_path: Path, arguments: list[str], place: str, expected: str) -> None:
    done = lynxweb(tmp_path, "run", "digits-quick", *arguments, "--dry-run", "--json")
    (error,) = json.loads(done.stdout)["errors"]
    assert (done.returncode, error["path"], error["expected"]) == (2, place, expected)
    assert error["remedy"]


@pytest.mark.parametrize("text", ['{"env.cooling": "cold"}', '{"env.cooling": 3}', "no JSON"])
def test_a_declaration_that_is_not_understood_is_refused_before_measuring(tmp_path: Path, text: str) -> None:
    (tmp_path / "declared.json").write_text(text)
    done = lynxweb(tmp_path, "run", "digits-quick", "--json")
    (error,) = json.loads(done.stdout)["errors"]
    assert done.returncode == 2
    assert error["path"].startswith("declared.json")
    assert not (tmp_path / "outbox").exists()
