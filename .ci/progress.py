"""One progress line for a whole pip installation: bytes while it fetches, packages while it unpacks. Standard library only."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from downloads import Download, megabytes

WIDTH = 32
REDRAW_S = 0.2
PLAIN_LINE_S = 15.0
UNPACKING_STARTS = "Installing collected packages"


class Progress:
    """What has been fetched and unpacked so far, drawn on a terminal as a bar and elsewhere as a line now and then."""

    def __init__(self, downloads: Sequence[Download], installed: Callable[[], int], stream: TextIO) -> None:
        self.total_bytes = sum(each.size_bytes or 0 for each in downloads)
        self.total_packages = len(downloads) + 1
        self._installed, self._before, self._stream = installed, installed(), stream
        self._fetched_bytes, self._current_bytes, self._unpacking = 0, 0, False
        self._tty = stream.isatty()
        self._next_draw_s = 0.0

    def read(self, line: str) -> None:
        """Take one line of pip's output into account."""
        words = line.split()
        if len(words) == 4 and words[0] == "Progress" and words[1].isdigit():
            current = int(words[1])
            if current < self._current_bytes:
                self._fetched_bytes += self._current_bytes
            self._current_bytes = current
        self._unpacking = self._unpacking or line.startswith(UNPACKING_STARTS)

    def text(self) -> str:
        """The line as it stands."""
        if self._unpacking:
            done = min(max(self._installed() - self._before, 0), self.total_packages)
            return f"installing  {bar(done, self.total_packages)} {done} of {self.total_packages} packages"
        fetched = self._fetched_bytes + self._current_bytes
        if not fetched:
            return f"fetching    {bar(0, 1)} {self.total_packages - 1} packages, {megabytes(self.total_bytes)}"
        return f"fetching    {bar(fetched, self.total_bytes)} {megabytes(fetched)} of {megabytes(self.total_bytes)}"

    def draw(self, now_s: float, *, last: bool = False) -> None:
        """Show the line if it is time to."""
        if now_s < self._next_draw_s and not last:
            return
        self._next_draw_s = now_s + (REDRAW_S if self._tty else PLAIN_LINE_S)
        end = "\n" if last or not self._tty else ""
        self._stream.write(("\r\x1b[K" if self._tty else "") + self.text() + end)
        self._stream.flush()


def bar(done: int, total: int) -> str:
    """A bar of fixed width; never more than full."""
    filled = min(WIDTH, WIDTH * done // max(total, 1))
    return "[" + "#" * filled + "." * (WIDTH - filled) + "]"


def follow(command: Sequence[str], folder: Path, progress: Progress, log: TextIO) -> int:
    """Run `command` in `folder`, its output into `log` and `progress`; the exit status."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    lines: queue.Queue[str] = queue.Queue()
    output = process.stdout
    assert output is not None

    def read_all() -> None:
        for line in output:
            lines.put(line)

    reader = threading.Thread(target=read_all, daemon=True)
    reader.start()
    while reader.is_alive() or not lines.empty():
        try:
            line = lines.get(timeout=REDRAW_S)
        except queue.Empty:
            line = ""
        if line and not line.startswith("Progress "):
            log.write(line)
        progress.read(line)
        progress.draw(time.monotonic())
    log.flush()
    progress.draw(time.monotonic(), last=True)
    return process.wait()
