"""Everything a person can name is documented: make targets, verbs of the command, commands of manage.py, environment variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from runner.cli import VERBS
from tests.architecture.sources import ROOT, hand_written, place

VARIABLE = re.compile(r"(?:LYNXWEB_[A-Z][A-Z_]*|DATABASE_URL|CELERY_BROKER_URL)")
TARGET = re.compile(r"^([a-z]+):(.*)$", re.MULTILINE)


def documentation() -> str:
    """README.md and every page under docs/, as one text."""
    return "\n".join(path.read_text("utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])


def unnamed(phrases: Iterable[str], text: str) -> list[str]:
    """The phrases that stand nowhere in the text as whole words."""
    return [phrase for phrase in phrases if not re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text)]


def variables(source: str) -> set[str]:
    """The environment variables that a module names in a string of its own."""
    texts = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {text for text in texts if VARIABLE.fullmatch(text)}


def environment_reads(name: str, source: str) -> Iterator[str]:
    """Places that read the process environment; naming Django's settings module, or handing the whole of it on to a child, is no reading."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv", "os.environb"):
            line = source.splitlines()[node.lineno - 1]
            if not any(harmless in line for harmless in ("DJANGO_SETTINGS_MODULE", "{**os.environ", "dict(os.environ)")):
                yield f"{name}:{node.lineno} {line.strip()}"


def test_every_make_target_says_what_it_does_and_is_in_the_documentation() -> None:
    targets = TARGET.findall((ROOT / "Makefile").read_text("utf-8"))
    assert [name for name, rest in targets if "## " not in rest] == []
    assert unnamed([f"make {name}" for name, _ in targets], documentation()) == []


def test_every_verb_is_in_the_documentation() -> None:
    words = [f"lynxweb {'--' * (verb == 'version')}{verb}" for verb in VERBS]  # `version` answers an option, not a command
    assert unnamed(words, documentation()) == []


def test_every_command_of_the_site_is_in_the_documentation() -> None:
    commands = [path.stem for path in hand_written("lynxweb") if path.parent.name == "commands" and path.stem != "__init__"]
    assert commands
    assert unnamed([f"manage.py {name}" for name in commands], documentation()) == []


def test_every_variable_of_the_site_is_in_the_example_file() -> None:
    read = variables((ROOT / "lynxweb" / "env.py").read_text("utf-8"))
    assert read
    assert unnamed(sorted(read), (ROOT / ".env.example").read_text("utf-8")) == []


def test_the_example_file_names_no_variable_that_nobody_reads() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert named == variables((ROOT / "lynxweb" / "env.py").read_text("utf-8"))


def test_every_variable_of_the_node_is_in_the_documentation() -> None:
    read = set().union(*(variables(path.read_text("utf-8")) for path in hand_written("runner")))
    assert unnamed(sorted(read), documentation()) == []


def test_the_site_reads_its_environment_in_one_file() -> None:
    paths = [path for path in hand_written("lynxweb") if place(path) != "lynxweb/env.py"]
    assert [line for path in paths for line in environment_reads(place(path), path.read_text("utf-8"))] == []


def test_an_undocumented_name_is_found() -> None:
    text = "run `make test`, then `lynxweb run`"
    assert unnamed(["make test", "make tes", "lynxweb run-all"], text) == ["make tes", "lynxweb run-all"]


def test_a_variable_and_a_stray_read_are_found() -> None:
    assert variables("NAME = 'LYNXWEB_PLANTED'\n'LYNXWEB_PLANTED is prose'") == {"LYNXWEB_PLANTED"}
    assert list(environment_reads("a.py", "import os\nx = os.environ['HOME']\n"))
    assert not list(environment_reads("a.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a')\n"))
