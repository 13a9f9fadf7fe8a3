"""`python -m tests.contract.evidence_vectors` writes `vectors/notes_and_proofs.json`, which any other reader of our formats can be held against.

Everything follows from fixed seeds, so that the file is the same each time; numbers are strings because 2^63 is among them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.contract import note_vectors, proof_vectors
from tests.contract.note_vectors import Entry

VECTORS = Path(__file__).parent / "vectors" / "notes_and_proofs.json"
ABOUT = (
    "Vectors for readers of signed notes, checkpoints, tlog proofs, trust policies and Merkle proofs. accept says whether a strict reader takes the "
    "entry. Notes, checkpoints and tlog proofs are base64 of the exact bytes; hashes are hex; numbers are decimal strings. A note may be signed only "
    "by keys in vkeys. A checkpoint's signer is named by its origin."
)

SECTIONS: dict[str, Callable[[], Iterator[Entry]]] = {
    "vkeys": note_vectors.vkeys,
    "notes": note_vectors.note_entries,
    "checkpoints": note_vectors.checkpoint_entries,
    "tlog_proofs": proof_vectors.tlog_proof_entries,
    "inclusion": proof_vectors.inclusion_entries,
    "consistency": proof_vectors.consistency_entries,
    "policies": proof_vectors.policy_entries,
}


def document() -> str:
    """The whole file, one entry a line."""
    sections = [json.dumps("v") + ": 1", json.dumps("about") + ": " + json.dumps(ABOUT)]
    for name, entries in SECTIONS.items():
        rows = ",\n".join("  " + json.dumps(entry) for entry in entries())
        sections.append(f"{json.dumps(name)}: [\n{rows}\n]")
    return "{" + ",\n".join(sections) + "}\n"


if __name__ == "__main__":
    VECTORS.write_text(document(), encoding="utf-8")
