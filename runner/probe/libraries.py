"""The kernel, runtime, BLAS and OpenMP libraries that this process has loaded, with their versions, from /proc/self/maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from runner.contract.fields import AnyField, Table
from runner.probe.distributions import installed, normal
from runner.probe.machine import Machine, found

# A library that is not of one of these families never enters an executor: what counts is what computes.
FAMILIES = (
    "libcuda", "libcudart", "libcublas", "libcublasLt", "libcudnn", "libnccl", "libcufft", "libcurand", "libcusolver", "libcusparse",
    "libcusparseLt", "libnvrtc", "libnvJitLink", "libnvinfer", "libnvonnxparser", "libcutlass", "libtorch", "libc10", "libaoti", "libtriton",
    "libonnxruntime", "onnxruntime_pybind11_state", "libopenvino", "libmkl", "libdnnl", "libopenblas", "libblas", "liblapack", "libcblas",
    "libblis", "libflexiblas", "libgomp", "libiomp5", "libomp", "libtbb", "libxnnpack", "libscipy_openblas", "libhip", "libamdhip64", "librocblas",
    "libMIOpen", "librccl", "libze_loader", "libsycl",
)  # fmt: skip
_FAMILY = re.compile(rf"^(?:{'|'.join(sorted(map(re.escape, FAMILIES), key=len, reverse=True))})")
_REPAIR_HASH = re.compile(r"-[0-9a-f]{8}(?=\.so)")  # what the wheel repair tool adds to a bundled copy's name
_SUFFIX = re.compile(r"\.so\.(?P<version>[0-9]+(\.[0-9]+)*)$")
_BUILD_TAG = re.compile(r"\.cpython-[0-9]+[a-z0-9_-]*(?=\.so)")


@dataclass(frozen=True)
class Library:
    """One loaded library: the name it is asked for by, its version, and where it lies (which is never written down)."""

    soname: str
    version: str
    path: str


def fields(machine: Machine) -> dict[str, AnyField]:
    """`sw.loaded_libs`: soname to version; two versions of one soname in one process are both named."""
    return {"sw.loaded_libs": found(Table, "/proc/self/maps", lambda: _table(loaded(machine)))}


def loaded(machine: Machine) -> tuple[Library, ...]:
    """The libraries of the known families that are mapped, by path; raises `Unread`."""
    versions = installed(machine)
    paths = sorted(set(_mapped(machine.text("proc/self/maps"))))
    return tuple(Library(soname(path), version(path, machine, versions), path) for path in paths)


def soname(path: str) -> str:
    """The library's name with at most its major number, without what packaging added: libgomp-a34b3233.so.1.0.0 is libgomp.so.1."""
    name = _BUILD_TAG.sub("", _REPAIR_HASH.sub("", PurePosixPath(path).name))
    suffix = _SUFFIX.search(name)
    return f"{name[: suffix.start()]}.so.{suffix['version'].partition('.')[0]}" if suffix else name


def version(path: str, machine: Machine, versions: Mapping[str, str]) -> str:
    """The version of the distribution whose own library this is, else the longest number its file's name carries, else who bundled it."""
    top, *rest = _below_site(path, machine)
    own = _vendor(rest, versions) if top == "nvidia" else versions.get(normal(top))
    if own:
        return own
    names = [PurePosixPath(path).name, (machine.root / path.lstrip("/")).resolve().name]
    numbers = [match["version"] for match in map(_SUFFIX.search, names) if match]
    wheel = normal(top.removesuffix(".libs"))  # copies of other projects' libraries lie beside the package: its version is not theirs
    return max(numbers, key=len, default=f"bundled by {wheel} {versions[wheel]}" if wheel in versions else "unversioned")


def _mapped(maps: str) -> Iterator[str]:
    for line in maps.splitlines():
        columns = line.split(maxsplit=5)
        if len(columns) == 6 and columns[5].startswith("/") and _FAMILY.match(PurePosixPath(columns[5]).name):
            yield columns[5].removesuffix(" (deleted)")


def _table(libraries: tuple[Library, ...]) -> dict[str, str]:
    versions: dict[str, set[str]] = {}
    for library in libraries:
        versions.setdefault(library.soname, set()).add(library.version)
    return {name: " ".join(sorted(found_versions)) for name, found_versions in sorted(versions.items())}


def _below_site(path: str, machine: Machine) -> tuple[str, ...]:
    inside = (Path(path).relative_to(folder).parts for folder in machine.site_folders if Path(path).is_relative_to(folder))
    return next(inside, ("",))


def _vendor(parts: list[str], versions: Mapping[str, str]) -> str | None:
    words = [normal(parts[0]), *(_STEMS[stem] for stem in _STEMS if parts[-1].startswith(stem))] if len(parts) > 1 else []
    for word in words:
        fitting = [name for name in versions if re.fullmatch(rf"nvidia-{re.escape(word)}(-cu[0-9]+)?", name)]
        if fitting:
            return versions[sorted(fitting)[-1]]
    return None


# Where CUDA 13's wheels share one folder, the file's name says which distribution brought it; longer stems first.
_STEMS = {
    "libcublas": "cublas", "libcudart": "cuda-runtime", "libcudnn": "cudnn", "libcufft": "cufft", "libcurand": "curand",
    "libcusolver": "cusolver", "libcusparseLt": "cusparselt", "libcusparse": "cusparse", "libnccl": "nccl", "libnvrtc": "cuda-nvrtc",
    "libnvJitLink": "nvjitlink",
}  # fmt: skip
