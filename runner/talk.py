"""What the command line says while it works: on stderr, never on stdout, with bars only where a terminal shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Talk:
    """How to talk: `json` wants one document on stdout, `quiet` nothing on stderr."""

    json: bool = False
    quiet: bool = False

    def say(self, line: str) -> None:
        """One line on stderr, unless quiet."""
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)

    @contextmanager
    def progress(self) -> Iterator[Told]:
        """A function (phase, done, of) that moves a bar on a terminal and writes one line a phase elsewhere.

        The bar is drawn in that call and at no other time: no thread of it runs while something is being measured.
        """
        if self.quiet or not sys.stderr.isatty():
            yield lambda phase, done, of: self.say(f"[{done}/{of}] {phase}")
            return
        progress, console = import_module("rich.progress"), import_module("rich.console")
        words = progress.TextColumn("{task.description}", markup=False)
        shown = (progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeElapsedColumn(), words)
        with progress.Progress(*shown, console=console.Console(stderr=True), auto_refresh=False) as bar:
            task = bar.add_task("starting", total=None)

            def told(phase: str, done: int, of: int) -> None:
                bar.update(task, description=phase, completed=done, total=of)
                bar.refresh()

            yield told
