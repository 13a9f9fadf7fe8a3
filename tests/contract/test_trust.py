"""A trust policy names the logs that a reader believes, and refuses whatever would make a reader believe more than was checked."""

from __future__ import annotations

import pytest

from runner.contract import trust
from runner.contract.notes import VerifierKey
from runner.contract.problems import Problems
from tests.contract.note_vectors import KEY, OTHER, VKEY, retyped

SECOND = VerifierKey("log.example/2", OTHER.public)
WITNESSES = f"witness w1 {retyped(OTHER.public, 4)}\nwitness w2 {retyped(KEY.public, 6)} https://w2.example/\n"


def _policy(lines: str) -> bytes:
    return f"log {VKEY}\n{lines}quorum none\n".encode()


def _told(content: bytes) -> str:
    with pytest.raises(Problems) as caught:
        trust.read(content)
    assert caught.value.codes == ("bad-trust-policy",)
    return str(caught.value)


def test_logs_comments_and_blank_lines_are_read() -> None:
    policy = trust.read(_policy(f"\n  # a comment\n\t\n\tlog  {SECOND}\thttps://log.example/2 \n"))
    assert policy.logs == (trust.TrustedLog(VKEY), trust.TrustedLog(SECOND, "https://log.example/2"))
    assert policy.vkeys == (VKEY, SECOND)


def test_a_policy_is_read_as_it_was_written() -> None:
    policy = trust.TrustPolicy((trust.TrustedLog(VKEY, "https://log.example/1"), trust.TrustedLog(SECOND)))
    assert trust.read(policy.text.encode()) == policy


def test_both_keys_of_one_log_may_be_listed() -> None:
    assert len(trust.read(_policy(f"log {VerifierKey(VKEY.name, OTHER.public)}\n")).logs) == 2


def test_witnesses_that_no_quorum_asks_for_are_read_and_not_trusted() -> None:
    assert trust.read(_policy(f"{WITNESSES}group g 1 w1 w2\ngroup h any g\n")).vkeys == (VKEY,)


@pytest.mark.parametrize("quorum", ["w1", "g"])
def test_a_quorum_of_witnesses_is_refused_with_the_remedy(quorum: str) -> None:
    content = f"log {VKEY}\n{WITNESSES}group g all w1 w2\nquorum {quorum}\n".encode()
    assert "`quorum none`: cosignatures of witnesses are not checked yet" in _told(content)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (f"log {VKEY}\n", "a key that an earlier line has"),
        (f"log {VerifierKey('log.example/2', KEY.public)}\n", "a key that an earlier line has"),
        ("logs x\n", "expected log, witness, group or quorum"),
        (f"log {retyped(OTHER.public, 4)}\n", "type 0x01, Ed25519"),
        (f"witness w {SECOND}\n", "a cosignature key, type 0x04 or 0x06"),
        (f"witness none {retyped(OTHER.public, 4)}\n", "a name of its own"),
        (f"{WITNESSES}{WITNESSES}", "each key of a witness once"),
        ("witness w\n", "got 1 words"),
        ("group g any w\n", "a witness or group of an earlier line"),
        (f"{WITNESSES}group g 3 w1 w2\n", "at least as many members"),
        (f"{WITNESSES}group g 0 w1\n", "at least as many members"),
        (f"{WITNESSES}group g any\n", "at least as many members"),
        (f"{WITNESSES}group g any w1 w1\n", "name it once"),
        (f"{WITNESSES}group g any w1\ngroup h any w1\n", "name it once"),
        (f"{WITNESSES}group w1 any w2\n", "a name of its own"),
        ("quorum none\n", "a second quorum"),
        ("quorum\n", "got nothing"),
        ("# \x7f\n", "a control character"),
        ("# \r\n", "save the file with Unix line ends"),
    ],
)
def test_a_wrong_line_is_told(lines: str, told: str) -> None:
    assert told in _told(_policy(lines))


def test_a_policy_without_logs_or_quorum_is_none() -> None:
    assert "at least one log" in _told(b"quorum none\n")
    assert "the line `quorum none`" in _told(f"log {VKEY}\n".encode())


def test_all_wrong_lines_are_told_at_once_with_their_numbers() -> None:
    with pytest.raises(Problems) as caught:
        trust.read(f"log {VKEY}x\nwho {VKEY}\nlog {SECOND}\nquorum w\n".encode())
    assert [problem.path for problem in caught.value.problems] == ["line 1", "line 2", "line 4"]


def test_another_encoding_is_refused() -> None:
    assert "UTF-8" in _told(_policy("") + b"# \xff\n")
    assert "control character" in _told(_policy("").decode().encode("utf-16"))
