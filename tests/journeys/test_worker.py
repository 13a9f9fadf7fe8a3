"""An accepted run is checked again by a worker, over the broker that the installation has: one code path for all of them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests import builders
from tests.journeys.site import ROOT, running


def test_a_worker_checks_an_accepted_run_again(tmp_path: Path) -> None:
    with running(tmp_path / "site") as site:
        status, answer = site.upload(builders.sealed(builders.members(table=builders.samples(seed=3))))
        assert status == 201
        said, command = (
            tmp_path / "worker.log",
            [sys.executable, "-m", "celery", "--app", "lynxweb.celery", "worker", "--pool", "solo", "--loglevel", "INFO"],
        )
        with said.open("wb") as output:
            worker = subprocess.Popen(command, cwd=ROOT, env=site.environment, stdout=output, stderr=output)
        try:
            assert waited_for(f"run {answer['run']} checked again: nothing changed", said), said.read_text()
        finally:
            worker.terminate()
            worker.wait(30)


def waited_for(text: str, path: Path, seconds: float = 60.0) -> bool:
    """Whether the text shows up in the file in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if text in path.read_text("utf-8", "replace"):
            return True
        time.sleep(0.1)
    return False
