"""A valid bundle is accepted; each altered one is refused with the place that was altered, and nothing crashes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract import bundle
from runner.contract.canonical import encode
from runner.contract.check import Checked, check
from runner.contract.keys import SigningKey
from runner.contract.problems import Problems
from runner.contract.quality import encode_items, evaluate
from runner.contract.samples import encode as encode_samples
from runner.contract.schedules import digest, offsets
from tests.builders import KEY, SECOND, absent, executor, items, members, methodology, quality, run, samples, sealed, seen

WHOLE = sealed()


def opened(content: bytes) -> Checked:
    return check(bundle.read(io.BytesIO(content)))


def refused(content: bytes) -> Problems:
    with pytest.raises(Problems) as caught:
        opened(content)
    return caught.value


def edited(parts: dict[str, bytes], name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, bytes]:
    tree = json.loads(parts[name])
    change(tree)
    return {**parts, name: encode(tree)}


def test_a_valid_bundle_is_measured_and_undeclared() -> None:
    found = opened(WHOLE)
    assert (found.validity, found.grade) == ("valid_with_warnings", "measured")
    assert [finding.code for finding in found.findings] == ["undeclared"]
    assert found.bundle.envelope.signed_by(KEY.public) and found.bundle.key_id == KEY.key_id


def test_another_key_did_not_sign_it() -> None:
    assert not opened(WHOLE).bundle.envelope.signed_by(SigningKey(bytes(32)).public)


def test_sealing_the_same_members_gives_the_same_bytes_and_name() -> None:
    assert sealed() == WHOLE
    assert opened(WHOLE).bundle.digest != opened(sealed(members(notes="another"))).bundle.digest


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_single_changed_byte_passes(place: int, mask: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] ^= mask
    try:
        found = bundle.read(io.BytesIO(bytes(changed)))
    except Problems:
        return
    assert not found.envelope.signed_by(KEY.public)


@pytest.mark.parametrize(
    "path",
    [
        ("operating_points", 0, "completed"),
        ("operating_points", 0, "window_ns"),
        ("operating_points", 0, "metrics", 0, "value"),
        ("operating_points", 0, "metrics", 0, "ci_low"),
        ("operating_points", 0, "metrics", 1, "trial_values", 2),
        ("operating_points", 0, "metrics", 2, "n_requests"),
    ],
)
def test_a_stated_number_that_the_samples_do_not_give_is_named(path: tuple[Any, ...]) -> None:
    def change(tree: dict[str, Any]) -> None:
        place: Any = tree
        for step in path[:-1]:
            place = place[step]
        old = place[path[-1]]
        place[path[-1]] = old + 1 if isinstance(old, int) else str(int(float(old)) + 1)

    found = refused(sealed(edited(members(), "run.json", change)))
    assert set(found.codes) == {"numbers-differ"}
    named = "run." + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    assert [problem.path for problem in found.problems] == [named]


def test_samples_that_were_altered_after_stating_are_found() -> None:
    table = samples()
    cut = {**members(), "samples.parquet": encode_samples(table.rows(table.request < 800))}
    assert "numbers-differ" in refused(sealed(cut)).codes


def test_rows_of_a_trial_that_the_run_does_not_state_are_refused() -> None:
    found = refused(sealed({**members(), "samples.parquet": encode_samples(samples(trials=6))}))
    assert "samples.parquet:trial" in {problem.path for problem in found.problems}


def test_driver_lag_cannot_be_hidden_by_moving_the_scheduled_time() -> None:
    table = samples()
    kinder = replace(table, t_scheduled_ns=table.t_sent_ns)
    assert "schedule-mismatch" in refused(sealed(members(kinder))).codes


def test_rows_of_another_point_or_of_larger_batches_are_refused() -> None:
    table = samples()
    batched = replace(table, batch_size=table.batch_size * 64)
    assert {problem.path for problem in refused(sealed(members(batched))).problems} == {"samples.parquet:batch_size (row 0)"}
    elsewhere = replace(table, point=table.point + 1)
    assert "samples.parquet:point (trial 0)" in {problem.path for problem in refused(sealed(members(elsewhere))).problems}


def test_a_boot_or_power_source_other_than_the_captured_one_is_refused() -> None:
    assert "run.json:boot" in {problem.path for problem in refused(sealed(members(boot="6" * 64))).problems}
    battery = seen("battery").model_dump()
    assert "run.json:power_source" in {problem.path for problem in refused(sealed(members(power_source=battery))).problems}


@pytest.mark.parametrize("instant", ["2026-13-45T10:00:00.000000Z", "2026-02-30T10:00:00.000000Z", "2026-11-23T99:00:00.000000Z"])
def test_an_instant_that_does_not_exist_is_refused(instant: str) -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["started_at"] = instant

    assert any(problem.path.startswith("run.json") for problem in refused(sealed(edited(members(), "run.json", change))).problems)


def test_a_run_that_ended_before_its_last_window_is_refused() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["ended_at"] = "2026-01-05T10:00:10.000000Z"

    assert "before the end of the last window" in str(refused(sealed(edited(members(), "run.json", change))))


@pytest.mark.parametrize(
    ("what", "path"),
    [
        (executor(serving__max_batch=seen(-5)), "executor.before.json:serving.max_batch.value"),
        (executor(serving__max_batch=seen(0)), "executor.before.json:serving.max_batch"),
        (executor(hw__count=seen(-1)), "executor.before.json:hw.count.value"),
    ],
)
def test_a_count_below_its_smallest_value_is_refused(what: Any, path: str) -> None:
    parts = members()
    parts |= {"executor.before.json": what.canonical(), "executor.after.json": what.canonical()}
    assert path in {problem.path for problem in refused(sealed(parts)).problems}


def test_negative_steal_hides_nothing() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["trials"][0]["cpu_steal_ppm"]["value"] = -5

    found = refused(sealed(edited(members(), "run.json", change)))
    assert [problem.path for problem in found.problems] == ["run.json:trials[0].cpu_steal_ppm.value"]


def test_energy_under_a_methodology_that_measures_none_is_refused() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["trials"][0]["energy_mj"] = seen(7).model_dump()

    assert "run.json:trials.energy_mj" in {problem.path for problem in refused(sealed(edited(members(), "run.json", change))).problems}


def test_a_duplicate_key_that_no_encoder_can_carry_is_told_in_plain_text() -> None:
    found = refused(sealed({**members(), "run.json": b'{"\\ud800":1,"\\ud800":2}'}))
    assert all(text.encode() for problem in found.problems for text in problem.as_dict().values())


def test_isolation_that_nobody_looked_at_is_refused() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["trials"][1]["cpu_steal_ppm"] = absent("not_collected").model_dump()

    found = refused(sealed(edited(members(), "run.json", change)))
    assert [(problem.path, problem.code) for problem in found.problems] == [("run.json:trials[1].cpu_steal_ppm", "R-01")]


def test_more_tuning_than_permitted_makes_the_run_invalid() -> None:
    found = opened(sealed(members(tuning={"effort": "vendor_tuned", "changes": ()})))
    assert "tuning-not-permitted" in {finding.code for finding in found.findings} and found.validity == "invalid"


def test_an_output_of_any_finite_size_is_judged_and_crashes_nothing() -> None:
    huge = items()
    huge.logits[0, 0] = 3e38
    how, what = methodology(), executor()
    stated = quality(how, what).model_copy(update={"results": evaluate(huge, how.workload.task)})
    parts = {**members(), "quality.json": stated.canonical(), "quality_items.parquet": encode_items(huge)}
    assert opened(sealed(parts)).validity == "valid_with_warnings"


def test_better_quality_than_the_items_give_is_refused() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["results"][0]["count"] += 1

    found = refused(sealed(edited(members(flips=2), "quality.json", change)))
    assert [(problem.path, problem.code) for problem in found.problems] == [("quality.json:results", "numbers-differ")]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("run.json", b'{"a":1.5}', "decimal string"),
        ("run.json", b'{"a":NaN}', "decimal string"),
        ("run.json", b'{"a":1,"a":2}', "duplicate key"),
        ("run.json", b'{"a":9007199254740992}', "2^53"),
        ("run.json", b"{}", "Field required"),
        ("run.json", b"not json", "JSON"),
        ("methodology.json", b'{"schema_id":"methodology/v9"}', "methodology/v1"),
        ("executor.before.json", b"[]", "object"),
        ("samples.parquet", b"PAR1", "samples.parquet"),
        ("quality_items.parquet", b"PAR1PAR1", "quality_items.parquet"),
        ("telemetry.parquet", b"nonsense", "telemetry.parquet"),
    ],
)
def test_a_member_of_another_kind_is_refused_with_its_name(name: str, content: bytes, word: str) -> None:
    found = refused(sealed({**members(), name: content}))
    assert word in str(found) and any(name in problem.path for problem in found.problems)


def test_errors_of_several_documents_are_told_together() -> None:
    found = refused(sealed({**members(), "run.json": b"{}", "methodology.json": b'{"a":0.5}'}))
    assert {problem.path.partition(":")[0] for problem in found.problems} == {"run.json", "methodology.json"}


def test_a_run_of_another_methodology_or_executor_is_refused() -> None:
    other = {**members(), "methodology.json": methodology(load__seed="9").canonical()}
    assert {problem.code for problem in refused(sealed(other)).problems} == {"identity"}


def test_an_executor_that_changed_makes_the_run_invalid_and_keeps_it() -> None:
    changed = {**members(), "executor.after.json": executor(sw__driver__version=seen("other")).canonical()}
    found = opened(sealed(changed))
    assert (found.validity, found.grade) == ("invalid", "claimed")


def test_a_silent_mandatory_field_and_an_ambiguous_format_are_refused() -> None:
    silent = members(what=executor(compile__toolchain__version=absent("not_collected")))
    assert set(refused(sealed(silent)).codes) == {"R-01"}
    vague = members(what=executor(precision__weights=seen("fp8")))
    assert set(refused(sealed(vague)).codes) == {"R-10"}


def test_a_secret_anywhere_in_a_document_is_refused() -> None:
    leaking = members(notes="token ghp_" + "a" * 36)
    assert set(refused(sealed(leaking)).codes) == {"canary"}


def test_a_declared_methodology_refuses_an_undeclared_run() -> None:
    how = methodology(undeclared_allowed=False)
    assert refused(sealed(members(how=how))).codes == ("undeclared",)
    assert opened(sealed(members(how=how, nonce="a" * 64))).validity == "valid"


@pytest.mark.parametrize("lost", ["run.json", "samples.parquet", "quality_items.parquet"])
def test_a_bundle_without_a_member_is_refused_by_name(lost: str) -> None:
    parts = {name: content for name, content in members().items() if name != lost}
    with pytest.raises(Problems, match=lost.replace("_items.parquet", "")):
        bundle.seal(parts, fingerprint="0" * 64, methodology_sha256="0" * 64, nonce=None, key=KEY)


def test_an_unknown_member_is_refused() -> None:
    with pytest.raises(Problems, match="unknown member"):
        sealed({**members(), "extra.json": b"{}"})


def test_an_open_loop_offers_exactly_the_schedule_of_its_seed() -> None:
    load = {"load__loop": "open", "load__process": "poisson", "load__concurrency": None, "load__rate_per_s": "150"}
    how, what = methodology(**load), executor()
    table = samples(requests=750, scale_ppm=500_000)
    due = np.concatenate([trial * 10 * SECOND + offsets("poisson", "150", 750, "7", 0, trial) for trial in range(5)])
    last = due + (table.t_last_ns - table.t_sent_ns)
    for start in range(0, len(due), 750):
        for row in range(start + 1, start + 750):
            last[row] = max(due[row], last[row - 1]) + 3_000_000
    sent = np.maximum(due, np.concatenate([[0], last[:-1]])) + 200
    table = replace(table, t_scheduled_ns=due, t_sent_ns=np.minimum(sent, last), t_last_ns=last)
    tree = json.loads(run(table, how, what).canonical())
    for trial in tree["trials"]:
        trial["schedule_sha256"] = digest(offsets("poisson", "150", 750, "7", 0, trial["index"]))
    parts = {**members(table, how, what), "run.json": encode(tree)}
    assert opened(sealed(parts)).validity != "invalid"
    shifted = replace(table, t_scheduled_ns=np.where(table.request == 400, due + 1, due))
    reanchored = {**parts, "samples.parquet": encode_samples(shifted)}
    assert "schedule-mismatch" in refused(sealed(reanchored)).codes
