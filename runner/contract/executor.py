"""The executor document: the whole thing that is measured, as fields by block, with its block digests and fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from runner.contract.canonical import digest, encode
from runner.contract.fields import AnyField, Counts, Document, Fact, Flag, Table, Text, Whole, Words, facts

SUB_BLOCKS = ("compile.artifact", "precision.loader")
BLOCKS = ("hw", "host", "env", "sw", "compile", "compile.artifact", "precision", "precision.loader", "serving")

# Who owns a layer unless an organisation says otherwise.
OWNERS = {
    "accelerator": "infrastructure", "host": "infrastructure", "power": "infrastructure", "os": "infrastructure", "driver": "infrastructure",
    "framework": "SRE", "runtime": "ML platform", "compile": "ML platform", "precision": "ML platform", "serving": "MLOps", "model": "ML",
}  # fmt: skip


class Hw(Document):
    """The accelerator in use; for a CPU executor `vendor` is `cpu_only` and what only a board has is not applicable."""

    vendor: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    product_name: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    architecture: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    compute_capability: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    count: Annotated[Whole, Fact("F", "M", "accelerator")] = Whole()
    memory_total_bytes: Annotated[Whole, Fact("F", "M", "accelerator")] = Whole()
    sm_count: Annotated[Whole, Fact("F", "O", "accelerator")] = Whole()
    sm_clock_max_khz: Annotated[Whole, Fact("F", "O", "accelerator")] = Whole()
    mem_clock_max_khz: Annotated[Whole, Fact("F", "O", "accelerator")] = Whole()
    vbios: Annotated[Text, Fact("F", "O", "accelerator")] = Text()
    ecc_enabled: Annotated[Flag, Fact("F", "M", "accelerator")] = Flag()
    mig_mode: Annotated[Flag, Fact("F", "M", "accelerator")] = Flag()
    virtualization_mode: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    compute_mode: Annotated[Text, Fact("F", "O", "accelerator")] = Text()
    pcie_gen_max: Annotated[Whole, Fact("F", "M", "accelerator")] = Whole()
    pcie_width_max: Annotated[Whole, Fact("F", "M", "accelerator")] = Whole()
    pcie_gen_cur: Annotated[Whole, Fact("S", "M", "accelerator")] = Whole()
    pcie_width_cur: Annotated[Whole, Fact("S", "M", "accelerator")] = Whole()
    memory_architecture: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    form_factor: Annotated[Text, Fact("F", "M", "accelerator")] = Text()
    ecc_uncorrected: Annotated[Whole, Fact("S", "M", "accelerator")] = Whole()
    remapped_rows: Annotated[Whole, Fact("S", "M", "accelerator")] = Whole()
    uuid: Annotated[Text, Fact("I", "M", "accelerator")] = Text()


class Cpu(Document):
    """The host processor."""

    model: Annotated[Text, Fact("F", "M", "host")] = Text()
    sockets: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    cores: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    threads: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    flags: Annotated[Words, Fact("F", "M", "host")] = Words()
    microcode: Annotated[Text, Fact("F", "M", "host")] = Text()
    clock_max_khz: Annotated[Whole, Fact("F", "M", "host")] = Whole()


class Container(Document):
    """The container or cgroup the runner finds itself in."""

    runtime: Annotated[Text, Fact("F", "M", "host")] = Text()
    cpu_quota_ppm: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    memory_limit_bytes: Annotated[Whole, Fact("F", "M", "host")] = Whole()


class Host(Document):
    """The machine around the accelerator; `machine` and `boot` are salted and tell units and boots apart without naming them."""

    sys_vendor: Annotated[Text, Fact("F", "M", "host")] = Text()
    product: Annotated[Text, Fact("F", "M", "host")] = Text()
    board: Annotated[Text, Fact("F", "O", "host")] = Text()
    bios_version: Annotated[Text, Fact("F", "O", "host")] = Text()
    virtualization: Annotated[Text, Fact("F", "M", "host")] = Text()
    cpu: Cpu = Cpu()
    cpu_affinity: Annotated[Text, Fact("F", "M", "host")] = Text()
    smt_active: Annotated[Flag, Fact("F", "M", "host")] = Flag()
    cpu_governor: Annotated[Text, Fact("F", "M", "host")] = Text()
    epp: Annotated[Text, Fact("F", "M", "host")] = Text()
    boost: Annotated[Flag, Fact("F", "M", "host")] = Flag()
    numa_nodes: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    numa_balancing: Annotated[Text, Fact("F", "M", "host")] = Text()
    thp: Annotated[Text, Fact("F", "M", "host")] = Text()
    hugepages: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    ram_total_bytes: Annotated[Whole, Fact("F", "M", "host")] = Whole()
    mitigations: Annotated[Table, Fact("F", "O", "host")] = Table()
    container: Container = Container()
    machine: Annotated[Text, Fact("I", "M", "host")] = Text()
    boot: Annotated[Text, Fact("S", "M", "host")] = Text()


class PowerLimit(Document):
    """Board power limits; only the enforced one is configuration."""

    enforced: Annotated[Whole, Fact("F", "M", "power")] = Whole()
    default: Annotated[Whole, Fact("N", "M", "power")] = Whole()
    min: Annotated[Whole, Fact("N", "M", "power")] = Whole()
    max: Annotated[Whole, Fact("N", "M", "power")] = Whole()


class Cotenancy(Document):
    """Who else used the machine when this was captured."""

    foreign_gpu_processes: Annotated[Whole, Fact("S", "M", "host")] = Whole()
    cpu_steal_ppm: Annotated[Whole, Fact("S", "M", "host")] = Whole()
    psi_cpu_some_avg10_ppm: Annotated[Whole, Fact("S", "M", "host")] = Whole()


class Env(Document):
    """Power, heat and placement; `cooling` is declared by the node's owner."""

    power_limit_mw: PowerLimit = PowerLimit()
    app_clocks_khz: Annotated[Counts, Fact("F", "M", "power")] = Counts()
    persistence_mode: Annotated[Flag, Fact("F", "M", "power")] = Flag()
    power_source: Annotated[Text, Fact("F", "C", "power")] = Text()
    platform_profile: Annotated[Text, Fact("F", "C", "power")] = Text()
    cooling: Annotated[Text, Fact("F", "M", "power")] = Text()
    ambient_mc: Annotated[Whole, Fact("S", "O", "power")] = Whole()
    idle_power_mw: Annotated[Whole, Fact("S", "O", "power")] = Whole()
    cotenancy: Cotenancy = Cotenancy()


class Os(Document):
    """The operating system."""

    id: Annotated[Text, Fact("F", "M", "os")] = Text()
    version: Annotated[Text, Fact("F", "M", "os")] = Text()
    build: Annotated[Text, Fact("F", "M", "os")] = Text()


class Python(Document):
    """The interpreter of the serving process."""

    version: Annotated[Text, Fact("F", "M", "os")] = Text()
    implementation: Annotated[Text, Fact("F", "M", "os")] = Text()
    build: Annotated[Text, Fact("F", "M", "os")] = Text()


class Driver(Document):
    """The accelerator's driver."""

    version: Annotated[Text, Fact("F", "M", "driver")] = Text()
    module_flavor: Annotated[Text, Fact("F", "M", "driver")] = Text()


class Cuda(Document):
    """CUDA's independent axes; the fourth, compute capability, is `hw.compute_capability`. There is no single CUDA version."""

    driver_max: Annotated[Text, Fact("F", "M", "driver")] = Text()
    system_toolkit: Annotated[Text, Fact("F", "O", "driver")] = Text()
    framework_build: Annotated[Text, Fact("F", "M", "framework")] = Text()
    runtime_loaded: Annotated[Text, Fact("F", "M", "runtime")] = Text()
    forward_compat: Annotated[Flag, Fact("F", "M", "driver")] = Flag()


class Framework(Document):
    """The deep-learning framework of the serving process, with the flags that change its numerics."""

    name: Annotated[Text, Fact("F", "M", "framework")] = Text()
    version: Annotated[Text, Fact("F", "M", "framework")] = Text()
    git: Annotated[Text, Fact("F", "M", "framework")] = Text()
    wheel_source: Annotated[Text, Fact("F", "M", "framework")] = Text()
    arch_list: Annotated[Words, Fact("F", "M", "framework")] = Words()
    flags: Annotated[Table, Fact("F", "M", "framework")] = Table()


class Runtime(Document):
    """The inference runtime; `fallback_ops` counts operators that ran outside the provider asked for."""

    name: Annotated[Text, Fact("F", "M", "runtime")] = Text()
    version: Annotated[Text, Fact("F", "M", "runtime")] = Text()
    git: Annotated[Text, Fact("F", "M", "runtime")] = Text()
    build_info: Annotated[Text, Fact("F", "M", "runtime")] = Text()
    providers: Annotated[Words, Fact("F", "M", "runtime")] = Words()
    provider_options: Annotated[Table, Fact("F", "M", "runtime")] = Table()
    options: Annotated[Table, Fact("F", "M", "runtime")] = Table()
    fallback_ops: Annotated[Whole, Fact("F", "M", "runtime")] = Whole()


class Sw(Document):
    """The software stack as the serving process has it, once warm."""

    os: Os = Os()
    kernel_release: Annotated[Text, Fact("F", "M", "os")] = Text()
    python: Python = Python()
    libc: Annotated[Text, Fact("F", "O", "os")] = Text()
    clocksource: Annotated[Text, Fact("F", "O", "os")] = Text()
    driver: Driver = Driver()
    nvml_version: Annotated[Text, Fact("S", "O", "driver")] = Text()
    cuda: Cuda = Cuda()
    framework: Framework = Framework()
    runtime: Runtime = Runtime()
    kernel_libs: Annotated[Table, Fact("F", "M", "runtime")] = Table()
    loaded_libs: Annotated[Table, Fact("F", "M", "runtime")] = Table()
    env_vars: Annotated[Table, Fact("F", "M", "os")] = Table()
    packages_sha256: Annotated[Text, Fact("S", "M", "framework")] = Text()
    visible_devices: Annotated[Text, Fact("S", "O", "driver")] = Text()


class Toolchain(Document):
    """What compiled the model for the runtime."""

    name: Annotated[Text, Fact("F", "M", "compile")] = Text()
    version: Annotated[Text, Fact("F", "M", "compile")] = Text()


class Exporter(Document):
    """What wrote the model's exchange format."""

    name: Annotated[Text, Fact("F", "C", "compile")] = Text()
    version: Annotated[Text, Fact("F", "C", "compile")] = Text()
    opset: Annotated[Whole, Fact("F", "C", "compile")] = Whole()


class Artifact(Document):
    """The executed model file and what follows from it; a sub-block, because a precision study changes it by design."""

    weights_sha256: Annotated[Text, Fact("F", "M", "model")] = Text()
    weights_bytes: Annotated[Whole, Fact("F", "M", "model")] = Whole()
    op_counts: Annotated[Counts, Fact("F", "O", "model")] = Counts()


class Compile(Document):
    """The compile tool chain, without the flags that set precision."""

    toolchain: Toolchain = Toolchain()
    exporter: Exporter = Exporter()
    flags: Annotated[Table, Fact("F", "M", "compile")] = Table()
    artifact: Artifact = Artifact()


class Quantization(Document):
    """The recipe that made a quantised model: two recipes are two precisions."""

    producer_tool: Annotated[Text, Fact("F", "C", "precision")] = Text()
    producer_version: Annotated[Text, Fact("F", "C", "precision")] = Text()
    method: Annotated[Text, Fact("F", "C", "precision")] = Text()
    bits: Annotated[Whole, Fact("F", "C", "precision")] = Whole()
    granularity: Annotated[Text, Fact("F", "C", "precision")] = Text()
    symmetric: Annotated[Flag, Fact("F", "C", "precision")] = Flag()
    reduce_range: Annotated[Flag, Fact("F", "C", "precision")] = Flag()
    calibration_sha256: Annotated[Text, Fact("F", "C", "precision")] = Text()
    calibration_count: Annotated[Whole, Fact("F", "C", "precision")] = Whole()
    excluded_modules: Annotated[Words, Fact("F", "C", "precision")] = Words()


class Loader(Document):
    """Who loads the weights, a fact apart from who produced them."""

    loader_tool: Annotated[Text, Fact("F", "M", "precision")] = Text()
    loader_version: Annotated[Text, Fact("F", "M", "precision")] = Text()
    kernel_backend: Annotated[Text, Fact("F", "M", "precision")] = Text()


class Precision(Document):
    """The numerical regime; values are keys into the table of numeric formats."""

    weights: Annotated[Text, Fact("F", "M", "precision")] = Text()
    activations: Annotated[Text, Fact("F", "M", "precision")] = Text()
    accumulate: Annotated[Text, Fact("F", "M", "precision")] = Text()
    kv_k: Annotated[Text, Fact("F", "M", "precision")] = Text()
    kv_v: Annotated[Text, Fact("F", "M", "precision")] = Text()
    embeddings: Annotated[Text, Fact("F", "M", "precision")] = Text()
    lm_head: Annotated[Text, Fact("F", "M", "precision")] = Text()
    scheme: Annotated[Text, Fact("F", "M", "precision")] = Text()
    sparsity: Annotated[Text, Fact("F", "M", "precision")] = Text()
    quantization: Quantization = Quantization()
    loader: Loader = Loader()


class Serving(Document):
    """How requests are batched and placed."""

    engine: Annotated[Text, Fact("F", "M", "serving")] = Text()
    batch_policy: Annotated[Text, Fact("F", "M", "serving")] = Text()
    max_batch: Annotated[Whole, Fact("F", "M", "serving")] = Whole()
    batch_timeout_ns: Annotated[Whole, Fact("F", "M", "serving")] = Whole()
    replicas: Annotated[Whole, Fact("F", "M", "serving")] = Whole()
    threads_intra: Annotated[Whole, Fact("F", "M", "serving")] = Whole()
    threads_inter: Annotated[Whole, Fact("F", "M", "serving")] = Whole()
    streams: Annotated[Whole, Fact("F", "M", "serving")] = Whole()
    client: Annotated[Text, Fact("F", "M", "serving")] = Text()


class Executor(Document):
    """One captured executor, `executor/v1`: everything at rest here either enters the fingerprint or says why it does not."""

    schema_id: Literal["executor/v1"] = "executor/v1"
    hw: Hw = Hw()
    host: Host = Host()
    env: Env = Env()
    sw: Sw = Sw()
    compile: Compile = Compile()
    precision: Precision = Precision()
    serving: Serving = Serving()

    @property
    def block_digests(self) -> dict[str, str]:
        """Digest of each block's fingerprint values; sub-blocks are left out of their parent and digested apart."""
        values: dict[str, dict[str, object]] = {block: {} for block in BLOCKS}
        for path, fact, leaf in facts(self):  # one walk for all blocks: the same values as `projection` gives block by block
            if fact.role == "F":
                values[block_of(path)][path] = leaf.projected()
        return {block: digest(values[block]) for block in BLOCKS}

    @property
    def fingerprint(self) -> str:
        """Digest of the configuration: of {block: block digest}."""
        return digest(self.block_digests)

    def field(self, path: str) -> AnyField:
        """The leaf at a dotted `path`; KeyError if the schema has none."""
        return {place: leaf for place, _, leaf in facts(self)}[path]


def block_of(path: str) -> str:
    """The block or sub-block that a leaf's dotted path belongs to."""
    return next((sub for sub in SUB_BLOCKS if path.startswith(f"{sub}.")), path.partition(".")[0])


def projection(executor: Executor, block: str) -> dict[str, object]:
    """What a block digest covers: {path: value or status word} of the F leaves of `block`."""
    return {path: leaf.projected() for path, fact, leaf in facts(executor) if fact.role == "F" and block_of(path) == block}


def build(leaves: Mapping[str, AnyField]) -> Executor:
    """An executor from {dotted path: field}; paths not given stay `not_collected`, a path the schema lacks is a ValidationError."""
    tree: dict[str, object] = {}
    for path, leaf in leaves.items():
        *parents, name = path.split(".")
        place = tree
        for parent in parents:
            inner = place.setdefault(parent, {})
            assert isinstance(inner, dict)
            place = inner
        place[name] = leaf.model_dump(mode="json")
    return Executor.model_validate_json(encode(tree))
