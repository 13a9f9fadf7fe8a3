"""A reader's trust policy (C2SP tlog-policy): which logs to believe, kept apart from everything that a log sends.

https://c2sp.org/tlog-policy, the part that needs no witness: `log` and `quorum none` count; `witness` and `group` lines are read and checked, and
a quorum over them is refused, so that nobody believes that cosignatures were checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.contract.notes import VerifierKey, read_vkey
from runner.contract.problems import Problem, Problems

COSIGNATURE_TYPES = (b"\x04", b"\x06")
NO_QUORUM = "none"


@dataclass(frozen=True)
class TrustedLog:
    """A log whose checkpoints are believed; the name of its key is its origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True)
class TrustPolicy:
    """What a reader trusts: at least one log, and no quorum of witnesses."""

    logs: tuple[TrustedLog, ...]

    @property
    def vkeys(self) -> tuple[VerifierKey, ...]:
        """The keys to open checkpoints with."""
        return tuple(log.key for log in self.logs)

    @property
    def text(self) -> str:
        """The policy as a file."""
        lines = [" ".join(filter(None, ("log", str(log.key), log.url))) for log in self.logs]
        return "\n".join([*lines, f"quorum {NO_QUORUM}", ""])


def read(content: bytes) -> TrustPolicy:
    """The policy in a file; raises `Problems` (code `bad-trust-policy`), each naming its line."""
    reading = _Reading()
    for number, line in enumerate(_text(content).split("\n"), 1):
        words = [word for word in re.split("[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            reading.take(f"line {number}", words)
    problems = [*reading.problems, *reading.missing()]
    if problems:
        raise Problems(problems)
    return TrustPolicy(tuple(reading.logs))


@dataclass
class _Reading:
    """What the lines so far have defined, and what was wrong with them."""

    logs: list[TrustedLog] = field(default_factory=list)
    keys: set[tuple[str, bytes]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    quorums: int = 0
    problems: list[Problem] = field(default_factory=list)

    def take(self, path: str, words: list[str]) -> None:
        """Reads one line; keeps its problems."""
        kinds = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        kind = kinds.get(words[0])
        if kind is None:
            self.problems.append(_problem(path, ascii(words[0])[:40], "log, witness, group or quorum", "remove the line, or begin it with #"))
            return
        try:
            self.problems.extend(kind(path, words[1:]))
        except Problems as refused:
            self.problems.extend(_problem(path, one.found, one.expected, one.remedy) for one in refused.problems)

    def missing(self) -> Iterator[Problem]:
        """What a whole policy has and this one lacks."""
        if not self.quorums:
            yield _problem("quorum", "no such line", "the line `quorum none`", "say whether witnesses are asked for")
        if not self.logs and not any(problem.path.startswith("line") for problem in self.problems):
            yield _problem("log", "no such line", "at least one log", "add the log's verifier key, obtained over a second channel")

    def _log(self, path: str, words: list[str]) -> Iterator[Problem]:
        if not 1 <= len(words) <= 2:
            yield _problem(path, f"{len(words)} words", "log, a verifier key and perhaps an address", "write one log a line")
            return
        key = VerifierKey.read(words[0])
        yield from self._once(path, "log", key.public)
        self.logs.append(TrustedLog(key, words[1] if len(words) == 2 else None))

    def _witness(self, path: str, words: list[str]) -> Iterator[Problem]:
        if not 2 <= len(words) <= 3:
            yield _problem(path, f"{len(words)} words", "witness, a name, a verifier key and perhaps an address", "write one witness a line")
            return
        typed = read_vkey(words[1])[1]
        if typed[:1] not in COSIGNATURE_TYPES:
            yield _problem(path, f"type 0x{typed[:1].hex()}", "a cosignature key, type 0x04 or 0x06", "ask the witness for its cosignature key")
        yield from self._once(path, "witness", typed[1:])
        yield from self._define(path, words[0])

    def _group(self, path: str, words: list[str]) -> Iterator[Problem]:
        name, threshold, *members = [*words, "", ""]
        members = [member for member in members if member]
        numbered = re.fullmatch("[1-9][0-9]{0,3}", threshold) is not None and int(threshold) <= len(members)
        if not members or not (threshold in {"all", "any"} or numbered):
            yield _problem(
                path, " ".join(words)[:80], "group, a name, all, any or a number, and members", "name at least as many members as are needed"
            )
            return
        for member in members:
            if member not in self.names:
                yield _problem(path, ascii(member)[:80], "a witness or group of an earlier line", "define members first")
            elif member in self.members:
                yield _problem(path, ascii(member)[:80], "each name in one group, once", "name it once")
            self.members.add(member)
        yield from self._define(path, name)

    def _quorum(self, path: str, words: list[str]) -> Iterator[Problem]:
        self.quorums += 1
        if self.quorums > 1:
            yield _problem(path, "a second quorum", "one quorum line", "remove one of the two")
        if words != [NO_QUORUM]:
            found = " ".join(words)[:80] or "nothing"
            yield _problem(path, found, "none", "write `quorum none`: cosignatures of witnesses are not checked yet, and are not taken for checked")

    def _once(self, path: str, kind: str, public: bytes) -> Iterator[Problem]:
        if (kind, public) in self.keys:
            yield _problem(path, "a key that an earlier line has", f"each key of a {kind} once", "remove one of the two lines")
        self.keys.add((kind, public))

    def _define(self, path: str, name: str) -> Iterator[Problem]:
        if name in self.names or name == NO_QUORUM:
            yield _problem(path, ascii(name)[:80], "a name of its own, other than none", "choose another name")
        self.names.add(name)


def _text(content: bytes) -> str:
    if re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", content):
        raise Problems([_problem("$", "a control character", "text with line feeds alone between lines", "save the file with Unix line ends")])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Problems([_problem("$", str(error)[:120], "UTF-8", "save the file as UTF-8")]) from error


def _problem(path: str, found: str, expected: str, remedy: str) -> Problem:
    return Problem(path, found, expected, remedy, "bad-trust-policy")
