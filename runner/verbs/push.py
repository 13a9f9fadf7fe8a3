"""`lynxweb push`: hand sealed bundles to the site and keep its receipts; repeating it is harmless."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.client import Client, SiteError
from runner.contract.problems import Problem, Problems
from runner.node import NodeHome, Site, home
from runner.outbox import Entry, Outbox
from runner.report.problems import problem_lines
from runner.report.quantities import short
from runner.talk import Talk
from runner.verbs.opening import opened_bytes
from runner.verbs.result import DONE, FAILED, WANTING, Result

NOT_ENROLLED = "this node is not enrolled at a site"


def perform(talk: Talk, bundle: str, everything: bool, dry_run: bool, client: Client | None = None) -> Result:
    """Push one bundle, or all that no site has a receipt for: 0 all sent, 3 one was refused, 1 one still waits."""
    node = home()
    entries = _chosen(node, bundle, everything)
    if dry_run:
        return _listed(entries)
    site = node.site()
    if client is None and entries:
        client = _client(site, talk)
    told: dict[str, list[dict[str, object]]] = {"pushed": [], "refused": [], "pending": []}
    lines: list[str] = []
    with talk.progress() as progress:
        for place, entry in enumerate(entries):
            progress(f"sending {short(entry.digest)}", place, len(entries))
            assert client is not None
            lines += _pushed(entry, client, told)
    code = FAILED if told["pending"] else WANTING if told["refused"] else DONE
    return Result(code, told, lines or ["nothing to send: every bundle in the outbox has its receipt"])


def _client(site: Site | None, talk: Talk) -> Client:
    if site is None:
        remedy = "run lynxweb enrol URL first; the bundle stays in the outbox"
        raise Problems([Problem("node", NOT_ENROLLED, "an enrolled node", remedy, "not-enrolled")])
    return Client(site.url, site.token, told=talk.say)


def _chosen(node: NodeHome, bundle: str, everything: bool) -> list[Entry]:
    """The named bundle; without a name the pending ones, and with `everything` also those that were refused before."""
    outbox = Outbox(node.outbox)
    if bundle:
        return [_kept(outbox, outbox.find(bundle))]
    wanted = ("pending", "refused") if everything else ("pending",)
    return [entry for entry in outbox.entries() if entry.state in wanted]


def _kept(outbox: Outbox, entry: Entry) -> Entry:
    """The same bundle in the outbox: a file from elsewhere is copied there first, under its true digest."""
    if entry.path.parent.resolve() == outbox.folder.resolve():
        return entry
    sealed = Path(entry.path).read_bytes()
    return outbox.put(opened_bytes(sealed).digest, sealed)


def _pushed(entry: Entry, client: Client, told: dict[str, list[dict[str, object]]]) -> Sequence[str]:
    try:
        answer = client.upload(entry.path.read_bytes())
    except SiteError as error:
        kind = "refused" if error.kind == "refused" else "pending"
        if kind == "refused":
            entry.refused(error.problem)
        told[kind].append({"run": entry.digest, "path": str(entry.path), "problem": error.problem})
        word = "refused by the site" if kind == "refused" else "not sent, waits in the outbox"
        return [f"{short(entry.digest)}  {word}", *(f"  {line}" for line in problem_lines(error.problem))]
    entry.sent(answer.content)
    told["pushed"].append({"run": entry.digest, "path": str(entry.path), "created": answer.created, "answer": dict(answer.content)})
    word = "accepted" if answer.created else "was there already, the same receipt"
    return [f"{short(entry.digest)}  {word}  {answer.content.get('url', '')}".rstrip()]


def _listed(entries: Sequence[Entry]) -> Result:
    document = {"would_send": [{"run": entry.digest, "path": str(entry.path), "state": entry.state} for entry in entries]}
    return Result(DONE, document, [f"{short(entry.digest)}  {entry.state}  {entry.path}" for entry in entries] or ["nothing to send"])
