"""Packs under the bare verifier: one of a thousand events, timed; three shapes with every byte changed in five ways, and files moved.

`python -m tests.benchmarks._audit_packs FIRST STRIDE STEP CONTENTS` does the share of one of STRIDE processes of the sweep and prints one JSON
object: every STEPth byte of the ZIP in five ways, every CONTENTSth byte of the files with checksums repaired, with the manifest and without; files
dropped, emptied, renamed, doubled, replaced and spliced in from another pack.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from runner import verify
from tests.benchmarks._tampering import Count, bytes_changed, contents_changed, files_changed
from tests.packs.assembling import Assembled, Shown, assembled
from tests.packs.shapes import SHAPES
from tests.packs.story import Story, nonce_of

GOAL_S, RUNS_OF = 30, 3
BARE = [sys.executable, "-I", "-S"]  # no packages beside the standard library


def many(events: int) -> Assembled:
    """A pack that shows at least this many events: runs that were declared, submitted, checked, reviewed and published."""
    story, number = Story(), 0
    story.begin()
    shown = [("methodology", story.how.sha256), ("node", story.node), ("key", story.key.key_id)]
    while len(story.ledger.leaves) < events:
        number += 1
        story.declare(nonce_of(number))
        run = story.submit(number, nonce=nonce_of(number))
        story.review(run, name=f"rev_{number}")
        story.publish(run)
        shown += [("run", run), ("declaration", nonce_of(number)), ("review", f"rev_{number}")]
    return assembled(story, Shown(shown), (1, 3, 4))


def verified(events: int) -> tuple[dict[str, Any], dict[str, dict[str, object]]]:
    """How long the file needs alone, in a folder without anything else, and the goal."""
    made = many(events)
    content, took = made.content, []
    if subprocess.run([*BARE, "-c", "import cryptography"], capture_output=True, check=False).returncode == 0:
        raise SystemExit("audit_log: this Python brings cryptography along; the figure is for one that does not")
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("pack.zip", content), ("trust", made.ledger.policy), ("verify.py", Path(verify.__file__).read_bytes())):
            (Path(folder) / name).write_bytes(part)
        for _ in range(RUNS_OF):
            begun = time.perf_counter()
            done = subprocess.run([*BARE, "verify.py", "pack.zip", "--trust", "trust"], cwd=folder, capture_output=True, text=True, check=False)
            took.append(time.perf_counter() - begun)
            if done.returncode != 0:
                raise SystemExit(f"audit_log: the verifier refused a true pack: {done.stdout[-800:]}{done.stderr[-800:]}")
    shown, seconds = sum(name.startswith("events/") for name in made.files), sorted(took)[len(took) // 2]
    signatures = sum(name.startswith("bundles/") for name in made.files) + 1
    figures = {"events": shown, "files": len(made.files) + 2, "bytes": len(content), "ed25519_signatures": signatures, "seconds": round(seconds, 2)}
    return figures, {"pack_verified": {"within_s": GOAL_S, "seconds": round(seconds, 2), "met": seconds < GOAL_S}}


def share(first: int, stride: int, step: int, contents: int) -> dict[str, dict[str, int]]:
    """One process's share of the sweep, by kind of change."""
    found: dict[str, dict[str, int]] = {}
    for number, (name, make) in enumerate(SHAPES.items()):
        made, other = make(), next(two() for key, two in SHAPES.items() if key != name)
        kinds = {"bytes_of_the_zip": bytes_changed(made, step=step * stride, first=first * step)}
        if number % stride == first:
            kinds["bytes_of_files_checksums_repaired"] = contents_changed(made, contents, manifest=False)
            kinds["files_moved"] = files_changed(made, other)
        if number % stride != first or stride == 1:
            kinds["bytes_of_files_checksums_and_manifest_repaired"] = contents_changed(made, contents)
        for kind, count in kinds.items():
            add(found.setdefault(kind, {}), count)
    return found


def add(total: dict[str, int], count: Count) -> None:
    """Take one count in."""
    for name, number in (("tried", count.tried), ("changed", count.changed), ("undetected", len(count.undetected))):
        total[name] = total.get(name, 0) + number


if __name__ == "__main__":
    print(json.dumps(share(*(int(one) for one in sys.argv[1:5]))))
