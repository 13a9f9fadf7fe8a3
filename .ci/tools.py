"""What the tests use beyond Python packages: where each program is, and in one line what is lost without it. Standard library only."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Tool:
    """A program, the names it goes by, what is skipped where it is missing, and how to get it."""

    name: str
    names: tuple[str, ...]
    without: str
    remedy: str


TOOLS = (
    Tool("Chromium", CHROMIUM_NAMES, "the browser tests are skipped", "apt-get install chromium, or LYNXWEB_CHROMIUM=/path/to/chrome"),
    Tool("C compiler", ("cc", "gcc", "clang"), "the tests against a stand-in NVML library are skipped", "apt-get install gcc libc6-dev"),
)


def chromium_path(environ: Mapping[str, str] = os.environ, which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The path of a Chromium: LYNXWEB_CHROMIUM if set, else the first one on the PATH, else None."""
    return environ.get("LYNXWEB_CHROMIUM") or next(filter(None, map(which, CHROMIUM_NAMES)), None)


def found(tool: Tool) -> str | None:
    """The path of `tool`, or None."""
    return chromium_path() if tool.name == "Chromium" else next(filter(None, map(shutil.which, tool.names)), None)


def announcements() -> list[str]:
    """One line for each tool: where it is, or what its absence costs and how to get it."""
    lines = []
    for tool in TOOLS:
        path = found(tool)
        lines.append(f"{tool.name}: {path}" if path else f"{tool.name}: not found, {tool.without}; {tool.remedy}")
    if not os.environ.get("DATABASE_URL"):
        lines.append("PostgreSQL: not used, the tests run on SQLite; DATABASE_URL=postgres://user:password@host:port/name runs them there")
    return lines


if __name__ == "__main__":
    print("\n".join(announcements()), file=sys.stderr)
