"""One trial, in a process of its own: `python -m runner.trial FOLDER` reads its task from stdin and leaves its files in the folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runner.session.spawn import die_with_parent
from runner.session.task import Task
from runner.session.trial import measured
from runner.session.trial_files import written


def main(folder: Path) -> None:
    """Measure the task on stdin; whatever goes wrong ends this process with a traceback on stderr and a status other than 0."""
    die_with_parent(os.getppid())
    task = Task.read(sys.stdin.buffer.read())
    written(measured(task), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
