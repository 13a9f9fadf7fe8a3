"""Sensors by name. `runner.sensors.nvml` is the only file that imports pynvml, and it is loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from os import environ as process_environ
from time import perf_counter_ns
from typing import cast

from runner.sensors.interface import Clock, Edge, Reading, Sensor, SensorAbsent
from runner.sensors.none import NoSensor

__all__ = ["SENSORS", "Clock", "Edge", "NoSensor", "Reading", "Sensor", "SensorAbsent", "open_sensor"]

# Sensors of accelerators. Each class takes (clock, environ). `host` and `replay` are made by those who need them: they take other things.
SENSORS: Mapping[str, str] = {"nvml": "runner.sensors.nvml:Nvml"}


def open_sensor(name: str = "", clock: Clock = perf_counter_ns, environ: Mapping[str, str] = process_environ) -> Sensor:
    """The sensor called `name`, open; without a name the first that finds a device, else the `none` sensor with the reason.

    A sensor asked for by name that finds nothing raises `SensorAbsent`; an unknown name is a ValueError that lists the names.
    """
    if name == NoSensor.name:
        return NoSensor("unreadable:switched-off")
    if name and name not in SENSORS:
        raise ValueError(f"sensor {name!r}: not one of {', '.join([*SENSORS, NoSensor.name])}")
    reason = "not_applicable"
    for place in [SENSORS[name]] if name else SENSORS.values():
        try:
            return _opened(place, clock, environ)
        except SensorAbsent as error:
            if name:
                raise
            reason = str(error)
    return NoSensor(reason)


def _opened(place: str, clock: Clock, environ: Mapping[str, str]) -> Sensor:
    module, _, made = place.partition(":")
    try:
        sensor = cast(Sensor, getattr(import_module(module), made)(clock, environ))
    except ModuleNotFoundError as error:
        raise SensorAbsent("unreadable:binding-missing") from error
    sensor.open()
    return sensor
