"""`python -m tests.benchmarks [NAME …]`: all benchmarks, or the named ones, one after the other, and one JSON object last with every figure.

Each runs in a process of its own, so that nothing of one is left in the next; what it says of its progress goes to stderr as it comes, and its own
answer is repeated there as soon as it is known. The status is 1 where a benchmark broke or said nothing; a goal that was missed is a result.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.report import progress

SHARED = ("report",)
NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem not in SHARED))


def answer(name: str) -> Mapping[str, Any]:
    """What one benchmark printed last, with how long it took and the load average it began under; `error` where it printed no such thing."""
    load, begun = round(os.getloadavg()[0], 2), time.monotonic()
    ended = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], stdout=subprocess.PIPE, text=True, check=False)
    about = {"took_s": round(time.monotonic() - begun, 1), "load_average_before": load}
    try:
        found = json.loads(ended.stdout.rstrip().splitlines()[-1]) if ended.returncode == 0 else {}
    except (IndexError, ValueError):
        found = {}
    if not {"figures", "goals", "met"} <= found.keys():
        return {"error": f"exit status {ended.returncode}", "met": False, **about}
    progress(ended.stdout.rstrip().splitlines()[-1])
    return {**{key: found[key] for key in ("figures", "goals", "met")}, **about}


def main() -> int:
    """Run them and print the answer."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)} (default: all)")
    asked = parser.parse_args().names or NAMES
    if unknown := [name for name in asked if name not in NAMES]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    answers: dict[str, Mapping[str, Any]] = {}
    for place, name in enumerate(asked):
        progress(f"== {name} ({place + 1} of {len(asked)})")
        answers[name] = answer(name)
    print(json.dumps({"name": "benchmarks", "benchmarks": answers, "met": all(one["met"] for one in answers.values())}))
    return int(any("error" in one for one in answers.values()))


if __name__ == "__main__":
    sys.exit(main())
