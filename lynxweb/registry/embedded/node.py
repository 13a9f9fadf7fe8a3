"""This machine as a node: the `lynxweb` command in a process of its own, with a home below the site's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lynxweb.registry.embedded.processes import STOP_WITHIN_S, end_with_parent

METHODOLOGY, TRIALS = "digits-quick", 5
DONE, WANTING = 0, 3


class NodeFailed(RuntimeError):
    """The node's command did not do what it was asked for; its own words are on stderr already."""


@dataclass(frozen=True)
class Node:
    """The command and its home; `quiet` keeps its words off stderr."""

    home: Path
    say: Callable[[str], None]

    @property
    def enrolled(self) -> bool:
        """Whether this node has a site to upload to."""
        return (self.home / "site.json").is_file()

    @property
    def waiting(self) -> bool:
        """Whether bundles lie in the outbox."""
        return any((self.home / "outbox").glob("*.bundle"))

    def enrol(self, url: str, token: str) -> None:
        """Enrol at the site; a home whose key the site knows but that lost its token is kept aside, and a new one enrolled."""
        for _ in range(2):
            if self._run(["enrol", url], environment={"LYNXWEB_TOKEN": token}) == DONE:
                return
            kept = self.home.with_name(f"{self.home.name}-kept-{len(list(self.home.parent.glob(self.home.name + '-kept-*')))}")
            if not self.home.exists():
                break
            self.home.rename(kept)
            self.say(f"this node's key is known but its token is lost: kept its home as {kept}, trying with a new key")
        raise NodeFailed("this machine could not be enrolled as a node")

    def measure(self, sides: Sequence[str]) -> None:
        """Measure the sides with interleaved trials into the outbox; runs that a gate calls invalid are kept and uploaded too."""
        chosen = [argument for side in sides for argument in ("--with", side)]
        if self._run(["run", METHODOLOGY, *chosen, "--trials", str(TRIALS)]) not in (DONE, WANTING):
            raise NodeFailed("the benchmark failed; `lynxweb doctor` says what this machine lacks")

    def push(self) -> None:
        """Hand everything in the outbox to the site."""
        if self._run(["push", "--all"]) not in (DONE, WANTING):
            raise NodeFailed(f"bundles wait in {self.home / 'outbox'}; start again to send them")

    def _run(self, arguments: Sequence[str], environment: dict[str, str] | None = None) -> int:
        """The exit code of the command; its result goes to stderr, because stdout belongs to the addresses at the end."""
        command = [sys.executable, "-m", "runner.cli", *arguments]
        world = {**os.environ, "LYNXWEB_NODE_HOME": str(self.home), **(environment or {})}
        process = subprocess.Popen(
            command, env=world, stdout=sys.stderr.fileno(), stdin=subprocess.DEVNULL,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - this process has one thread
        )  # fmt: skip
        try:
            return process.wait()
        except BaseException:
            process.terminate()  # it treats this like Ctrl-C: trials end, sealed bundles stay
            process.wait(STOP_WITHIN_S)
            raise
