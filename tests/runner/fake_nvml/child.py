"""The child process: for each line [question, arguments, environment] it opens the sensor of this machine anew and prints what it says."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, replace

from runner.contract.executor import build
from runner.probe import Machine, probe
from runner.sensors import Sensor, open_sensor
from runner.sensors.edges import difference
from runner.sensors.replay import Trace


def describe(sensor: Sensor) -> dict[str, object]:
    """What the sensor is and what it says of its devices."""
    return {
        "name": sensor.name, "devices": sensor.device_count, "capabilities": sorted(sensor.capabilities), "refusals": dict(sensor.refusals),
        "fields": {path: field.model_dump(mode="json") for path, field in sensor.describe().items()},
        "processes": len(there) if (there := sensor.process_ids()) is not None else None,
    }  # fmt: skip


def edges(sensor: Sensor, milliseconds: int) -> list[dict[str, object]]:
    """Each device's difference over a window."""
    before = sensor.edge()
    time.sleep(milliseconds / 1000)
    return [asdict(difference(first, last)) for first, last in zip(before, sensor.edge(), strict=True)]


def sample(sensor: Sensor) -> list[dict[str, object]]:
    """One reading of each device."""
    return [asdict(reading) for reading in sensor.sample()]


def executor(sensor: Sensor) -> dict[str, object]:
    """The executor document of this machine with these devices."""
    probed = build(probe(Machine(sensor=sensor), b"salt", {"env.cooling": "air_active"}))
    return {"document": probed.model_dump(mode="json"), "fingerprint": probed.fingerprint, "pid": os.getpid()}


def trace(sensor: Sensor, steps: int, milliseconds: int, label: str) -> str:
    """Edges and readings, one of each every so often, as a trace for `runner.sensors.replay`; times count from its start."""
    begun, edges, readings = time.perf_counter_ns(), [], []
    for step in range(steps):
        time.sleep(max(0.0, (begun - time.perf_counter_ns()) / 1e9 + step * milliseconds / 1000))
        edges.append(tuple(replace(edge, t_ns=edge.t_ns - begun) for edge in sensor.edge()))
        readings.append(tuple(replace(reading, t_ns=reading.t_ns - begun) for reading in sensor.sample()))
    return Trace(tuple(edges), tuple(readings), label).encode().decode()


QUESTIONS: dict[str, Callable[..., object]] = {"describe": describe, "edges": edges, "sample": sample, "probe": executor, "trace": trace}


def answer(question: str, arguments: list[object], environ: dict[str, str]) -> object:
    """One question to a sensor that is open for it alone."""
    sensor = open_sensor(environ=environ)
    try:
        return QUESTIONS[question](sensor, *arguments)
    finally:
        sensor.close()


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            print(json.dumps({"answer": answer(*json.loads(line))}), flush=True)
        except Exception:  # the parent shows it
            print(json.dumps({"error": traceback.format_exc()}), flush=True)
