"""The container and control groups that the process finds itself in: who made the container, and how much CPU and memory it may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.fields import AnyField, Text, Whole
from runner.probe.machine import Machine, Unread, found

GROUPS = "sys/fs/cgroup"
PPM = 1_000_000
MARKS = (("kubepods", "kubernetes"), ("docker", "docker"), ("containerd", "containerd"), ("libpod", "podman"), ("lxc", "lxc"))


def fields(machine: Machine) -> dict[str, AnyField]:
    """`host.container.*`; no limit is `not_applicable`, and a limit is the tightest of the group and all above it."""
    return {
        "host.container.runtime": found(Text, "/.dockerenv, /run/.containerenv, /run/systemd/container, /proc/1/cgroup", lambda: runtime(machine)),
        "host.container.cpu_quota_ppm": found(Whole, "cgroup cpu.max or cpu.cfs_quota_us", lambda: _tightest(quotas(machine), machine)),
        "host.container.memory_limit_bytes": found(Whole, "cgroup memory.max or memory.limit_in_bytes", lambda: _tightest(limits(machine), machine)),
    }


def runtime(machine: Machine) -> str:
    """none, docker, podman, kubernetes, containerd, lxc or what systemd calls it; raises `Unread`."""
    if machine.has("var/run/secrets/kubernetes.io") or machine.has("run/secrets/kubernetes.io"):
        return "kubernetes"
    if machine.has("run/.containerenv"):
        return "podman"
    if machine.has("run/systemd/container"):
        return machine.text("run/systemd/container")
    groups = machine.text("proc/1/cgroup")
    return next((name for mark, name in MARKS if mark in groups), "docker" if machine.has(".dockerenv") else "none")


def quotas(machine: Machine) -> Iterator[int]:
    """CPU quota of each control group from the process's own up to the root, in ppm of one CPU."""
    for folder in _folders(machine, "cpu"):
        quota, period = _pair(machine, folder)
        if quota not in ("max", "-1", ""):
            yield int(quota) * PPM // int(period)


def limits(machine: Machine) -> Iterator[int]:
    """Memory limit of each control group from the process's own up to the root, in bytes; version 1 writes "no limit" as a huge number."""
    for folder in _folders(machine, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            if machine.has(f"{folder}/{name}"):
                limit = machine.text(f"{folder}/{name}")
                if limit != "max" and int(limit) < LARGEST_INTEGER:
                    yield int(limit)


def _pair(machine: Machine, folder: str) -> tuple[str, str]:
    if machine.has(f"{folder}/cpu.max"):
        quota, _, period = machine.text(f"{folder}/cpu.max").partition(" ")
        return quota, period
    if machine.has(f"{folder}/cpu.cfs_quota_us"):
        return machine.text(f"{folder}/cpu.cfs_quota_us"), machine.text(f"{folder}/cpu.cfs_period_us")
    return "", ""


def _tightest(found_limits: Iterator[int], machine: Machine) -> int:
    least = min(found_limits, default=None)
    if least is None:
        raise Unread("not_applicable" if machine.has(GROUPS) else "unreadable:no-such-file")
    return least


def _folders(machine: Machine, controller: str) -> Iterator[str]:
    for line in machine.text("proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        top = f"{GROUPS}/{controller}" if names else GROUPS
        for place in (PurePosixPath(path), *PurePosixPath(path).parents):
            yield top + str(place).rstrip("/")
