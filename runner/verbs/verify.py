"""`lynxweb verify`: the pack's own one-file verifier, and on demand every number of every run computed again from the raw rows."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner import verify
from runner.contract import container
from runner.contract.bundle import ENVELOPE, read
from runner.contract.canonical import decode
from runner.contract.check import Checked, check
from runner.contract.dsse import parse
from runner.contract.pack import document_name, payload_name
from runner.contract.problems import Problem, Problems
from runner.report.problems import problem_document, problem_lines
from runner.report.runs import run_document, run_lines
from runner.talk import Talk
from runner.verbs.result import DONE, WANTING, Result

DIFFERS = "The bundle in the pack does not give the numbers that it states"


def perform(talk: Talk, pack: str, trust: str, remember: str, recompute: bool) -> Result:
    """Check a pack: 0 when no check failed (and, with `recompute`, every stated number follows from its rows), 3 otherwise."""
    place = Path(pack)
    try:
        report = verify.verify_files(place, Path(trust) if trust else None, Path(remember) if remember else None)
    except OSError as error:
        found, remedy = f"{type(error).__name__}: {error}", "name files that can be read"
        raise Problems([Problem("PACK", found[:200], "a pack, and the trust policy", remedy, "usage")]) from error
    lines = verify.lines(report)
    if not recompute or not report["accepted"]:
        return Result(DONE if report["accepted"] else WANTING, report, lines)
    recomputed = list(_recomputed(verify.unzip(place.read_bytes()), report["runs"], talk))
    whole = all(one["recomputed"] is not False for one, _ in recomputed)
    told = [line for _, text in recomputed for line in ["", *text]]
    return Result(DONE if whole else WANTING, {**report, "recomputed": [one for one, _ in recomputed]}, [*lines, *told])


def _recomputed(files: Mapping[str, bytes], runs: list[dict[str, object]], talk: Talk) -> Iterator[tuple[dict[str, object], list[str]]]:
    """For each run its document and its lines; `recomputed` is None where a member of the bundle is not in the pack."""
    envelopes = {_run_of(content): content for name, content in files.items() if name.startswith("bundles/")}
    for run in runs:
        digest = str(run["run"])
        talk.say(f"computing run {digest[:12]} again")
        sealed = _sealed(files, envelopes.get(digest))
        if sealed is None:
            yield {"run": digest, "recomputed": None}, [f"run {digest[:12]}: not computed again, because part of its bundle is not in this pack"]
            continue
        try:
            checked = check(read(io.BytesIO(sealed)))
        except Problems as problems:
            problem = problem_document(problems, DIFFERS)
            yield {"run": digest, "recomputed": False, "problem": problem}, [f"run {digest[:12]}:", *problem_lines(problem)]
        else:
            yield {"run": digest, "recomputed": True, **run_document(checked)}, _lines(checked)


def _lines(checked: Checked) -> list[str]:
    return [*run_lines(checked), f"  every stated number follows from the {len(checked.evidence.samples):,} raw rows in this pack"]


def _run_of(envelope: bytes) -> str:
    """The run that an envelope names: the digest of its payload."""
    return verify.sha256(parse(envelope).payload)


def _sealed(files: Mapping[str, bytes], envelope: bytes | None) -> bytes | None:
    """The bundle's container as the node sealed it, from an envelope and the members that it names; None where one is missing."""
    if envelope is None:
        return None
    members = {ENVELOPE: envelope}
    statement = decode(parse(envelope).payload)
    assert isinstance(statement, dict)
    for subject in sorted(statement["subject"], key=lambda one: str(one["name"])):
        digest = subject["digest"]["sha256"]
        content = files.get(document_name(digest), files.get(payload_name(digest)))
        if content is None:
            return None
        members[subject["name"]] = content
    return container.write(members)
