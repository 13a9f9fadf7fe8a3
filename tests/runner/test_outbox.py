"""A sealed bundle reaches the disk whole, stays there, and keeps what the site said beside it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.contract.problems import Problems
from runner.outbox import Outbox

DIGEST = "a" * 64
WRITER = """
import sys
from pathlib import Path
from runner.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10_000):
    digest = f"{number:064x}"
    outbox.put(digest, digest.encode() * 4096)
    print(digest, flush=True)
"""


def test_a_bundle_lies_on_the_disk_with_its_exact_bytes(tmp_path: Path) -> None:
    entry = Outbox(tmp_path / "outbox").put(DIGEST, b"sealed")
    assert entry.path.read_bytes() == b"sealed"
    assert entry.state == "pending"


def test_a_bundle_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    entry = Outbox(tmp_path / "outbox").put(DIGEST, b"sealed")
    assert entry.path.stat().st_mode & 0o077 == 0
    assert entry.path.parent.stat().st_mode & 0o077 == 0


def test_a_bundle_is_never_rewritten(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put(DIGEST, b"first")
    outbox.put(DIGEST, b"second")
    assert outbox.find(DIGEST).path.read_bytes() == b"first"


def test_a_receipt_makes_it_sent_and_keeps_the_bundle(tmp_path: Path) -> None:
    entry = Outbox(tmp_path).put(DIGEST, b"sealed")
    entry.sent({"receipt": "r"})
    assert (entry.state, entry.receipt, entry.path.exists()) == ("sent", {"receipt": "r"}, True)


def test_the_first_receipt_stays(tmp_path: Path) -> None:
    entry = Outbox(tmp_path).put(DIGEST, b"sealed")
    entry.sent({"receipt": 1})
    entry.sent({"receipt": 2})
    assert entry.receipt == {"receipt": 1}


def test_a_refused_bundle_stays_with_its_problem(tmp_path: Path) -> None:
    entry = Outbox(tmp_path).put(DIGEST, b"sealed")
    entry.refused({"code": "numbers-differ"})
    assert (entry.state, entry.problem, entry.path.read_bytes()) == ("refused", {"code": "numbers-differ"}, b"sealed")


def test_a_receipt_after_a_refusal_clears_the_problem(tmp_path: Path) -> None:
    entry = Outbox(tmp_path).put(DIGEST, b"sealed")
    entry.refused({"code": "unknown-methodology"})
    entry.sent({"receipt": 1})
    assert (entry.state, entry.problem) == ("sent", None)


def test_bundles_come_oldest_first(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for number, name in enumerate(("c", "a", "b")):
        os.utime(outbox.put(name * 64, b"x").path, ns=(number, number))
    assert [entry.digest[0] for entry in outbox.entries()] == ["c", "a", "b"]


def test_the_beginning_of_a_digest_finds_its_bundle(tmp_path: Path) -> None:
    Outbox(tmp_path).put(DIGEST, b"x")
    assert Outbox(tmp_path).find("aaaaaa").digest == DIGEST


@pytest.mark.parametrize("name", ["aaa", "bbbbbb", "nowhere.bundle"])
def test_a_name_that_means_nothing_or_too_little_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    Outbox(tmp_path).put(DIGEST, b"x")
    with pytest.raises(Problems) as caught:
        Outbox(tmp_path).find(name)
    assert caught.value.problems[0].path == name


def test_a_beginning_that_two_digests_share_is_an_error(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("a" * 63 + "1", b"x")
    outbox.put("a" * 63 + "2", b"x")
    with pytest.raises(Problems):
        outbox.find("aaaaaa")


def test_a_writer_killed_at_any_point_loses_no_kept_bundle_and_leaves_no_half_one(tmp_path: Path) -> None:
    chance = random.Random(11)
    for _ in range(6):
        folder = tmp_path / str(chance.random())
        child = subprocess.Popen((sys.executable, "-c", WRITER, str(folder)), stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.15))
        child.send_signal(signal.SIGKILL)
        told = {line.strip() for line in child.stdout.read().splitlines() if len(line.strip()) == 64}
        child.wait()
        kept = Outbox(folder).entries()
        assert told <= {entry.digest for entry in kept}
        assert all(entry.path.read_bytes() == entry.digest.encode() * 4096 for entry in kept)
        assert not list(folder.glob(".*.tmp"))
