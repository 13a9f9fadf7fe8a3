"""Crashes of whoever writes or signs the log: rounds that a test runs a few times and a benchmark a thousand times.

`python -m tests.benchmarks._crashes KIND ROUNDS` runs in an environment that names an empty database (and, for a server, how to stop it), and
prints one JSON object. Kinds: sqlite, backend, stop, careless (stop, with synchronous_commit forced off: it must lose), signer.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LIFE_S = 0.15
ANSWER_WITHIN_S = 60.0


@dataclass
class Outcome:
    """What rounds of crashes left behind; only `rounds` and `acknowledged` may be above zero."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    alone: int = 0  # documents without event, or events without document
    faults: int = 0

    @property
    def clean(self) -> bool:
        """Whether every acknowledged event is there, once, with its document."""
        return not (self.lost or self.doubled or self.alone or self.faults)


def run(kind: str, rounds: int, environment: dict[str, str], seed: int = 1) -> dict[str, Any]:
    """Rounds of `kind` in a process of their own; the figures."""
    command = [sys.executable, "-m", "tests.benchmarks._crashes", kind, str(rounds), str(seed)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def surviving_flips(rows: Sequence[tuple[int, bytes, bytes]], bits_apart: int = 1) -> list[tuple[int, str, int]]:
    """The flipped bits of leaves and stored hashes (position, column, bit) that the signer's fold would sign; `rows` are a whole log."""
    from runner.contract import merkle

    stored = {seq: hashes for seq, _, hashes in rows}
    survived = []
    for seq, leaf, hashes in rows:
        peaks = [merkle.hash_at(stored[place.row], place.level) for place in merkle.peaks(seq)]
        for column, content in (("leaf", leaf), ("hashes", hashes)):
            for bit in range(0, 8 * len(content), bits_apart):
                changed = bytearray(content)
                changed[bit // 8] ^= 1 << bit % 8
                row = (seq, bytes(changed), hashes) if column == "leaf" else (seq, leaf, bytes(changed))
                if _folds(seq, peaks, row):
                    survived.append((seq, column, bit))
    return survived


def _folds(seq: int, peaks: list[bytes], row: tuple[int, bytes, bytes]) -> bool:
    from lynxweb.audit.signing import Refuses, folded
    from runner.contract import merkle

    try:
        folded(merkle.Rebuilt(seq, peaks), [row], seq + 1)
    except Refuses:
        return False
    return True


# -- Writers that die ------------------------------------------------------------------------------------------------------------------------


def _write(acknowledge: int, name: str, careless: bool) -> None:
    """Append events with a document each until killed; tell each committed one by one line on a pipe."""
    from django.db import DatabaseError, connection, transaction

    from lynxweb.audit import snapshots
    from lynxweb.audit.actions import Action
    from lynxweb.audit.actors import SYSTEM, Subject
    from lynxweb.audit.record import record

    number = 0
    while True:
        try:
            with transaction.atomic():
                document = snapshots.keep({"v": 1, "crash": f"{name}-{number}"})
                subject = Subject("run", f"{name}-{number}")
                recorded = record(Action.RUN_DECLARE, subject, actor=SYSTEM, request_id=f"crash:{name}:{number}", payload=document)
                if careless:
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL synchronous_commit = off")
        except DatabaseError:
            return  # the server died: what it had not acknowledged is nobody's
        os.write(acknowledge, f"{recorded.seq} {recorded.leaf_digest}\n".encode())
        number += 1


def _round(writers: int, name: str, harm: Callable[[list[int]], None], life_s: float, careless: bool) -> list[tuple[int, str]]:
    """One generation of writers that lives `life_s` after its first event; what it acknowledged."""
    from django.db import connections

    connections.close_all()
    heard, told = os.pipe()
    children = [_forked(lambda number=number: _write(told, f"{name}-{number}", careless)) for number in range(writers)]  # type: ignore[misc]
    os.close(told)
    if not select.select([heard], [], [], ANSWER_WITHIN_S)[0]:
        raise RuntimeError("no writer wrote anything")
    time.sleep(life_s)
    harm(children)
    for child in children:
        os.waitpid(child, 0)
    with os.fdopen(heard, "rb") as lines:
        complete = lines.read().decode().split("\n")[:-1]
    return [(int(seq), digest) for seq, digest in (line.split(" ") for line in complete)]


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _kill(children: list[int]) -> None:
    for child in children:
        os.kill(child, signal.SIGKILL)


def _kill_backend(children: list[int]) -> None:
    """kill -9 of one server process: the server notices, ends all the others, this one's among them, and recovers."""
    from django.db import DatabaseError, connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1")
        os.kill(cursor.fetchone()[0], signal.SIGKILL)
        deadline = time.monotonic() + ANSWER_WITHIN_S
        with suppress(DatabaseError):
            while time.monotonic() < deadline:
                cursor.execute("SELECT 1")
                time.sleep(0.01)
    _awaken()


def _stop_server(children: list[int]) -> None:
    cluster = _cluster()
    cluster.stop("immediate")
    cluster.start()
    _awaken()


def _cluster() -> Any:
    from tests.benchmarks._cluster import Cluster

    return Cluster(*(kind(value) for kind, value in zip((Path, Path, int), os.environ["CRASH_CLUSTER"].split(":"), strict=True)))


def _awaken() -> None:
    """Wait until the server answers again."""
    from django.db import OperationalError, connection

    deadline = time.monotonic() + ANSWER_WITHIN_S
    while True:
        connection.close()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@dataclass
class _Ledger:
    """Everything that was ever acknowledged."""

    outcome: Outcome = field(default_factory=Outcome)
    told: list[tuple[int, str]] = field(default_factory=list)

    def note(self, acknowledged: Sequence[tuple[int, str]]) -> None:
        """Take one round's acknowledgements in."""
        self.outcome.rounds += 1
        self.told += acknowledged

    def close(self) -> Outcome:
        """The figures, from a full audit and a comparison of everything acknowledged with what the log holds."""
        from lynxweb.audit.full_audit import full_audit
        from lynxweb.audit.models import Event, LogDocument
        from runner.contract import merkle

        there = {seq: merkle.leaf_hash(bytes(leaf)).hex() for seq, leaf in Event.objects.above(0).values_list("seq", "leaf").iterator()}
        self.outcome.acknowledged = len(self.told)
        self.outcome.lost = sum(there.get(seq) != digest for seq, digest in self.told)
        self.outcome.doubled = len(self.told) - len({seq for seq, _ in self.told})
        self.outcome.faults = len(full_audit().faults)
        self.outcome.alone = abs(Event.objects.count() - LogDocument.objects.count())
        return self.outcome


def writer_rounds(kind: str, rounds: int, seed: int) -> Outcome:
    """`rounds` generations of writers, each ended by `kind` at a random moment."""
    harm, writers = {"sqlite": (_kill, 2), "backend": (_kill_backend, 3), "stop": (_stop_server, 3), "careless": (_stop_server, 3)}[kind]
    chance, ledger = random.Random(seed), _Ledger()
    for number in range(rounds):
        name = f"{kind}-{seed}-{number}"
        ledger.note(_round(writers, name, harm, chance.uniform(0, LONGEST_LIFE_S), careless=kind == "careless"))
    return ledger.close()


# -- A signer that dies ----------------------------------------------------------------------------------------------------------------------


def cut_points() -> list[tuple[str, str]]:
    """Every place where a signer can be cut: before, inside and after each operation that brings its memory to the disk."""
    halves = [("write", "half")]
    return [(step, when) for step in ("write", "sync-file", "rename", "sync-folder") for when in ("before", "after")] + halves


def cutting_files(step: str, when: str, cut: Callable[[], None]) -> Any:
    """File operations that call `cut` once, at this place; `half` writes one half of the draft first."""
    from lynxweb.audit.memory import Files

    class Cutting(Files):
        def _around(self, name: str, work: Callable[[], None]) -> None:
            if (name, when) == (step, "before"):
                cut()
            work()
            if (name, when) == (step, "after"):
                cut()

        def write(self, path: Path, content: bytes) -> None:
            if (step, when) == ("write", "half"):
                super().write(path, content[: len(content) // 2])
                cut()
            self._around("write", lambda: Files.write(self, path, content))

        def sync(self, path: Path) -> None:
            self._around("sync-folder" if path.is_dir() else "sync-file", lambda: Files.sync(self, path))

        def rename(self, draft: Path, path: Path) -> None:
            self._around("rename", lambda: Files.rename(self, draft, path))

    return Cutting()


def signer_rounds(rounds: int, seed: int) -> dict[str, int]:
    """Kill the signer `rounds` times, each time at another place; sizes that got two roots, heads that could not be read, refusals."""
    chance, figures = random.Random(seed), {"rounds": 0, "two_roots": 0, "inconsistent": 0, "refused": 0, "faults": 0}
    roots: dict[int, str] = {}
    for number, (step, when) in zip(range(rounds), _for_ever(cut_points()), strict=False):
        _some_events(f"{seed}-{number}", chance.randrange(1, 4))
        _sign_and_die(step, when)
        figures["rounds"] += 1
        figures["inconsistent"] += not _readable()
        if chance.random() < 0.5:
            _some_events(f"{seed}-{number}-later", 1)
        figures["refused"] += not _sign()
        for size, root in _published():
            figures["two_roots"] += roots.setdefault(size, root) != root
    from lynxweb.audit.full_audit import full_audit

    figures["faults"] = len(full_audit().faults)
    return figures


def _for_ever(points: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    while True:
        yield from points


def _sign_and_die(step: str, when: str) -> None:
    from django.db import connections

    from lynxweb.audit import signing

    connections.close_all()
    files = cutting_files(step, when, lambda: os.kill(os.getpid(), signal.SIGKILL))
    os.waitpid(_forked(lambda: print(signing.sign(files=files))), 0)


def _sign() -> bool:
    from lynxweb.audit import signing

    try:
        signing.sign()
    except signing.Refuses:
        return False
    return True


def _readable() -> bool:
    from django.conf import settings

    from lynxweb.audit.memory import recall

    try:
        recall(settings.LYNXWEB_SIGNER_HOME)
    except ValueError:
        return False
    return True


def _published() -> list[tuple[int, str]]:
    from lynxweb.audit.models import Checkpoint

    return list(Checkpoint.objects.values_list("size", "root"))


def _some_events(name: str, count: int) -> None:
    from django.db import transaction

    from lynxweb.audit.actions import Action
    from lynxweb.audit.actors import SYSTEM, Subject
    from lynxweb.audit.record import record

    for number in range(count):
        with transaction.atomic():
            record(Action.RUN_DECLARE, Subject("run", f"{name}-{number}"), actor=SYSTEM, request_id=f"signer:{name}:{number}")


def main(kind: str, rounds: int, seed: int) -> None:
    """Make the tables, run the rounds, print the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lynxweb.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if kind == "signer":
        print(json.dumps(signer_rounds(rounds, seed)))
        return
    outcome = writer_rounds(kind, rounds, seed)
    print(json.dumps({**asdict(outcome), "clean": outcome.clean}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
