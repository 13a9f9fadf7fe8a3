"""`python -m tests.benchmarks.audit_log`: does the log hold at a million events, under many writers, under crashes, and against every alteration?

A log of a million events is filled on SQLite and on a private PostgreSQL with fsync on. Inclusion proofs are timed beside pymerkle's SQLite tree at
2·10⁴ leaves; durable appends by up to 16 writers beside a bare durable one-row INSERT by the same writers; then the full audit reads it all, with
what the writers added. A pack of a thousand events is verified by the bare file. Then, by two processes at a time and untimed: every byte of three
packs changed in five ways and files moved; every column of every row of a site of ten thousand rows altered; writers killed, servers stopped.

`--quick` does the same at small sizes for the gate, and claims no goal that speaks of time; `--full` crashes a thousand times. RFC 6962 trees of all
sizes to 300 against pymerkle, and the C2SP vectors, are tests (`tests/contract/test_merkle.py`, `test_proofs.py`, `test_notes.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import _audit_packs, _audit_places, _cluster, _crashes
from tests.benchmarks.report import finish, progress

AUDIT_WITHIN_S = 60
Goals = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Sizes:
    """How much of everything; `plan` lists (database, writers, blocks)."""

    events: int = 1_000_000
    proof_blocks: int = 20
    plan: tuple[tuple[str, int, int], ...] = (
        ("postgresql", 1, 2), ("postgresql", 4, 2), ("postgresql", 8, 2), ("postgresql", 16, 6), ("sqlite", 1, 2), ("sqlite", 4, 2),
    )  # fmt: skip
    seconds: float = 2.0
    pack_events: int = 1000
    byte_step: int = 1
    contents_step: int = 97
    site_rows: int = 10_000
    crashes: tuple[tuple[str, int], ...] = (("sqlite", 60), ("signer", 36), ("backend", 15), ("stop", 15))


QUICK = Sizes(
    events=20_000, proof_blocks=3, plan=(("postgresql", 16, 2), ("sqlite", 4, 2)), seconds=0.7, pack_events=200, byte_step=301, contents_step=1999,
    site_rows=250, crashes=(("sqlite", 3), ("signer", 9), ("backend", 1), ("stop", 1)),
)  # fmt: skip
FULL = Sizes(contents_step=11, crashes=(("sqlite", 1000), ("signer", 504), ("backend", 100), ("stop", 100)))


def at_scale(sizes: Sizes) -> tuple[dict[str, Any], Goals]:
    """The filled logs: proofs, appends, and the full audit of everything at the end."""
    with _audit_places.scratch() as places:
        from tests.benchmarks import _audit_appends, _audit_fill, _audit_proofs

        figures: dict[str, Any] = {"fsyncs_per_s": places.fsyncs_per_s()}
        works = [partial(_timed_fill, _audit_fill.fill, alias, sizes.events) for alias in _audit_places.ALIASES.values()]
        for name, answer in zip(_audit_places.ALIASES, _audit_places.forked(works), strict=True):
            figures[f"{name}_fill"] = json.loads(answer)
        progress(f"audit_log: filled to {sizes.events:,} events")
        figures["proofs"], goals = _audit_proofs.measured(sizes.events, places.folder, sizes.proof_blocks)
        figures["appends"], more = _audit_appends.measured(sizes.plan, sizes.seconds)
        figures["fsyncs_per_s_after_appends"] = places.fsyncs_per_s()
        for name, alias in _audit_places.ALIASES.items():
            grown = sum(told["events"]["n"] for key, told in figures["appends"].items() if key.startswith(name))
            figures[f"{name}_full_audit"], goals[f"{name}_full_audit"] = audited(alias, sizes.events + grown)
            progress(f"audit_log: full audit of {name}: {figures[f'{name}_full_audit']}")
    return figures, goals | more


def _timed_fill(fill: Any, alias: str, events: int) -> bytes:
    begun = time.perf_counter()
    size = fill(alias, events)
    seconds = time.perf_counter() - begun
    told = {"events": events, "seconds": round(seconds, 1), "per_s": round(events / seconds), "leaf_bytes_mean": round(size / events)}
    return json.dumps(told).encode()


def audited(alias: str, expected: int) -> tuple[dict[str, Any], dict[str, object]]:
    """The full audit: seconds, and whether the log holds every event that was acknowledged, in one line without a gap."""
    from lynxweb.audit.full_audit import full_audit

    begun = time.perf_counter()
    audit = full_audit(alias)
    seconds = time.perf_counter() - begun
    figures = {
        "events": audit.size, "seconds": round(seconds, 1), "events_per_s": round(audit.size / seconds), "faults": len(audit.faults),
        "gaps_and_forks": len(audit.faults) + abs(audit.size - expected),
    }  # fmt: skip
    whole = audit.clean and audit.size == expected
    return figures, {"within_s": AUDIT_WITHIN_S, "seconds": round(seconds, 1), "whole": whole, "met": whole and seconds < AUDIT_WITHIN_S}


def _module(name: str, arguments: list[int], environment: dict[str, str]) -> Any:
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=_crashes.ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"audit_log: {name} ended with {done.returncode}")
    return json.loads(done.stdout.rstrip().splitlines()[-1])


def tampered(sizes: Sizes, first: int) -> dict[str, dict[str, int]]:
    """Half of the sweep over three packs."""
    found: dict[str, dict[str, int]] = _module("_audit_packs", [first, 2, sizes.byte_step, sizes.contents_step], {})
    progress(f"audit_log: half of the tampering: {found}")
    return found


def altered(sizes: Sizes) -> dict[str, Any]:
    """The site of many rows: its replay, and every column of every row altered."""
    with tempfile.TemporaryDirectory(prefix="lynxweb-audit-log-") as folder:
        found: dict[str, Any] = _module("_audit_site", [sizes.site_rows], {"LYNXWEB_HOME": folder, "DATABASE_URL": ""})
    progress(f"audit_log: a site of {found['rows']} rows, {found['altered']} alterations")
    return found


def crashed(sizes: Sizes) -> dict[str, Any]:
    """Rounds of crashes: writers of an SQLite file and a signer killed; backends killed and the server stopped at once, on a server of its own."""
    programs, found = _cluster.programs(), {}
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="lynxweb-audit-log-") as folder, _cluster.running(programs) as server:
        places = _audit_places.Places(Path(folder), server)
        for kind, rounds in sizes.crashes:
            home = tempfile.mkdtemp(dir=folder)
            address = "" if kind in ("sqlite", "signer") else places.database(f"crash_{kind}")
            environment = {"LYNXWEB_HOME": home, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "lynxweb.settings"}
            found[kind] = _crashes.run(kind, rounds, environment | {"CRASH_CLUSTER": f"{programs}:{server.folder}:{server.port}"})
            progress(f"audit_log: crashes, {kind}: {found[kind]}")
    return found


def attacked(sizes: Sizes) -> tuple[dict[str, Any], Goals]:
    """Everything that must never go unnoticed; two processes at a time."""
    with ThreadPoolExecutor(2) as two:
        halves = [two.submit(tampered, sizes, first) for first in (0, 1)]
        site, crashes = two.submit(altered, sizes), two.submit(crashed, sizes)
        tampering: dict[str, dict[str, int]] = {}
        for half in halves:
            for kind, counts in half.result().items():
                tampering[kind] = {name: tampering.get(kind, {}).get(name, 0) + number for name, number in counts.items()}
        figures = {"tampering": tampering, "altered_site": site.result(), "crashes": crashes.result()}
    undetected = sum(counts["undetected"] for counts in tampering.values())
    unnamed, losses = site.result()["unnamed"], {kind: _losses(told) for kind, told in crashes.result().items()}
    tampering["every_nth_byte"] = {"of_the_zip": sizes.byte_step, "of_the_files": sizes.contents_step}
    return figures, {
        "tampering_undetected": {"at_most": 0, "undetected": undetected, "met": undetected == 0},
        "altered_columns_unnamed": {"at_most": 0, "unnamed": unnamed, "met": unnamed == 0},
        "crashes_lost_or_doubled": {"at_most": 0, **losses, "met": not any(losses.values())},
    }


def _losses(told: dict[str, int]) -> int:
    return sum(told.get(name, 0) for name in ("lost", "doubled", "alone", "faults", "two_roots", "inconsistent"))


def main() -> None:
    """Measure and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="small sizes, a minute; goals on time are not claimed")
    kind.add_argument("--full", action="store_true", help="a thousand crashes, and more bytes with repaired checksums")
    parser.add_argument("--events", type=int, help="another size of the log")
    asked, begun = parser.parse_args(), time.perf_counter()
    sizes = QUICK if asked.quick else FULL if asked.full else Sizes()
    if asked.events:
        sizes = Sizes(**{**sizes.__dict__, "events": asked.events})
    figures, goals = at_scale(sizes)
    if asked.quick:
        whole = all(bool(goals[f"{name}_full_audit"]["whole"]) for name in _audit_places.ALIASES)
        figures["quick"] = "sizes smaller than the goals speak of: no goal on time is claimed"
        goals = {"gaps_and_forks": {"at_most": 0, "met": whole}}
    figures["pack"], packed = _audit_packs.verified(sizes.pack_events)
    more_figures, more_goals = attacked(sizes)
    goals |= more_goals if asked.quick else packed | more_goals
    figures |= more_figures | {"took_s": round(time.perf_counter() - begun), "load_average_15_min": round(os.getloadavg()[2], 2)}
    finish("audit_log", figures, goals)


if __name__ == "__main__":
    main()
