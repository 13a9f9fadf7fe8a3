"""`lynxweb --version`: which runner this is."""

from __future__ import annotations

from runner.build import CONTRACT_VERSION, runner_build
from runner.talk import Talk
from runner.verbs.result import DONE, Result


def perform(talk: Talk) -> Result:
    """Version, commit, whether it was changed since, and the version of the contract."""
    build = runner_build()
    document = {**build.model_dump(mode="json"), "contract_version": CONTRACT_VERSION}
    state = "changed since" if build.dirty else "unchanged"
    return Result(DONE, document, [f"lynxweb {build.version} (commit {build.commit[:12]}, {state}; contract {CONTRACT_VERSION})"])
