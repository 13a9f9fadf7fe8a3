"""Runtimes by name: each heavy library is imported only when its backend is opened."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points

from runner.backends.interface import Backend, BackendError

GROUP = "lynxweb.backends"
BACKENDS: Mapping[str, str] = {
    "null": "runner.backends.null:Null",
    "onnxruntime": "runner.backends.onnxruntime:OnnxRuntime",
    "torch-eager": "runner.backends.torch_eager:TorchEager",
}
# The attribute `precisions` of each class above, told without importing its library; a test holds the two together.
PRECISIONS: Mapping[str, tuple[str, ...]] = {"null": ("fp32", "int8"), "onnxruntime": ("fp32", "int8"), "torch-eager": ("fp32",)}


def names() -> tuple[str, ...]:
    """Every name that can be opened, ours and those that installed distributions register; a foreign name never replaces ours."""
    return tuple(sorted({*BACKENDS, *(entry.name for entry in entry_points(group=GROUP))}))


def precisions(name: str) -> tuple[str, ...] | None:
    """What one of our backends serves; None for a foreign or unknown one, which says it when it loads."""
    return PRECISIONS.get(name)


def open_backend(name: str) -> Backend:
    """A backend that has loaded nothing yet; BackendError lists the names, or names the library that is missing."""
    place = BACKENDS.get(name) or next((entry.value for entry in entry_points(group=GROUP) if entry.name == name), None)
    if place is None:
        raise BackendError(f"backend {name!r} is unknown; there are {', '.join(names())}")
    module, _, attribute = place.partition(":")
    try:
        opened: Backend = getattr(import_module(module), attribute)()
    except ImportError as error:
        raise BackendError(f"backend {name}: {error.name or error} cannot be imported ({error}); install what it needs") from error
    return opened
