"""First light: which runs this machine measured, the three questions about them, and the addresses of the answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lynxweb.registry.embedded.asking import Site
from lynxweb.registry.embedded.node import METHODOLOGY

OK = 200
SIDES: Mapping[str, tuple[str, str]] = {
    "torch-eager:fp32": ("torch-eager", "fp32"),
    "onnxruntime:fp32": ("onnxruntime", "fp32"),
    "onnxruntime:int8": ("onnxruntime", "int8"),
}
QUESTIONS = (
    ("PyTorch and ONNX Runtime at equal precision", "torch-eager:fp32", "onnxruntime:fp32", "iso-precision"),
    ("fp32 and int8 as a precision study", "onnxruntime:fp32", "onnxruntime:int8", "precision-study"),
    ("fp32 and int8 as if they were equal: refused", "onnxruntime:fp32", "onnxruntime:int8", "iso-precision"),
)


@dataclass(frozen=True)
class Light:
    """One answer: what was asked, the path of its page, and the verdict."""

    question: str
    path: str
    verdict: str


def wanted_sides() -> list[str]:
    """What this machine can measure; torch is left out where it is not installed."""
    return [side for side in SIDES if not side.startswith("torch") or find_spec("torch") is not None]


def runs_by_side(site: Site, *, standing: bool = False) -> dict[str, str]:
    """A run of each side under the quick methodology, by digest: the newest valid one, else (unless only `standing` count) the newest."""
    known = {version["digest"] for version in site.get("methodologies?limit=200")["results"] if version["methodology"]["name"] == METHODOLOGY}
    runs = [run for run in site.get("runs?limit=200")["results"] if run["methodology"] in known]
    valid, found = [run for run in runs if run["validity"] != "invalid"], dict[str, str]()
    for run in valid if standing else valid + runs:
        side = next((side for side, names in SIDES.items() if (run["runtime"], run["precision"].partition(" ")[0]) == names), None)
        if side is not None:
            found.setdefault(side, run["digest"])
    return found


def ask(site: Site, runs: Mapping[str, str]) -> list[Light]:
    """Put each question that the runs allow; the page of an allowed comparison is its permalink, that of a refusal says why."""
    return [_asked(site, question, runs[a], runs[b], policy) for question, a, b, policy in QUESTIONS if a in runs and b in runs]


def _asked(site: Site, question: str, a: str, b: str, policy: str) -> Light:
    status, told = site.post("comparisons", {"a": a, "b": b, "policy": policy})
    path = f"/compare/{told['digest']}" if status == OK else f"/compare?{urlencode({'a': a, 'b': b, 'policy': policy})}"
    return Light(question, path, str(told.get("verdict") or told.get("detail", status)).replace("_", " "))


def keep(path: Path, lights: Sequence[Light]) -> None:
    """Remember the answers, so that every later start prints the same addresses."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps([asdict(light) for light in lights], indent=1), "utf-8")
    os.replace(draft, path)


def kept(path: Path) -> list[Light]:
    """The remembered answers; none where nothing is remembered."""
    if not path.is_file():
        return []
    told: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return [Light(**one) for one in told]
