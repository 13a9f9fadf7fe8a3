"""No byte of a pack can be changed, and no file moved, without being noticed; whoever repairs checksums and manifest is noticed all the same."""

from __future__ import annotations

import pytest

from runner import verify
from runner.contract import pack
from tests.benchmarks._tampering import bytes_changed, contents_changed, files_changed
from tests.packs.judging import failures
from tests.packs.shapes import SHAPES, one_run


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "step"), [("one run", 1), ("governed", 5), ("decided", 5)])
def test_every_single_byte_is_accounted_for(shape: str, step: int) -> None:
    # `tests.benchmarks` changes every byte of all three shapes in all five ways.
    count = bytes_changed(SHAPES[shape](), each=1, step=step)
    assert count.undetected == []
    assert count.changed > 0.7 * count.tried > 10_000


def test_a_changed_file_is_found_when_the_checksums_are_repaired() -> None:
    assert contents_changed(one_run(), 211, manifest=False).undetected == []


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_a_changed_file_is_found_when_checksums_and_manifest_are_repaired(shape: str) -> None:
    count = contents_changed(SHAPES[shape](), 401)
    assert count.undetected == [] and count.tried > 90


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_files_dropped_renamed_doubled_or_spliced_in_are_found(shape: str) -> None:
    other = SHAPES["governed" if shape != "governed" else "decided"]()
    count = files_changed(SHAPES[shape](), other)
    assert count.undetected == [] and count.tried > 200


def test_every_name_at_fault_is_told() -> None:
    made = one_run()
    whole = {**made.files, pack.CHECKPOINT: made.checkpoint}
    for name in whole:
        rest = {one: content for one, content in whole.items() if one != name}
        told = failures(pack.archive({**rest, pack.MANIFEST: pack.manifest(whole)}), made.ledger.policy)
        assert any(name in one for one in told.values()), name


def test_bytes_after_before_and_between_files_are_found() -> None:
    made = one_run()
    for altered in (made.content + b"\0", b"\0" + made.content, made.content[:-1], made.content[:200] + b"\0" + made.content[200:], b"", b"PK"):
        assert failures(altered, made.ledger.policy)[1].startswith("this pack")


def test_a_name_no_pack_holds_is_refused() -> None:
    made = one_run()
    whole = {**made.files, pack.CHECKPOINT: made.checkpoint, "events/../x": b""}
    for stray in ("notes.txt", "events/1.json", "Events/000000000000.json", "timestamps/a.tsr", "payload/" + "A" * 64):
        files = {name: content for name, content in whole.items() if ".." not in name} | {stray: b"x"}
        assert stray in failures(pack.archive({**files, pack.MANIFEST: pack.manifest(files)}), made.ledger.policy)[1]


def test_after_a_bad_archive_no_later_check_passes() -> None:
    report = verify.verify(b"nonsense")
    assert {one["outcome"] for one in report["checks"] if one["number"] not in (4, 5)} == {"FAIL"}
