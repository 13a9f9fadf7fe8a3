"""`lynxweb key`: this node's key replaced by a new one that the old one vouches for, and a key ended for good."""

from __future__ import annotations

from runner.client import Client, SiteError
from runner.contract.problems import Problem, Problems
from runner.node import SHORT, KeptKey, NodeHome, Site, home
from runner.report.problems import problem_lines
from runner.talk import Talk
from runner.verbs.result import DONE, FAILED, WANTING, Result

ACTS = ("rotate", "revoke")
STAYS = "the old key stays in use; the new one waits in the node's home, and the next `lynxweb key rotate` hands in the same"


def perform(talk: Talk, act: str, key: str, reason: str) -> Result:
    """Rotate or revoke: 0 done, 3 the site refused, 1 it could not be reached; nothing at the node changes before the site has confirmed."""
    if act not in ACTS:
        raise Problems([Problem("ACT", act[:40], " or ".join(ACTS), "say what is to become of the key", "usage")])
    node = home()
    site = node.site()
    if site is None:
        raise Problems([Problem("node", "not enrolled", "a node enrolled at a site", "run lynxweb enrol first", "usage")])
    client = Client(site.url, site.token, told=talk.say)
    try:
        return _rotate(node, client, site, reason) if act == "rotate" else _revoke(node, client, site, node.key_named(key), reason)
    except SiteError as error:
        code = FAILED if error.kind == "unavailable" else WANTING
        lines = [*problem_lines(error.problem), *([STAYS] if act == "rotate" else [])]
        return Result(code, {"done": False, "act": act, "problem": error.problem}, lines)


def _rotate(node: NodeHome, client: Client, site: Site, reason: str) -> Result:
    old, new = node.key(), node.next_key()
    told = {"done": True, "act": "rotate", "key_id": new.key_id, "old_key_id": old.key_id}
    if old.key_id != new.key_id:  # equal only where the last rotation was cut after the new key took over: the site has confirmed it
        told["position"] = client.rotate_key(old, new, site.node, reason).get("position")
    node.take_over()
    lines = [f"key {new.key_id[:SHORT]} signs from now on; the old key {old.key_id[:SHORT]} is put aside and still counts"]
    return Result(DONE, told, [*lines, f"to end the old one: lynxweb key revoke {old.key_id[:SHORT]}"])


def _revoke(node: NodeHome, client: Client, site: Site, kept: KeptKey, reason: str) -> Result:
    position = client.revoke_key(kept.key, site.node, reason).get("position")
    node.put_away(kept)
    told = {"done": True, "act": "revoke", "key_id": kept.key.key_id, "in_use": kept.in_use, "position": position}
    lines = [f"key {kept.key.key_id[:SHORT]} ends at position {position}; what it signed before stays valid"]
    if kept.in_use:
        lines.append("it was the key in use: the next command makes another, and an administrator registers it at the site before it counts")
    return Result(DONE, told, lines)
