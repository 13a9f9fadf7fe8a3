"""`lynxweb enrol`: register this node and its key at a site, and keep what the site gives it."""

from __future__ import annotations

from pathlib import Path

from runner.client import Client, SiteError
from runner.contract.problems import Problem, Problems
from runner.node import Site, home
from runner.report.problems import problem_lines
from runner.talk import Talk
from runner.verbs.result import DONE, FAILED, WANTING, Result

SHORT = 8


def perform(talk: Talk, url: str, token: str, token_file: str, name: str, new_key: bool) -> Result:
    """Enrol this node: 0 enrolled, 3 the site refused, 1 it could not be reached."""
    node = home()
    if new_key:
        node.renew_key()
    key = node.key()
    client = Client(url.rstrip("/"), _token(token, token_file), told=talk.say)
    name = name or f"node-{key.key_id[:SHORT]}"
    try:
        given = client.enrol(name, key)
    except SiteError as error:
        code = FAILED if error.kind == "unavailable" else WANTING
        return Result(code, {"enrolled": False, "problem": error.problem}, problem_lines(error.problem))
    lacking = [word for word in ("node", "organisation", "organisation_secret", "token") if not given.get(word)]
    if lacking:
        raise Problems([Problem(f"answer.{lacking[0]}", "absent", "the site's whole answer", "ask who runs the site; its version may differ")])
    site = Site(url.rstrip("/"), str(given["node"]), name, str(given["organisation"]), str(given["token"]))
    node.enrol(site, bytes.fromhex(str(given["organisation_secret"])))
    told = {"enrolled": True, "node": site.node, "name": name, "organisation": site.organisation, "url": site.url, "key_id": key.key_id}
    return Result(DONE, told, [f"enrolled at {site.url} as {name} ({site.node}), key {key.key_id[:12]}"])


def _token(token: str, token_file: str) -> str:
    found = Path(token_file).read_text("utf-8").strip() if token_file else token.strip()
    if not found:
        remedy = "hand in --token-file, or set LYNXWEB_TOKEN; a token on the command line is seen by everyone on the machine"
        raise Problems([Problem("--token", "nothing", "an enrolment token of the site", remedy, "usage")])
    return found
