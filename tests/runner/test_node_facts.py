"""What a run says of its runner and its wall clock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.build import runner_build
from runner.walltime import CLOCK_ERROR, STA_NANO, STA_UNSYNC, Timex, offset_of, utc_now

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(changed: str | None = "", commit: str | None = COMMIT):  # type: ignore[no-untyped-def]
    return lambda arguments: commit if arguments[0] == "rev-parse" else changed


def test_a_checkout_names_its_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    build = runner_build(tmp_path, git())
    assert (build.commit, build.dirty) == (COMMIT, False)


def test_a_changed_checkout_is_dirty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert runner_build(tmp_path, git(" M runner/cli.py")).dirty


def test_without_checkout_or_stamp_the_commit_is_unknown(tmp_path: Path) -> None:
    assert runner_build(tmp_path, git()).commit == "unknown"


def test_a_git_that_does_not_answer_leaves_the_commit_unknown(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert runner_build(tmp_path, git(commit=None)).commit == "unknown"


def test_the_time_is_utc_with_six_digits() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", utc_now())


@pytest.mark.parametrize(
    ("state", "status", "offset", "seen"),
    [
        (0, 0, 12, (12_000, "observed")),
        (0, STA_NANO, -12, (-12, "observed")),
        (0, STA_UNSYNC, 12, (None, "unreadable:not-synchronised")),
        (CLOCK_ERROR, 0, 12, (None, "unreadable:not-synchronised")),
        (-1, 0, 0, (None, "unreadable:refused")),
    ],
)
def test_the_clocks_offset_is_read_only_where_it_is_synchronised(state: int, status: int, offset: int, seen: tuple[int | None, str]) -> None:
    timex = Timex(status=status, offset=offset)
    leaf = offset_of(state, timex)
    assert (leaf.value, leaf.status) == seen
