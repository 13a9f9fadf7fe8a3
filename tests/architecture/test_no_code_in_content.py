"""Nothing that is read can run: no pickle, no eval, no loader that builds objects. And no import of ours hides inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import PACKAGES, functions, hand_written, imported, is_under, place

CODE_CARRIERS = ("pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "xmlrpc")
BUILT_INS = {"eval", "exec", "compile", "__import__"}
LOADERS = {"torch.load", "torch.hub.load", "yaml.load", "joblib.load", "pandas.read_pickle"}


def dangers(name: str, source: str) -> Iterator[str]:
    """What in a module could run content as code, with its place."""
    tree = ast.parse(source)
    for line, module in imported(tree):
        if any(is_under(module, carrier) for carrier in CODE_CARRIERS):
            yield f"{name}:{line} imports {module}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if (isinstance(node.func, ast.Name) and called in BUILT_INS) or called in LOADERS:
            yield f"{name}:{node.lineno} calls {called}()"
        if called in ("np.load", "numpy.load") and "allow_pickle=False" not in ast.unparse(node):
            yield f"{name}:{node.lineno} calls {called}() without allow_pickle=False"


def inner_imports(name: str, source: str) -> Iterator[str]:
    """Imports of our own packages inside functions, with their place."""
    for function in functions(ast.parse(source)):
        for line, module in imported(function):
            if module.startswith(".") or any(is_under(module, package) for package in PACKAGES):
                yield f"{name}:{line} {function.name} imports {module}; turn the dependency round instead"


def test_nothing_in_the_product_runs_content() -> None:
    assert [line for path in hand_written(*PACKAGES) for line in dangers(place(path), path.read_text("utf-8"))] == []


def test_no_import_of_ours_stands_inside_a_function() -> None:
    """Django's apps.py is left out: models may be imported only once the apps are ready."""
    paths = [path for path in hand_written(*PACKAGES) if path.name != "apps.py"]
    assert [line for path in paths for line in inner_imports(place(path), path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "torch.load(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "import yaml",
    ],
)
def test_a_planted_loader_is_found(source: str) -> None:
    assert len(list(dangers("a.py", source))) == 1


def test_safe_calls_pass() -> None:
    assert list(dangers("a.py", "np.load(path, allow_pickle=False); model.eval(); re.compile(r'x'); json.loads(text)")) == []


def test_a_planted_inner_import_is_found() -> None:
    assert list(inner_imports("a.py", "def f():\n    from lynxweb.registry import intake\n"))
    assert not list(inner_imports("a.py", "def f():\n    import torch\n"))
