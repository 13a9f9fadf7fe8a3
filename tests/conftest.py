"""What holds for every test: nothing leaves this machine, and what a machine lacks is a skip with a reason (in CI a failure, the GPU apart)."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# Whoever starts the tests in the background may have SIGINT ignored, which children inherit: then no test could press Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Linux builds of ONNX Runtime report usage to their maker unless this is set before they are imported, here or in a child process.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not is_local(str(arguments[1][0])):
        raise RuntimeError(f"a test may not connect to {arguments[1][0]}: only this machine is open to tests")


def is_local(host: str) -> bool:
    """Whether a connection to `host` stays on this machine."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in ("localhost", "")


def script(name: str) -> ModuleType:
    """The file .ci/NAME.py as a module."""
    folder = str(ROOT / ".ci")
    if folder not in sys.path:
        sys.path.append(folder)
    path = ROOT / ".ci" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, path
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _missing(reason: str) -> None:
    if IN_CI:
        pytest.fail(f"{reason} (in CI this is a failure)")
    pytest.skip(reason)


def pytest_configure(config: pytest.Config) -> None:
    """Close the network for this process."""
    sys.addaudithook(_stay_here)


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """No test meets the limits on sign-in that another has used up."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; for browser tests, launched with --no-sandbox --disable-dev-shm-usage."""
    path: str | None = script("tools").chromium_path()
    if path is None:
        _missing("no Chromium: apt-get install chromium, or set LYNXWEB_CHROMIUM")
    return str(path)
