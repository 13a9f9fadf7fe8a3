"""The probe on machines made of files: what is read, what is honestly absent and why, and what never changes an executor."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.contract.canary import scan
from runner.contract.executor import build
from runner.contract.fields import Text, facts
from runner.contract.problems import Problems
from runner.contract.telemetry import HOST
from runner.probe import Machine, probe
from runner.probe.machine import Unread, found
from runner.probe.power import foreign
from runner.sensors import Edge, NoSensor
from tests.runner.probe_tree import machine, probed

BACKENDS = ("sw.framework", "sw.runtime", "sw.kernel_libs", "sw.cuda.framework_build", "compile.", "precision.", "serving.")
CPU = "sys/devices/system/cpu"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hw.vendor", "cpu_only"), ("hw.product_name", "AMD EPYC 9554 64-Core Processor"), ("hw.architecture", "x86_64"), ("hw.count", 2),
        ("host.sys_vendor", "Supermicro"), ("host.virtualization", "none"), ("host.cpu.sockets", 2), ("host.cpu.cores", 4),
        ("host.cpu.threads", 4), ("host.cpu.flags", ("avx", "avx2", "avx512_bf16", "avx512f", "bmi2", "f16c", "fma", "sse4_2")),
        ("host.cpu.microcode", "0xa101148"), ("host.cpu.clock_max_khz", 3762988), ("host.cpu_affinity", "0-3"), ("host.smt_active", False),
        ("host.cpu_governor", "performance"), ("host.epp", "performance"), ("host.boost", True), ("host.numa_nodes", 2),
        ("host.numa_balancing", "1"), ("host.thp", "madvise"), ("host.hugepages", 8), ("host.ram_total_bytes", 791000000 * 1024),
        ("host.mitigations", {"meltdown": "Not affected"}), ("host.container.runtime", "none"), ("sw.os.id", "ubuntu"),
        ("sw.os.version", "24.04"), ("sw.kernel_release", "6.8.0-51-generic"), ("sw.clocksource", "tsc"), ("sw.loaded_libs", {}),
        ("env.cotenancy.psi_cpu_some_avg10_ppm", 12_500),
    ],
)  # fmt: skip
def test_a_readable_machine_is_read(tmp_path: Path, path: str, value: object) -> None:
    # an empty maps file stands for a process without any library
    leaf = probed(tmp_path, changed={"proc/self/maps": "0-1 r-xp 0 00:00 0 [vdso]"})[path]
    assert (leaf.value, leaf.status) == (value, "observed")


@pytest.mark.parametrize(
    "path", ["hw.compute_capability", "hw.memory_total_bytes", "hw.uuid", "env.power_limit_mw.enforced", "env.persistence_mode", "sw.driver.version",
             "sw.cuda.driver_max", "sw.cuda.runtime_loaded", "env.cotenancy.foreign_gpu_processes", "env.power_source",
             "host.container.cpu_quota_ppm", "host.container.memory_limit_bytes", "sw.os.build", "sw.cuda.system_toolkit"],
)  # fmt: skip
def test_what_a_processor_does_not_have_does_not_apply(tmp_path: Path, path: str) -> None:
    assert probed(tmp_path)[path].status == "not_applicable"


def test_this_machine_answers_every_mandatory_leaf_that_no_backend_owns() -> None:
    executor = build(probe(Machine(), b"salt", {}))
    silent = [path for path, fact, leaf in facts(executor) if fact.need == "M" and not leaf.answered and not path.startswith(BACKENDS)]
    assert silent == []


def test_a_machine_without_proc_and_sys_gives_reasons_and_no_values(tmp_path: Path) -> None:
    leaves = probed(tmp_path, without=["proc", "sys", "etc"])
    host = {path: leaf.status for path, leaf in leaves.items() if path.startswith("host.")}
    assert set(host.values()) <= {"unreadable:no-such-file", "not_applicable"} and leaves["host.cpu.model"].value is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(), "permission-denied"), (FileNotFoundError(), "no-such-file"), (OSError(95, "no"), "not-supported"),
        (KeyError("ID"), "unknown-format"),
    ],
)  # fmt: skip
def test_each_way_of_not_being_read_has_its_reason(error: Exception, reason: str) -> None:
    def fail() -> str:
        raise error

    assert found(Text, "somewhere", fail).status == f"unreadable:{reason}"


def test_an_error_of_ours_is_not_taken_for_an_unreadable_file() -> None:
    with pytest.raises(TypeError):
        found(Text, "somewhere", lambda: len(3))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "text", "leaf"),
    [
        (f"{CPU}/smt/active", "maybe", "host.smt_active"), ("proc/meminfo", "MemTotal: lots kB", "host.ram_total_bytes"),
        (f"{CPU}/online", "zero", "host.cpu.threads"), ("proc/pressure/cpu", "none", "env.cotenancy.psi_cpu_some_avg10_ppm"),
        ("proc/self/status", "Name: python", "host.cpu_affinity"), ("sys/kernel/mm/transparent_hugepage/enabled", "always", "host.thp"),
    ],
)  # fmt: skip
def test_text_that_no_kernel_writes_is_unknown_format_and_no_guess(tmp_path: Path, file: str, text: str, leaf: str) -> None:
    assert probed(tmp_path, changed={file: text})[leaf].status == "unreadable:unknown-format"


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"sys/class/dmi/id/sys_vendor": "QEMU", "proc/cpuinfo": "flags : hypervisor avx"}, "kvm"),
        ({"sys/class/dmi/id/sys_vendor": "Microsoft Corporation", "proc/cpuinfo": "flags : hypervisor avx"}, "hyperv"),
        ({"proc/cpuinfo": "flags : hypervisor avx"}, "other"),
        ({"sys/hypervisor/type": "xen"}, "xen"),
    ],
)
def test_a_guest_is_not_taken_for_a_machine(tmp_path: Path, changed: dict[str, str], kind: str) -> None:
    assert probed(tmp_path, changed=changed)["host.virtualization"].value == kind


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"run/.containerenv": ""}, "podman"), ({".dockerenv": ""}, "docker"), ({"proc/1/cgroup": "0::/docker/abc"}, "docker"),
        ({"proc/1/cgroup": "0::/kubepods/pod1"}, "kubernetes"), ({"run/systemd/container": "lxc"}, "lxc"),
    ],
)  # fmt: skip
def test_a_container_is_named(tmp_path: Path, changed: dict[str, str], kind: str) -> None:
    assert probed(tmp_path, changed=changed)["host.container.runtime"].value == kind


def test_the_tightest_limit_of_all_groups_above_is_the_limit(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/job.slice"
    leaves = probed(tmp_path, changed={f"{group}/cpu.max": "150000 100000", f"{group}/run.scope/cpu.max": "400000 100000",
                                      f"{group}/memory.max": "1073741824"})  # fmt: skip
    assert leaves["host.container.cpu_quota_ppm"].value == 1_500_000
    assert leaves["host.container.memory_limit_bytes"].value == 1 << 30


def test_the_first_version_of_control_groups_is_read_too(tmp_path: Path) -> None:
    changed = {"proc/self/cgroup": "3:cpu,cpuacct:/a\n4:memory:/b\n", "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "50000",
               "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000", "sys/fs/cgroup/memory/b/memory.limit_in_bytes": "9223372036854771712"}  # fmt: skip
    leaves = probed(tmp_path, changed=changed)
    assert leaves["host.container.cpu_quota_ppm"].value == 500_000
    assert leaves["host.container.memory_limit_bytes"].status == "not_applicable"


def test_identities_are_pseudonyms_under_the_salt(tmp_path: Path) -> None:
    there = machine(tmp_path)
    one, other = probe(there, b"one", {}), probe(there, b"other", {})
    raw = "lynxweb/instance/v1\0host.machine\x000123456789abcdef0123456789abcdef"
    assert one["host.machine"].value == hmac.new(b"one", raw.encode(), "sha256").hexdigest()
    assert one["host.machine"].value != other["host.machine"].value and one["host.boot"].value != other["host.boot"].value


def test_a_machine_that_was_never_given_an_identity_has_none(tmp_path: Path) -> None:
    assert probed(tmp_path, changed={"etc/machine-id": "uninitialized\n"})["host.machine"].status == "unreadable:uninitialized"


def test_nothing_that_moves_enters_the_fingerprint(tmp_path: Path) -> None:
    there = machine(tmp_path)
    before = build(probe(there, b"salt", {})).fingerprint
    for path, text in {"proc/meminfo": "MemTotal:       791000000 kB\nMemFree:        9999 kB\nHugePages_Total:       8\n",
                       "proc/pressure/cpu": "some avg10=99.00 avg60=0.00 avg300=0.00 total=9\n",
                       "proc/sys/kernel/random/boot_id": "another"}.items():  # fmt: skip
        (tmp_path / path).write_text(text, "utf-8")
    assert build(probe(there, b"salt", {})).fingerprint == before


def test_a_setting_that_governs_speed_does_enter_it(tmp_path: Path) -> None:
    there = machine(tmp_path)
    before = build(probe(there, b"salt", {})).fingerprint
    (tmp_path / f"{CPU}/cpu3/cpufreq/scaling_governor").write_text("powersave", "utf-8")
    after = build(probe(there, b"salt", {}))
    assert after.fingerprint != before and after.host.cpu_governor.value == "performance,powersave"


def test_two_probes_of_this_machine_agree_and_hold_no_identity() -> None:
    first, second = (build(probe(Machine(), b"salt", {})) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert list(scan(first.model_dump(mode="json"))) == []


def test_a_probe_takes_less_than_300_ms() -> None:
    probe(Machine(), b"salt", {})
    took = []
    for _ in range(5):
        start = time.perf_counter()
        probe(Machine(), b"salt", {})
        took.append(time.perf_counter() - start)
    assert min(took) < 0.3


def test_what_the_owner_declares_fills_a_gap_and_says_so(tmp_path: Path) -> None:
    leaves = probed(tmp_path, {"env.cooling": "liquid_cold_plate", "env.ambient_mc": "22000"})
    assert (leaves["env.cooling"].value, leaves["env.cooling"].status) == ("liquid_cold_plate", "declared")
    assert leaves["env.ambient_mc"].value == 22_000
    assert probed(tmp_path / "other")["env.cooling"].status == "unreadable:not-declared"


def test_a_declaration_never_replaces_what_was_read(tmp_path: Path) -> None:
    assert probed(tmp_path, {"host.product": "Another"})["host.product"].value == "AS -4125GS-TNRT"


def test_every_wrong_declaration_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Problems) as raised:
        probed(tmp_path, {"env.cooling": "cold", "host.cpu.model": "Fast", "env.ambient_mc": "22 C"})
    assert [problem.path for problem in raised.value.problems] == [
        "declared.json: env.cooling", "declared.json: host.cpu.model", "declared.json: env.ambient_mc",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({"AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery"}, "ac"),
        ({"AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery"}, "battery"),
        ({"mouse/type": "Battery", "mouse/scope": "Device"}, None),
    ],
)
def test_power_source_is_that_of_the_machine(tmp_path: Path, supplies: Mapping[str, str], expected: str | None) -> None:
    changed = {f"sys/class/power_supply/{path}": text for path, text in supplies.items()}
    assert probed(tmp_path, changed=changed)["env.power_source"].value == expected


def test_steal_needs_two_reads_and_is_a_share_of_all_cpu_time(tmp_path: Path) -> None:
    there = machine(tmp_path)
    before = Edge(0, 0, HOST, {"cpu_total_ticks": 1000, "cpu_steal_ticks": 10})
    after = Edge(10**9, 0, HOST, {"cpu_total_ticks": 1200, "cpu_steal_ticks": 13})
    assert probe(there, b"salt", {}, (before, after))["env.cotenancy.cpu_steal_ppm"].value == 15_000
    assert probe(there, b"salt", {}, (before, before))["env.cotenancy.cpu_steal_ppm"].status == "unreadable:interval-too-short"
    assert probe(there, b"salt", {})["env.cotenancy.cpu_steal_ppm"].status == "unreadable:no-interval"


class Board(NoSensor):
    """One device with these processes on it."""

    device_count = 1

    def __init__(self, processes: frozenset[int] | None) -> None:
        super().__init__()
        self._processes = processes

    def process_ids(self) -> frozenset[int] | None:
        return self._processes


class Powered(Board):
    """A device whose power is read."""

    capabilities = frozenset({"power_avg_mw"})


def test_power_at_rest_is_never_measured_and_says_so(tmp_path: Path) -> None:
    assert probed(tmp_path, sensor=Powered(None))["env.idle_power_mw"].status == "unreadable:not-measured"


def test_without_a_power_sensor_there_is_no_power_at_rest(tmp_path: Path) -> None:
    assert probed(tmp_path)["env.idle_power_mw"].status == "not_applicable"


def test_our_own_process_is_no_stranger_on_the_device(tmp_path: Path) -> None:
    assert foreign(machine(tmp_path, sensor=Board(frozenset({4242, 7, 8})))) == 2


@pytest.mark.parametrize("there", [frozenset(), frozenset({7})])
def test_in_a_container_a_list_without_us_is_no_count(tmp_path: Path, there: frozenset[int]) -> None:
    with pytest.raises(Unread, match="unreadable:hidden-in-container"):
        foreign(machine(tmp_path, sensor=Board(there), changed={".dockerenv": ""}))
    assert foreign(machine(tmp_path / "bare", sensor=Board(there))) == len(there)
