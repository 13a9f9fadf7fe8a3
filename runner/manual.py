"""The command's own help as the pages of `docs/cli.md`: `python -m runner.manual docs/cli.md` writes the blocks anew, a test compares them."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from runner.cli import VERBS, called

WIDTH = 100
HIDDEN = ("version",)
BLOCK = re.compile(r"<!-- help: (?P<words>[a-z ]*) -->\n```text\n.*?```\n", re.DOTALL)


def help_of(words: str) -> str:
    """What `lynxweb WORDS --help` prints, at one width whatever the terminal, without the exit codes that stand once on the page."""
    printed = io.StringIO()
    before = dict(os.environ)
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        with redirect_stdout(printed):
            called([*words.split(), "--help"])
    finally:
        os.environ.clear()
        os.environ.update(before)
    text = printed.getvalue()
    return text if not words else text.partition("\n  Exit codes:")[0].rstrip() + "\n"


def written(page: str) -> str:
    """`page` with every help block as the parser has it now."""
    return BLOCK.sub(lambda found: f"<!-- help: {found['words']} -->\n```text\n{help_of(found['words'])}```\n", page)


def missing(page: str) -> list[str]:
    """Verbs that have no block on `page`."""
    there = {found["words"] for found in BLOCK.finditer(page)}
    return [verb for verb in ("", *VERBS) if verb not in there and verb not in HIDDEN]


def main(arguments: Sequence[str]) -> None:
    """Write the blocks of the page named by the first argument anew."""
    path = Path(arguments[0])
    path.write_text(written(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
