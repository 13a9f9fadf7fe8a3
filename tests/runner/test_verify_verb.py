"""`lynxweb verify`: the same file, the same words and the project's exit codes; numbers computed again from the rows in the pack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import verify
from runner.contract import pack
from runner.contract.canonical import sha256
from tests import builders
from tests.packs.assembling import Assembled, assembled, contents, export
from tests.packs.judging import begun, shown
from tests.packs.shapes import SHAPES, one_run
from tests.runner.test_cli import lynxweb


def placed(folder: Path, made: Assembled) -> list[str]:
    """A pack and its reader's trust policy as files; the arguments that name them."""
    (folder / "pack.zip").write_bytes(made.content)
    (folder / "policy").write_bytes(made.ledger.policy)
    return [str(folder / "pack.zip"), "--trust", str(folder / "policy")]


def test_it_says_word_for_word_what_the_bare_file_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = placed(tmp_path, one_run())
    assert verify.main(arguments) == 0
    done = lynxweb(tmp_path, "verify", *arguments)
    assert (done.returncode, done.stdout) == (0, capsys.readouterr().out)
    verify.main([*arguments, "--json"])
    assert json.loads(lynxweb(tmp_path, "verify", *arguments, "--json").stdout) == json.loads(capsys.readouterr().out)


def test_a_refused_pack_ends_with_3_where_the_bare_file_ends_with_1(tmp_path: Path) -> None:
    pack_alone = placed(tmp_path, one_run())[0]
    done = lynxweb(tmp_path, "verify", pack_alone)
    assert (verify.main([pack_alone]), done.returncode) == (1, 3) and "REFUSED" in done.stdout


def test_a_file_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    assert lynxweb(tmp_path, "verify", str(tmp_path / "absent.zip")).returncode == 2


def test_checkpoints_are_remembered(tmp_path: Path) -> None:
    arguments = [*placed(tmp_path, one_run()), "--remember", str(tmp_path / "memory")]
    lynxweb(tmp_path, "verify", *arguments)
    assert " 6 PASS" in lynxweb(tmp_path, "verify", *arguments).stdout


def test_recomputing_shows_every_number_that_follows_from_the_rows(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "verify", *placed(tmp_path, one_run()), "--recompute")
    assert done.returncode == 0 and "every stated number follows from the 216 raw rows" in done.stdout


def test_recomputing_names_the_runs_whose_rows_are_not_here(tmp_path: Path) -> None:
    done = lynxweb(tmp_path, "verify", *placed(tmp_path, SHAPES["decided"]()), "--recompute", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, [one["recomputed"] for one in told["recomputed"]]) == (0, [True, None, None])


def altered_number() -> Assembled:
    """A pack of a run, duly signed and logged, whose stated latency does not follow from its rows."""
    story = begun()
    table = builders.samples(trials=3, scale_ppm=12_500_000, requests=72)
    members = builders.members(table, story.how)
    stated = json.loads(members["run.json"])
    stated["operating_points"][0]["metrics"][0]["value"] = "1"
    members["run.json"] = json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    story.accept(builders.sealed(members, key=story.key))
    return assembled(story, shown(story))


def test_a_number_that_does_not_follow_is_found_by_recomputing_alone(tmp_path: Path) -> None:
    arguments = placed(tmp_path, altered_number())
    assert lynxweb(tmp_path, "verify", *arguments).returncode == 0
    done = lynxweb(tmp_path, "verify", *arguments, "--recompute")
    assert done.returncode == 3 and "numbers-differ" in done.stdout + lynxweb(tmp_path, "verify", *arguments, "--recompute", "--json").stdout


def test_a_pack_that_fails_is_not_recomputed(tmp_path: Path) -> None:
    story = begun()
    story.submit()
    made = export(story, contents(story, shown(story)))
    made.files[pack.README] = b"other"
    done = lynxweb(tmp_path, "verify", *placed(tmp_path, made), "--recompute", "--json")
    assert done.returncode == 3 and "recomputed" not in json.loads(done.stdout) and sha256(b"other") not in done.stdout
