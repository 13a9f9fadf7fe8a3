"""The leaves of an executor that backends describe alike: serving, the executed artifact, and where a distribution came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions

from runner.backends.interface import Artifact, BackendError, ExecutorConfig
from runner.backends.leaves import declared, inapplicable, observed, unreadable
from runner.contract.fields import AnyField

FRAMEWORK_LEAVES = ("name", "version", "git", "wheel_source", "arch_list", "flags")
EXPORTER_LEAVES = ("name", "version", "opset")


def serving(engine: str, config: ExecutorConfig, threads: tuple[AnyField, AnyField]) -> dict[str, AnyField]:
    """The leaves `serving.*` of an engine called in the process of its client; `threads` are the intra and inter counts in effect."""
    alone, source = inapplicable("a request is one batch, none waits for others"), "runner"
    policy = "fixed" if config.batch_policy == "single" and config.batch > 1 else config.batch_policy
    timeout_ns = config.batch_timeout_ns if policy == "dynamic" else None
    return {
        "serving.engine": observed(engine, source),
        "serving.batch_policy": observed(policy, source),
        "serving.max_batch": observed(config.batch, source),
        "serving.batch_timeout_ns": observed(timeout_ns, source) if timeout_ns is not None else alone,
        "serving.replicas": observed(config.replicas, source),
        "serving.threads_intra": threads[0],
        "serving.threads_inter": threads[1],
        "serving.streams": observed(1, source) if config.device == "cuda" else inapplicable("a CPU has no streams"),
        "serving.client": observed("in_process", source),
    }


def executed(artifact: Artifact, op_counts: Mapping[str, int], source: str) -> dict[str, AnyField]:
    """The leaves `compile.artifact.*` and `compile.exporter.*`; `op_counts` are the operators that `source` saw run."""
    export, manifest = artifact.export, "manifest of the workload"
    exporter = dict.fromkeys(EXPORTER_LEAVES, inapplicable(f"{artifact.format} holds weights alone"))
    if export is not None:
        stated: tuple[str | int, ...] = (export.name, export.version, export.opset)
        exporter = {name: declared(value, manifest) for name, value in zip(EXPORTER_LEAVES, stated, strict=True)}
    return {
        "compile.artifact.weights_sha256": observed(artifact.sha256, "SHA-256 of the file that was loaded"),
        "compile.artifact.weights_bytes": observed(artifact.size_bytes, "size of the file that was loaded"),
        "compile.artifact.op_counts": observed(dict(sorted(op_counts.items())), source) if op_counts else inapplicable(source),
        **{f"compile.exporter.{name}": leaf for name, leaf in exporter.items()},
    }


def no_framework(why: str) -> dict[str, AnyField]:
    """The leaves `sw.framework.*` of a runtime that runs without one."""
    return {f"sw.framework.{name}": inapplicable(why) for name in FRAMEWORK_LEAVES}


def wheel_source(name: str) -> AnyField:
    """Which installer put the distribution `name` here and from what kind of place; never the address itself."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return unreadable("no-metadata", f"installed metadata of {name}")
    return observed(f"{(found.read_text('INSTALLER') or 'unknown').strip()}, {_origin(found)}", f"installed metadata of {name}")


def _origin(found: Distribution) -> str:
    direct = found.read_text("direct_url.json")
    if direct is None:
        return "from an index"
    kinds = {"dir_info": "from a folder", "vcs_info": "from a repository", "archive_info": "from an archive"}
    return next((text for key, text in kinds.items() if key in json.loads(direct)), "from an address")


def pins(prefix: str) -> dict[str, str]:
    """{distribution: version} of everything installed whose name starts with `prefix`, by name."""
    found = {str(one.metadata["Name"]).lower(): one.version for one in distributions() if one.metadata["Name"]}
    return {name: found[name] for name in sorted(found) if name.startswith(prefix)}


def refuse_unless(offered: tuple[str, ...], artifact: Artifact, config: ExecutorConfig, backend: str, runtime_format: str) -> None:
    """BackendError for a precision that `backend` does not offer, an artifact of another precision or format, or an impossible count."""
    if config.precision not in offered:
        raise BackendError(f"{backend}: precision {config.precision} is not offered; offered are {', '.join(offered)}")
    if (artifact.precision, artifact.format) != (config.precision, runtime_format):
        asked, found = f"{config.precision} as {runtime_format}", f"{artifact.precision} as {artifact.format}"
        raise BackendError(f"{backend}: the artifact is {found} (asked for {asked}); take the artifact of the precision that is asked for")
    for name in ("batch", "threads_intra", "threads_inter", "replicas"):
        if getattr(config, name) < 1:
            raise BackendError(f"{backend}: {name} must be 1 or more (got {getattr(config, name)})")


def refuse_shape(found: tuple[int, ...], artifact: Artifact, config: ExecutorConfig, backend: str) -> None:
    """BackendError where one request is not 1 to `batch` samples of the model's shape."""
    if found[1:] != artifact.input_shape or not 1 <= (found[0] if found else 0) <= config.batch:
        asked = f"(1 to {config.batch}, {', '.join(map(str, artifact.input_shape))})" if config.batch > 1 else str((1, *artifact.input_shape))
        raise BackendError(f"{backend}: a request has the shape {asked} (got {found}); prepare at most `batch` samples at a time")
