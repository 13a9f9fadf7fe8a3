"""The verifier as a reader meets it: one small file that needs nothing, plain words, exit codes, checkpoints that it remembers."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from runner import verify
from tests.packs.assembling import Assembled, Shown, assembled, contents, export
from tests.packs.judging import failures, faults
from tests.packs.ledger import Ledger
from tests.packs.shapes import SHAPES, one_run
from tests.packs.story import Story

SOURCE = Path(verify.__file__)


def placed(folder: Path, made: Assembled) -> list[str]:
    """A pack and its reader's trust policy as files; the arguments that name them."""
    (folder / "pack.zip").write_bytes(made.content)
    (folder / "policy").write_bytes(made.ledger.policy)
    return [str(folder / "pack.zip"), "--trust", str(folder / "policy")]


def printed(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> tuple[int, str]:
    """Exit code and stdout of one call."""
    code = verify.main(arguments)
    return code, capsys.readouterr().out


@pytest.mark.parametrize("shape", SHAPES)
def test_a_true_pack_is_accepted(shape: str) -> None:
    assert faults(SHAPES[shape]()) == {}


def test_a_pack_is_the_same_bytes_every_time() -> None:
    assert one_run().content == one_run().content


def test_the_verifier_imports_the_standard_library_alone() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(SOURCE.read_text("utf-8")))
        for name in (
            [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not imported & {"socket", "ssl", "urllib", "http", "subprocess", "zipfile", "pickle"}


def test_the_verifier_has_fewer_than_400_lines_of_python_39() -> None:
    source = SOURCE.read_text("utf-8")
    assert len(source.splitlines()) < 400
    ast.parse(source, feature_version=(3, 9))
    named = [(one.lineno, one.col_offset) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Subscript) for one in ast.walk(node.slice)
             if isinstance(one, ast.NamedExpr)]  # fmt: skip
    assert [place for place in named if source.splitlines()[place[0] - 1].encode()[place[1] - 1 : place[1]] != b"("] == []  # 3.9 asks for parentheses


def test_the_verifier_knows_the_actions_of_the_log_and_no_others() -> None:
    assert {action.value for action in Action} == verify.ACTIONS.keys()


def test_bare_python_in_an_empty_folder_is_enough(tmp_path: Path) -> None:
    arguments = placed(tmp_path, one_run())
    (tmp_path / "verify.py").write_bytes(SOURCE.read_bytes())
    done = subprocess.run([sys.executable, "-I", "-S", "verify.py", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ACCEPTED" in done.stdout and {path.name for path in tmp_path.iterdir()} == {"pack.zip", "policy", "verify.py"}


def test_the_report_says_what_the_minutes_need(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = one_run()
    code, told = printed(capsys, placed(tmp_path, made))
    tree, _ = verify.read_checkpoint(made.checkpoint)
    assert code == 0
    for expected in (
        made.ledger.origin,
        f"size            {tree[1]}",
        tree[2].hex(),
        "W0, first contact",
        "two_person_rule off",
        "run.declare@4 run.submit@5",
    ):
        assert expected in told
    assert "This does not prove:" in told and told.splitlines()[-1].startswith("ACCEPTED")
    assert [line[:14] for line in told.splitlines()[6:18]] == [f"{n:>2} {'NOT PRESENT' if n in (4, 5, 6) else 'PASS':<11}" for n in range(1, 13)]


def test_the_two_person_setting_and_undeclared_runs_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = printed(capsys, placed(tmp_path, SHAPES["governed"]()))
    assert "two_person_rule on" in told and ": undeclared run.submit@7" in told and "run.withdraw@21" in told


def test_what_is_not_here_is_told_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = printed(capsys, placed(tmp_path, SHAPES["decided"]()))
    assert "redacted by two people" in told and "left out to keep this pack small" in told


def test_json_is_one_object_with_twelve_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = printed(capsys, [*placed(tmp_path, one_run()), "--json"])
    report: dict[str, Any] = json.loads(told)
    assert (code, report["accepted"], report["witness_level"], report["first_contact"]) == (0, True, "W0", True)
    assert [one["number"] for one in report["checks"]] == list(range(1, 13))


def test_without_a_trust_policy_everything_is_checked_and_check_3_fails_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = printed(capsys, placed(tmp_path, one_run())[:1])
    failed = [line for line in told.splitlines() if "FAIL" in line]
    assert code == 1 and len(failed) == 1 and failed[0].startswith(" 3 FAIL") and "another channel" in failed[0]


@pytest.mark.parametrize("policy", [b"", b"quorum none\n", b"# nothing\n", b"log x\nquorum none\n", b"\xff", b"quorum none\nlog a+00000000+AAAA\n"])
def test_a_trust_policy_that_names_no_log_trusts_none(policy: bytes) -> None:
    assert failures(one_run().content, policy)[3].startswith("trust policy")


def test_a_trust_policy_that_asks_for_witnesses_is_not_taken_for_fulfilled() -> None:
    made = one_run()
    assert "quorum" in failures(made.content, made.ledger.policy.replace(b"quorum none", b"quorum two-of-three"))[3]


def test_a_pack_of_another_log_is_refused() -> None:
    other = Ledger(origin="other.example/log/1")
    assert "no trusted key" in failures(one_run().content, other.policy)[3]


def test_a_command_that_is_not_understood_ends_with_2(tmp_path: Path) -> None:
    for arguments in ([], ["--nonsense"], [str(tmp_path / "absent.zip")]):
        with pytest.raises(SystemExit) as ended:
            verify.main(arguments)
        assert ended.value.code == 2


def test_an_accepted_checkpoint_is_remembered_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, memory = one_run(), tmp_path / "memory"
    arguments = [*placed(tmp_path, made), "--remember", str(memory)]
    assert printed(capsys, arguments)[0] == 0
    assert [path.read_bytes() for path in memory.iterdir()] == [made.checkpoint]
    code, told = printed(capsys, arguments)
    assert code == 0 and " 6 PASS" in told and "first contact" not in told


def test_a_refused_checkpoint_is_not_remembered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = placed(tmp_path, one_run())
    assert printed(capsys, [arguments[0], "--remember", str(tmp_path / "memory")])[0] == 1
    assert not (tmp_path / "memory").exists()


def history() -> tuple[Story, Shown]:
    """A log with a run in it, and what a pack of it shows."""
    story = Story()
    story.begin()
    run = story.submit()
    return story, Shown([("run", run), ("methodology", story.how.sha256), ("node", story.node), ("key", story.key.key_id)])


def test_a_later_pack_goes_on_from_the_remembered_checkpoint() -> None:
    story, shown = history()
    first = assembled(story, shown)
    story.submit(2)
    later = assembled(story, shown, held=[len(first.ledger.leaves) - 2])
    assert faults(later) == {}
    remembered = first.checkpoint
    size = verify.read_checkpoint(remembered)[0][1]
    assert faults(assembled(story, shown, held=[size]), [remembered]) == {}


def test_a_later_pack_without_the_proof_from_the_remembered_checkpoint_is_refused() -> None:
    story, shown = history()
    first = assembled(story, shown)
    assert faults(assembled(story, shown), [first.checkpoint]) == {6: "consistency/7-8 is missing"}


def test_a_pack_older_than_what_is_remembered_passes_only_if_it_is_remembered_itself() -> None:
    story, shown = history()
    first = assembled(story, shown).content, story.ledger.checkpoint()
    second = assembled(story, shown)
    assert "is older than the one of 8 events" in failures(first[0], story.ledger.policy, [second.checkpoint])[6]
    assert failures(first[0], story.ledger.policy, [first[1], second.checkpoint]) == {}


def rewritten(at: str) -> tuple[Assembled, bytes]:
    """A pack of a history that was rewritten with the real log key, early, halfway or late, and the checkpoint published before that."""
    stories = []
    for said in ("as it was", "as it never was"):
        story, shown = history()
        for number in range(40):
            text = said if number == {"early": 0, "halfway": 20, "late": 39}[at] else "as it was"
            story.ledger.act(Action.DOCUMENT_PUBLISH, ("document", f"{number:064x}"), payload=story.ledger.keep({"text": text, "number": number}))
        stories.append((story, shown))
    (true, _), (false, shown) = stories
    return assembled(false, shown, held=[len(true.ledger.leaves)]), true.ledger.checkpoint()


@pytest.mark.parametrize("at", ["early", "halfway", "late"])
def test_a_rewritten_history_under_the_real_key_is_accepted_at_first_contact_with_the_sentence_and_refused_by_whoever_remembers(at: str) -> None:
    made, published_before = rewritten(at)
    report = verify.verify(made.content, made.ledger.policy)
    assert report["accepted"] and "a rewritten history would look the same" in report["checks"][5]["said"]
    assert set(faults(made, [published_before])) == {6}


def test_another_history_of_the_same_size_is_refused_by_whoever_remembers() -> None:
    packs = []
    for text in ("one", "two"):
        story, shown = history()
        story.ledger.act(Action.DOCUMENT_PUBLISH, ("document", "0" * 64), payload=story.ledger.keep({"text": text}))
        packs.append(assembled(story, shown))
    assert "history was rewritten" in faults(packs[0], [packs[1].checkpoint])[6]


def test_checkpoints_of_other_logs_are_no_part_of_what_is_remembered() -> None:
    other = Ledger(origin="other.example/log/1")
    other.open()
    assert faults(one_run(), [other.checkpoint()]) == {}


def test_a_damaged_memory_is_not_passed_over() -> None:
    assert "below --remember" in faults(one_run(), [b"not a note"])[6]


def test_contents_that_changed_after_the_export_are_refused_as_not_bound() -> None:
    story, shown = history()
    files = contents(story, shown)
    made = export(story, files)
    made.files["README.html"] = b"<p>This run is the best of all.</p>"
    assert set(faults(made)) == {12} and "events/" in faults(made)[12]


def test_what_a_pack_says_does_not_reach_the_terminal_as_it_is() -> None:
    story, shown = history()
    digest = next(iter(story.bundles.values())).digest
    shown.left_out = {"0" * 64: ("a file", "\x1b[2J\x1b[1mACCEPTED \u202e")}
    report = verify.verify(assembled(story, shown).content, story.ledger.policy)
    told = "\n".join(verify.lines(report))
    assert told.isascii() and "\x1b" not in told and "ACCEPTED" in told and digest in told
