"""`python -m tests.benchmarks.observer`: what all sensors together cost in latency.

A closed loop over one small CNN (1x3x32x32, ONNX Runtime, one thread) in this process, window after window in blocks on, off, off, on. In the
windows "on" the sampler is at work as it is in a run: a process of its own that reads every sensor of this machine (host, package energy, and the
accelerator where there is one) at the methodology's ten times a second, with an edge right before and right after the window. Both kinds of
windows have the same warm-up, begun once the sampler is ready or has gone. The ratio is on over off, its 95 % interval that of the medians of five
consecutive windows of a side: seconds in which somebody else had the processor spoil a few windows, and must not decide.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from runner.contract.statistics import rank
from runner.load.clock import SECOND_NS, Clock
from runner.load.closed import closed_loop
from runner.load.driver import Serve
from runner.load.warming import WarmUp
from runner.sensors import open_sensor
from runner.sensors.sampler import Sampler, Sensed
from tests.benchmarks._anchor_model import make, served
from tests.benchmarks.report import finish, medians, progress, ratio, within

APART = 0.01
WARM = WarmUp(SECOND_NS // 5)


def p50_ns(run: Serve, request: object, window_ns: int, clock: Clock) -> int:
    """The median latency from schedule of one window."""
    columns = closed_loop(run, [request], np.zeros(1, np.int64), window_ns, clock, warm=WARM)
    latencies = np.sort(columns.t_last_ns - columns.t_scheduled_ns)
    return int(latencies[rank(len(latencies), 500) - 1])


def sensed_window(run: Serve, request: object, window_ns: int, clock: Clock, accelerator: str, hz: int) -> tuple[int, Sensed]:
    """The same with all sensors on, and what they read."""
    with Sampler(accelerator, clock.origin_ns, hz=hz) as sampler:
        sampler.edge()
        found = p50_ns(run, request, window_ns, clock)
        sampler.edge()
        return found, sampler.ended()


def _refuse_unless_at_work(sensed: Sensed, least_rows: float) -> None:
    """A sampler that died or read too little would cost nothing."""
    if sensed.faults or len(sensed.rows) < least_rows:
        raise SystemExit(f"observer: {len(sensed.rows)} rows of {least_rows:g}, faults: {[fault.said for fault in sensed.faults][:3]}")


def main() -> None:
    """Run the blocks and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=25, help="windows a side (default 25)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a window (default 1)")
    parser.add_argument("--hz", type=int, default=10, help="samples a second (default 10)")
    asked = parser.parse_args()
    window_ns, clock, accelerator = int(asked.seconds * SECOND_NS), Clock(time.perf_counter_ns()), open_sensor()
    accelerator.close()
    found: dict[str, list[int]] = {"on": [], "off": []}
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "cnn.onnx")
        backend, request = served(Path(folder) / "cnn.onnx")
        p50_ns(backend.run, request, window_ns, clock)
        for block in range(asked.repeats):
            for side in ("on", "off") if block % 2 == 0 else ("off", "on"):
                if side == "on":
                    p50, sensed = sensed_window(backend.run, request, window_ns, clock, accelerator.name, asked.hz)
                    _refuse_unless_at_work(sensed, asked.seconds * asked.hz)
                else:
                    p50 = p50_ns(backend.run, request, window_ns, clock)
                found[side].append(p50)
            progress(f"observer: block {block + 1}/{asked.repeats}: p50 {found['on'][-1]} ns on, {found['off'][-1]} ns off")
    shown = ratio(*(medians(found[side]) for side in ("off", "on")))
    figures: dict[str, object] = {
        side: {"p50_ns_median": int(statistics.median(values)), "min": min(values), "max": max(values)} for side, values in found.items()
    }
    figures |= {"ratio_on_over_off": shown, "windows_a_side": asked.repeats, "window_s": asked.seconds, "samples_per_s": asked.hz,
                "accelerator": accelerator.name, "capabilities": list(sensed.capabilities), "rows_of_a_window": len(sensed.rows),
                "load_average": round(os.getloadavg()[0], 2)}  # fmt: skip
    finish("observer", figures, {"p50_on_over_off": within(shown, APART)})


if __name__ == "__main__":
    main()
