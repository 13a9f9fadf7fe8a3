"""The world that a probe looks at, handed in whole: a file tree, an environment, an interpreter and a sensor. Tests hand in a small tree."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from runner.contract.fields import Field
from runner.sensors import NoSensor, Sensor

F = TypeVar("F", bound=Field[Any])


class Unread(Exception):
    """A question that has no value for an answer; the text is the field's status."""


@dataclass(frozen=True)
class Interpreter:
    """The Python that runs this: what it says of itself, without paths."""

    version: str
    implementation: str
    build: str
    libc: str
    architecture: str

    @classmethod
    def here(cls) -> Interpreter:
        """The running interpreter."""
        libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
        build = f"{' '.join(platform.python_build())}, {platform.python_compiler()}"
        return cls(platform.python_version(), platform.python_implementation(), build, libc or "", platform.machine())


def _folders() -> tuple[Path, ...]:
    return tuple(Path(entry) for entry in dict.fromkeys(sys.path) if entry.endswith(("site-packages", "dist-packages")))


@dataclass(frozen=True)
class Machine:
    """Where to look. `process_ids` are the processes of the run itself, which are no strangers on its device."""

    sensor: Sensor = field(default_factory=NoSensor)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    root: Path = Path("/")
    interpreter: Interpreter = field(default_factory=Interpreter.here)
    site_folders: tuple[Path, ...] = field(default_factory=_folders)
    process_ids: frozenset[int] = field(default_factory=lambda: frozenset({os.getpid()}))

    def text(self, path: str) -> str:
        """The file's text without surrounding space; raises `Unread` with the reason."""
        with reasons():
            found = (self.root / path).read_bytes().decode("utf-8", "replace").replace("\x00", "").strip()
        if not found:
            raise Unread("unreadable:empty")
        return found

    def names(self, path: str) -> tuple[str, ...]:
        """Names in a folder, sorted; raises `Unread`."""
        with reasons():
            return tuple(sorted(os.listdir(self.root / path)))

    def has(self, path: str) -> bool:
        """Whether there is anything at `path`."""
        return os.path.lexists(self.root / path)

    def resolved(self, path: str) -> str:
        """`path` with its links followed, from the root of this machine; raises `Unread`."""
        with reasons():
            return str((self.root / path.lstrip("/")).resolve(strict=True).relative_to(self.root.resolve()))


class reasons:
    """Turns what reading can raise into `Unread` with its reason."""

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Map the error; anything that is not a failure to read goes on as it is."""
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise Unread("unreadable:no-such-file") from error
        if isinstance(error, PermissionError):
            raise Unread("unreadable:permission-denied") from error
        if isinstance(error, OSError):
            raise Unread("unreadable:not-supported") from error
        if isinstance(error, (ValueError, LookupError, StopIteration)):
            raise Unread("unreadable:unknown-format") from error


def found(kind: type[F], source: str, ask: Callable[[], object]) -> F:
    """A field with what `ask` gives, `observed`, or with the status of the `Unread` it raises."""
    try:
        with reasons():
            value = ask()
    except Unread as unread:
        return kind(status=str(unread), source=source)
    return kind.model_validate({"value": value, "status": "observed", "source": source})


def from_file(kind: type[F], machine: Machine, path: str, read: Callable[[str], object] = str) -> F:
    """A field from one file below the machine's root, which is its source."""
    return found(kind, f"/{path}", lambda: read(machine.text(path)))


def number(text: str) -> int:
    """The whole number that `text` is; ValueError otherwise."""
    return int(text.strip())


def switch(text: str) -> bool:
    """False for "0", True for "1"; ValueError for anything else."""
    return bool(("0", "1").index(text.strip()))
