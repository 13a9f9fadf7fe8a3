"""The layout of an evidence pack: names of its files, its lists, and the one ZIP that a set of files makes.

Reading a pack is not done here: the one reader is `runner/verify.py`, which shares no code with the writer, so that neither can hide a fault of
the other.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterable, Mapping

from runner.contract.canonical import encode, sha256
from runner.contract.problems import Problem, Problems

README, VERIFY, VERIFIER, TRUST = "README.html", "VERIFY.txt", "verify.py", "trust-policy.example"
MANIFEST, CHECKPOINT, HEADS, OMITTED = "manifest.json", "checkpoint", "heads.json", "omitted.json"
RULINGS = ("ruling", "register")
MOST_FILES = 60_000
LARGEST_PACK_BYTES = 1 << 30
DATE = (1980, 1, 1, 0, 0, 0)
REGULAR_0644 = 0o100644 << 16
AFTER_EXPORT = ("proofs/", "consistency/", "timestamps/")  # made after the export, so its content list cannot hold them
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,120}")

Head = tuple[int, int | None]


def event_name(position: int) -> str:
    """The file of the leaf at a position of the log."""
    return f"events/{position:012d}.json"


def proof_name(position: int) -> str:
    """The file of the proof that the log holds the leaf at a position."""
    return f"proofs/{position:012d}.tlog-proof"


def opening_name(position: int) -> str:
    """The file of what was released of the private values of an event."""
    return f"openings/{position:012d}.json"


def consistency_name(earlier: int, size: int) -> str:
    """The file of the proof that the log of `size` events begins with that of `earlier` events."""
    return f"consistency/{earlier}-{size}"


def bundle_name(digest: str) -> str:
    """The file of a signed envelope with this SHA-256."""
    return f"bundles/{digest}.dsse.json"


def payload_name(digest: str) -> str:
    """The file of raw bytes (a table of samples, for one) with this SHA-256."""
    return f"payload/{digest}"


def document_name(digest: str) -> str:
    """The file of a canonical JSON document with this SHA-256."""
    return f"documents/{digest}.json"


def heads(newest: Mapping[tuple[str, str], Head]) -> bytes:
    """`heads.json`: newest (revision, position) of each object by (type, id); the ruling register stands there even if it is empty."""
    complete = {RULINGS: (0, None), **newest}
    rows = [{"type": kind, "id": name, "rev": rev, "seq": seq} for (kind, name), (rev, seq) in sorted(complete.items())]
    return encode({"v": 1, "heads": rows})


def omitted(left_out: Mapping[str, tuple[str, str]]) -> bytes:
    """`omitted.json`: for each digest whose bytes are not in the pack, what it is and why it is not here."""
    rows = [{"sha256": digest, "what": what, "reason": reason} for digest, (what, reason) in sorted(left_out.items())]
    return encode({"v": 1, "omitted": rows})


def opening(released: Mapping[str, tuple[bytes, object]]) -> bytes:
    """An openings file: for each name of a commitment its (salt, value)."""
    return encode({name: {"salt": base64.b64encode(salt).decode(), "value": value} for name, (salt, value) in released.items()})


def consistency(hashes: Iterable[bytes]) -> bytes:
    """A consistency file: one hash a line."""
    return b"".join(base64.b64encode(one) + b"\n" for one in hashes)


def content_list(files: Mapping[str, bytes]) -> bytes:
    """What `pack.export` binds: name, digest and size of each file, but for the manifest, the checkpoint and what is proved after the export.

    `files` must not hold the leaf of the export itself, which names the SHA-256 of this list.
    """
    bound = (name for name in sorted(files) if name not in (MANIFEST, CHECKPOINT) and not name.startswith(AFTER_EXPORT))
    return encode([{"name": name, "sha256": sha256(files[name]), "size": len(files[name])} for name in bound])


def manifest(files: Mapping[str, bytes]) -> bytes:
    """`manifest.json`: digest and size of every file but itself and the checkpoint."""
    listed = sorted(set(files) - {MANIFEST, CHECKPOINT})
    return encode({"v": 1, "files": {name: {"sha256": sha256(files[name]), "size": len(files[name])} for name in listed}})


def build(files: Mapping[str, bytes], checkpoint: bytes) -> bytes:
    """The pack's bytes: the same files and checkpoint always make the same bytes.

    `files` are those of the content list, the leaf of the export, and a proof for every event from the tree of `checkpoint` (a signed note);
    the manifest is added here.
    """
    whole = {**files, CHECKPOINT: checkpoint}
    return archive({**whole, MANIFEST: manifest(whole)})


def archive(files: Mapping[str, bytes]) -> bytes:
    """A ZIP whose every byte follows from names and contents: stored, sorted, 1980-01-01, 0644, no extra field, no comment."""
    _refuse(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=False) as container:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system, entry.external_attr = 3, REGULAR_0644
            container.writestr(entry, files[name])
    return target.getvalue()


def _refuse(files: Mapping[str, bytes]) -> None:
    strange = [name for name in files if not _NAME.fullmatch(name) or ".." in name or name.startswith("/")]
    problems = [Problem(f"pack.{name[:80]!r}", "a file name", "1 to 120 of A-Z a-z 0-9 . _ / -", "rename it", "pack") for name in strange]
    size = sum(map(len, files.values()))
    if len(files) > MOST_FILES or size > LARGEST_PACK_BYTES:
        problems.append(
            Problem("pack", f"{len(files)} files, {size} bytes", f"at most {MOST_FILES} and {LARGEST_PACK_BYTES}", "show fewer runs", "pack")
        )
    if problems:
        raise Problems(problems)
