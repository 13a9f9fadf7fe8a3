"""The command line: exit codes, one JSON document, the result on stdout and the talk on stderr, and nothing heavy before it is needed."""

from __future__ import annotations

import io
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from runner.build import MEASUREMENT_SEMANTICS
from runner.cli import called
from runner.contract.canonical import encode
from runner.contract.executor import Executor
from runner.contract.fields import AnyField, facts
from runner.doctor import Check
from runner.node import NodeHome, Site
from runner.outbox import SHORTEST_PREFIX, Outbox
from runner.verbs.doctor import told_of
from runner.verbs.result import EXIT_CODES
from runner.verbs.run import trials_text
from tests.builders import evidence, executor, methodology, samples, seen
from tests.runner.bundles import sealed
from tests.runner.site_stub import Said, site

HEAVY = ("torch", "onnxruntime", "pyarrow", "numpy", "httpx", "rich", "pydantic")
VERBS = ("doctor", "probe", "run", "check", "push", "compare", "enrol")
INT8: dict[str, AnyField] = {"precision__weights": seen("int8"), "precision__activations": seen("int8"), "precision__accumulate": seen("int32")}


@dataclass(frozen=True)
class Done:
    """How a call of the command ended."""

    returncode: int
    stdout: str
    stderr: str


def lynxweb(home: Path, *arguments: str, **environment: str) -> Done:
    """One call of the command line, in this process, with its own home."""
    out, err = io.StringIO(), io.StringIO()
    surroundings = {"LYNXWEB_NODE_HOME": str(home), "NO_COLOR": "1", **environment}
    with patch.dict(os.environ, surroundings), redirect_stdout(out), redirect_stderr(err):
        code = called(arguments)
    return Done(code, out.getvalue(), err.getvalue())


def kept(home: Path, what: Executor | None = None, **altered: Any) -> str:
    """The path of a bundle in the outbox of `home`."""
    changes = {name.replace("__", "."): value for name, value in altered.items()}
    content = sealed(evidence(what=what, table=samples(seed=len(str(what)))), altered=changes)
    path = home / f"{len(list(home.glob('*.bundle')))}.bundle"
    path.write_bytes(content)
    return str(path)


def two(home: Path) -> tuple[str, str]:
    """fp32 and int8 bundles of one machine."""
    return kept(home), kept(home, executor(**INT8))


def test_the_help_lists_every_verb_and_every_exit_code(tmp_path: Path) -> None:
    told = lynxweb(tmp_path, "--help").stdout
    assert all(f"  {verb} " in told for verb in VERBS)
    assert all(f"{code:>3}  {meaning}" in told for code, meaning in EXIT_CODES.items())


def test_the_help_of_every_verb_has_the_exit_codes(tmp_path: Path) -> None:
    for verb in VERBS:
        assert "judged and found wanting" in lynxweb(tmp_path, verb, "--help").stdout


def test_the_help_imports_nothing_heavy() -> None:
    code = "import sys, runner.cli; runner.cli.called(['--help']); print(sorted(set(sys.argv[1:]) & set(sys.modules)))"
    done = subprocess.run((sys.executable, "-c", code, *HEAVY), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_help_takes_at_most_three_tenths_of_a_second_more_than_python_itself() -> None:
    def median(*arguments: str) -> float:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            subprocess.run((sys.executable, *arguments), capture_output=True, check=True)
            times.append(time.perf_counter() - begun)
        return statistics.median(times)

    assert median("-m", "runner.cli", "--help") - median("-c", "pass") < 0.3


@pytest.mark.parametrize("arguments", [["--bogus"], ["bogus"], ["check"], ["check", "not-there"], ["run", "no-such-methodology"], ["compare", "a"]])
def test_a_command_line_that_means_nothing_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    done = lynxweb(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


@pytest.mark.parametrize("arguments", [["--bogus"], ["bogus"], ["check", "not-there"], ["run", "no-such-methodology"]])
def test_an_error_under_json_is_one_problem_document(tmp_path: Path, arguments: list[str]) -> None:
    problem = json.loads(lynxweb(tmp_path, *arguments, "--json").stdout)
    assert {"type", "title", "code", "detail", "errors"} <= problem.keys()


def test_quiet_silences_stderr_and_never_stdout(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "check", kept(tmp_path), "--quiet")
    assert (done.stderr, bool(done.stdout)) == ("", True)


def test_json_may_stand_before_or_after_the_verb(tmp_path: Path) -> None:
    bundle = kept(tmp_path)
    before, after = lynxweb(tmp_path, "--json", "check", bundle), lynxweb(tmp_path, "check", bundle, "--json")
    assert json.loads(before.stdout) == json.loads(after.stdout)


def test_the_version_names_the_commit_and_the_contract(tmp_path: Path) -> None:
    told = json.loads(lynxweb(tmp_path, "--version", "--json").stdout)
    assert {"version", "commit", "dirty", "contract_version"} <= told.keys()


def test_a_good_bundle_passes_the_check_with_its_findings(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "check", kept(tmp_path), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["accepted"], told["validity"]) == (0, True, "valid_with_warnings")
    assert [finding["code"] for finding in told["findings"]] == ["undeclared"]


def test_the_check_recomputes_and_finds_an_altered_number(tmp_path: Path) -> None:
    bundle = kept(tmp_path, operating_points__0__metrics__0__value="1")
    done = lynxweb(tmp_path, "check", bundle, "--json")
    assert done.returncode == 3
    (error,) = json.loads(done.stdout)["problem"]["errors"]
    assert (error["path"], error["code"]) == ("run.operating_points[0].metrics[0].value", "numbers-differ")


def test_a_truncated_bundle_is_refused_with_its_place(tmp_path: Path) -> None:
    bundle = Path(kept(tmp_path))
    bundle.write_bytes(bundle.read_bytes()[:-100])
    done = lynxweb(tmp_path, "check", str(bundle), "--json")
    assert (done.returncode, json.loads(done.stdout)["problem"]["code"]) == (3, "container")


def test_a_run_that_a_gate_calls_invalid_ends_with_3(tmp_path: Path) -> None:
    bundle = kept(tmp_path, trials__0__fingerprint_end="0" * 64)
    done = lynxweb(tmp_path, "check", bundle)
    assert done.returncode == 3
    assert "executor-changed" in done.stdout


def test_the_check_says_when_it_has_no_key_for_the_signature(tmp_path: Path) -> None:
    assert json.loads(lynxweb(tmp_path, "check", kept(tmp_path), "--json").stdout)["signature"] == "unknown-key"


def test_a_signature_by_another_key_than_the_stated_one_is_refused(tmp_path: Path) -> None:
    bundle, other = kept(tmp_path), NodeHome(tmp_path / "other").key().public.hex()
    done = lynxweb(tmp_path, "check", bundle, "--public-key", other, "--json")
    assert (done.returncode, json.loads(done.stdout)["problem"]["code"]) == (3, "unknown-key")


def test_a_comparable_pair_has_numbers_and_says_that_standing_was_not_checked(tmp_path: Path) -> None:
    pair = kept(tmp_path), kept(tmp_path, executor(sw__runtime__name=seen("torch-eager")))
    done = lynxweb(tmp_path, "compare", *pair)
    assert done.returncode == 0
    assert "throughput" in done.stdout
    assert "closed loop, concurrency 1, batch 1" in done.stdout
    assert "standing not checked" in done.stdout


def test_a_refused_pair_ends_with_3_and_shows_code_field_and_remedy(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "compare", *two(tmp_path))
    assert done.returncode == 3
    assert "R-42" in done.stdout
    assert "executor.precision.weights: A fp32, B int8" in done.stdout
    assert "Remedy:" in done.stdout


def test_a_refused_pair_shows_no_number_of_either_run(tmp_path: Path) -> None:
    pair = two(tmp_path)
    stated = {
        word
        for bundle in pair
        for point in json.loads(lynxweb(tmp_path, "check", bundle, "--json").stdout)["operating_points"]
        for metric in point["metrics"]
        for word in (metric["value"], metric["ci_low"], metric["ci_high"], *metric["trial_values"])
    }
    assert stated
    for arguments in (["compare", *pair], ["compare", *pair, "--json"]):
        told = lynxweb(tmp_path, *arguments).stdout
        assert not [word for word in stated if word in told]
        assert " ms" not in told


def test_an_unknown_policy_is_a_usage_error_that_lists_the_policies(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "compare", *two(tmp_path), "--policy", "fastest")
    assert done.returncode == 2
    assert "iso-precision, precision-study" in done.stderr


def test_a_push_without_enrolment_says_what_to_do_and_keeps_the_bundle(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "push", kept(tmp_path))
    assert done.returncode == 1
    assert "lynxweb enrol" in done.stderr
    assert [entry.state for entry in Outbox(tmp_path / "outbox").entries()] == ["pending"]


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [(201, 0, "sent"), (200, 0, "sent"), (422, 3, "refused"), (413, 3, "refused"), (409, 3, "refused"), (401, 1, "pending")],
)
def test_the_outbox_keeps_the_bundle_whatever_the_site_says(tmp_path: Path, status: int, code: int, state: str) -> None:
    bundle = kept(tmp_path)
    with site(Said(status, {"code": "said", "title": "t", "detail": "d", "run": "r"})) as stub:
        NodeHome(tmp_path).enrol(Site(stub.url, "node_1", "n", "org_1", "lynxweb_1.x"), b"s" * 32)
        done = lynxweb(tmp_path, "push", bundle, "--json")
    (entry,) = Outbox(tmp_path / "outbox").entries()
    assert (done.returncode, entry.state) == (code, state)
    assert entry.path.read_bytes() == Path(bundle).read_bytes() == stub.asked[0].body
    assert set(json.loads(done.stdout)) == {"pushed", "refused", "pending"}


def test_a_bundle_that_was_refused_is_sent_again_only_when_asked_for(tmp_path: Path) -> None:
    with site(Said(422, {"code": "unknown-methodology"}), Said(201, {"run": "r"})) as stub:
        NodeHome(tmp_path).enrol(Site(stub.url, "node_1", "n", "org_1", "lynxweb_1.x"), b"s" * 32)
        codes = [lynxweb(tmp_path, "push", *rest).returncode for rest in ([kept(tmp_path)], [], ["--all"], ["--all"])]
    assert (codes, len(stub.asked)) == ([3, 0, 0, 0], 2)


def test_enrolment_keeps_what_the_site_gives(tmp_path: Path) -> None:
    given = {"node": "node_9", "organisation": "org_1", "organisation_secret": "ab" * 32, "token": "lynxweb_2.y"}
    with site(Said(201, given)) as stub:
        done = lynxweb(tmp_path, "enrol", stub.url, LYNXWEB_TOKEN="lynxweb_1.x")
    found = NodeHome(tmp_path).site()
    assert done.returncode == 0
    assert found is not None
    assert (found.node, found.token, found.url) == ("node_9", "lynxweb_2.y", stub.url)
    assert "lynxweb_2.y" not in done.stdout + done.stderr


def test_enrolment_without_a_token_is_a_usage_error(tmp_path: Path) -> None:
    assert lynxweb(tmp_path, "enrol", "http://127.0.0.1:9", LYNXWEB_TOKEN="").returncode == 2


def test_a_dry_run_of_a_push_lists_and_sends_nothing(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox").put("a" * 64, b"x")
    told = json.loads(lynxweb(tmp_path, "push", "--dry-run", "--json").stdout)
    assert [entry["state"] for entry in told["would_send"]] == ["pending"]


def test_ctrl_c_ends_with_130_and_one_json_document(tmp_path: Path) -> None:
    NodeHome(tmp_path).enrol(Site("http://127.0.0.1:9", "node_1", "n", "org_1", "lynxweb_1.x"), b"s" * 32)
    Outbox(tmp_path / "outbox").put("a" * 64, b"x")
    surroundings = {**os.environ, "LYNXWEB_NODE_HOME": str(tmp_path)}
    command = (sys.executable, "-m", "runner.cli", "push", "--json")
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings)
    assert child.stderr is not None
    child.stderr.readline()
    child.send_signal(signal.SIGINT)
    told, _ = child.communicate(timeout=30)
    assert (child.returncode, json.loads(told)["code"]) == (130, "interrupted")


def test_a_dry_run_of_a_session_says_what_it_would_measure_and_measures_nothing(tmp_path: Path) -> None:
    done = lynxweb(
        tmp_path, "run", "digits-quick", "--dry-run", "--json", "--with", "onnxruntime:fp32", "--with", "onnxruntime:int8", "--trials", "3"
    )
    told = json.loads(done.stdout)
    assert (told["would_run"], told["at_least_s"]) == (["onnxruntime:fp32:cpu", "onnxruntime:int8:cpu"], 42)
    assert not (tmp_path / "outbox").exists()


@pytest.mark.parametrize(
    ("sides", "text"),
    [(["--with", "null:fp32"], "3 trials, at"), (["--with", "null:fp32", "--with", "null:int8"], "3 trials of each side, interleaved, at")],
)
def test_a_dry_run_counts_trials_in_words_that_fit(tmp_path: Path, sides: list[str], text: str) -> None:
    assert text in lynxweb(tmp_path, "run", "digits-quick", "--dry-run", *sides, "--trials", "3").stdout


def test_a_single_trial_is_told_in_the_singular() -> None:
    assert trials_text(1, 1) == "1 trial"
    assert trials_text(1, 2) == "1 trial of each side, interleaved"


def test_a_digest_that_is_too_short_says_how_many_characters_it_takes(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox").put("abcdef" + "0" * 58, b"x")
    done = lynxweb(tmp_path, "check", "abcde")
    assert done.returncode == 2
    assert "too short for a digest" in done.stderr and f"at least its first {SHORTEST_PREFIX} characters" in done.stderr


def test_the_help_says_how_much_of_a_digest_is_enough(tmp_path: Path) -> None:
    for verb in ("check", "compare"):
        assert f"at least its first {SHORTEST_PREFIX} characters" in " ".join(lynxweb(tmp_path, verb, "--help").stdout.split())


def test_a_methodology_over_another_model_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(methodology(protocol__measurement_semantics=MEASUREMENT_SEMANTICS).canonical())
    done = lynxweb(tmp_path, "run", str(tmp_path / "mine.json"), "--json")
    assert (done.returncode, json.loads(done.stdout)["errors"][0]["path"]) == (2, "methodology.workload.model_name")


def test_a_backend_that_is_not_there_is_a_usage_error_that_lists_those_that_are(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "run", "digits-quick", "--with", "abacus:fp32")
    assert done.returncode == 2
    assert "onnxruntime, torch-eager" in done.stderr


def test_an_explicit_wish_to_declare_without_enrolment_is_a_usage_error(tmp_path: Path) -> None:
    assert lynxweb(tmp_path, "run", "digits-quick", "--declare").returncode == 2


def test_the_doctor_ends_with_3_when_a_check_failed_and_with_0_otherwise(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "doctor", "--json")
    told = json.loads(done.stdout)
    failed = [check["name"] for check in told["checks"] if check["outcome"] == "fail"]
    assert (done.returncode, told["ready"]) == ((3, False) if failed else (0, True))


def test_a_failing_check_of_the_doctor_is_loud_and_carries_its_remedy() -> None:
    result = told_of([Check("disk", "fail", "1 MiB free", "make room"), Check("python", "ok", "3.11", "")])
    assert result.code == 3
    assert "FAIL  disk" in result.lines[0]
    assert "make room" in result.lines[1]


def test_the_probe_prints_an_executor_document_that_reads_back(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "probe", "--json")
    assert done.returncode == 0
    assert Executor.read(encode(json.loads(done.stdout))).host.cpu.threads.known


def test_the_probe_leaves_no_fact_without_a_reason(tmp_path: Path) -> None:
    executor = Executor.read(encode(json.loads(lynxweb(tmp_path, "probe", "--json").stdout)))
    assert [path for path, _, leaf in facts(executor) if not leaf.answered] == []


def test_a_fact_of_a_runtime_says_in_the_probe_that_none_is_loaded(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "probe")
    assert "(unreadable:no-runtime-loaded)" in next(line for line in done.stdout.splitlines() if "sw.runtime.name" in line)
    assert "belong to a runtime, and none is loaded" in done.stdout.splitlines()[-1]


def test_what_the_owner_declares_completes_the_probe(tmp_path: Path) -> None:
    (tmp_path / "declared.json").write_text('{"env.cooling": "air_active"}')
    executor = Executor.read(encode(json.loads(lynxweb(tmp_path, "probe", "--json").stdout)))
    assert (executor.env.cooling.value, executor.env.cooling.status) == ("air_active", "declared")
