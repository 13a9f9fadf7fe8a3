"""What a verb ends with: an exit code, one JSON document and the same as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DONE, FAILED, USAGE, WANTING, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES: Mapping[int, str] = {
    DONE: "done",
    FAILED: "failed: input or output, network, or a bug",
    USAGE: "usage: the command line is not understood",
    WANTING: "judged and found wanting: a gate, a refusal, a verification",
    INTERRUPTED: "interrupted by Ctrl-C",
}


@dataclass(frozen=True)
class Result:
    """`document` goes to stdout under `--json`, `lines` without it."""

    code: int
    document: Mapping[str, object]
    lines: Sequence[str]
