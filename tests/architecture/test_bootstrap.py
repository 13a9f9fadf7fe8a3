"""The bootstrap says sizes before it downloads, shows one progress line, and knows what each purpose needs."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.conftest import is_local, script

downloads, progress, install, tools = (script(name) for name in ("downloads", "progress", "install", "tools"))


def report(*addresses: str) -> dict[str, object]:
    items = [{"metadata": {"name": f"p{n}", "version": "1.0"}, "download_info": {"url": address}} for n, address in enumerate(addresses)]
    return {"install": items}


def test_the_largest_download_comes_first_and_an_unknown_size_is_said(tmp_path: Path) -> None:
    for name, size in (("small.whl", 1_000_000), ("large one.whl", 5_000_000)):
        (tmp_path / name).write_bytes(bytes(size))
    addresses = [(tmp_path / name).as_uri() for name in ("small.whl", "large one.whl", "absent.whl")]
    planned = downloads.planned(report(*addresses))
    assert [(each.name, each.size_bytes) for each in planned] == [("p1", 5_000_000), ("p0", 1_000_000), ("p2", None)]
    assert downloads.table(planned).splitlines()[0] == "3 packages to install, 6.0 MB to fetch and 1 of unknown size"


def test_fetched_bytes_add_up_over_files() -> None:
    planned = [downloads.Download("a", "1", "", 100), downloads.Download("b", "1", "", 300)]
    shown = progress.Progress(planned, lambda: 0, io.StringIO())
    for line in ("Progress 0 of 100", "Progress 100 of 100", "Progress 0 of 300", "Progress 150 of 300"):
        shown.read(line)
    assert shown.text().endswith(f"{downloads.megabytes(250)} of {downloads.megabytes(400)}")


def test_unpacking_counts_packages_from_where_it_began() -> None:
    counts = iter([5, 8])
    shown = progress.Progress([downloads.Download("a", "1", "", 100)] * 9, lambda: next(counts), io.StringIO())
    shown.read("Installing collected packages: a, b")
    assert shown.text().endswith("3 of 10 packages")


def test_a_stream_that_is_no_terminal_gets_lines_and_no_control_characters() -> None:
    stream = io.StringIO()
    shown = progress.Progress([], lambda: 0, stream)
    shown.draw(0.0)
    shown.draw(0.1)
    assert stream.getvalue().count("\n") == 1 and "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()


def test_requirements_open_up_references_among_our_own_extras() -> None:
    names = {text.split(">")[0].split("=")[0] for text in install.requirements({"node"})}
    assert {"pydantic", "typer", "onnxruntime"} <= names
    assert not names & {"torch", "django"} and not any(name.startswith("lynxweb") for name in names)


def test_a_build_cannot_be_chosen_by_a_word() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "bootstrap.py"), "run"]
    done = subprocess.run(command, env={"TORCH": "cuda"}, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "TORCH=none" in done.stderr and "PIP_EXTRA_INDEX_URL" in done.stderr


def test_chromium_is_taken_from_the_variable_first_then_from_the_path() -> None:
    assert tools.chromium_path({"LYNXWEB_CHROMIUM": "/opt/chrome"}, lambda name: "/usr/bin/" + name) == "/opt/chrome"
    assert tools.chromium_path({}, lambda name: "/usr/bin/chromium-browser" if name == "chromium-browser" else None) == "/usr/bin/chromium-browser"
    assert tools.chromium_path({}, lambda _: None) is None


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("example.org", False)])
def test_only_this_machine_is_open_to_tests(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_a_connection_to_elsewhere_is_refused_before_it_is_made() -> None:
    import socket

    with socket.socket() as plug, pytest.raises(RuntimeError, match="only this machine"):
        plug.connect(("192.0.2.1", 9))
