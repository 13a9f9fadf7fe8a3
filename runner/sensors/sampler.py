"""The sampler: sensors in a process of their own, for the measured process holds no sampler thread. `Sampler` is the handle on it.

The two talk by pipes outside the measured window alone. What was read goes to a file without a name that both hold open; it is read after the
end, so that a sampler that was killed leaves behind all it had read.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from runner.sensors import NoSensor, Sensor, SensorAbsent, open_sensor
from runner.sensors.host import HostSensor
from runner.sensors.rapl import Rapl
from runner.sensors.sampling import Sampling
from runner.sensors.sensed import Fault, Sensed, decode
from runner.sensors.tether import die_with_parent

__all__ = ["Fault", "Sampler", "Sensed"]

MODULE = "runner.sensors.sampler"
START_S, ANSWER_S = 30.0, 5.0
EDGE, STOP, DONE = b"e", b"s", b"."


class Sampler:
    """A running sampler inside a `with` block: `edge` right before and right after a window, `ended` once after the last one.

    `accelerator` is "nvml" or "none", `origin_ns` the start of the run on the monotonic clock, `cpu` a processor to keep to, `own_pid` the measured
    process, this one by default. The first `edge` waits until the sensors are open and the tick is found (up to 2 s).
    """

    def __init__(
        self, accelerator: str, origin_ns: int, hz: int = 10, cpu: int | None = None, own_pid: int | None = None, *,
        root: Path = Path("/"), environ: Mapping[str, str] | None = None, answer_s: float = ANSWER_S,
    ) -> None:  # fmt: skip
        if accelerator not in ("nvml", "none") or not 1 <= hz <= 100:
            raise ValueError(f"sampler: accelerator nvml or none, 1 to 100 samples a second (got {accelerator!r}, {hz})")
        self._asked = {"accelerator": accelerator, "origin_ns": origin_ns, "hz": hz, "cpu": cpu, "root": str(root), "parent": os.getpid(),
                       "own_pid": os.getpid() if own_pid is None else own_pid}  # fmt: skip
        self._environ, self._answer_s, self._patience_s = dict(environ or {}), answer_s, START_S
        self._silent = ""
        self._sensed: Sensed | None = None

    def __enter__(self) -> Self:
        self._rows: IO[bytes] = tempfile.TemporaryFile()
        self._talk: IO[bytes] = tempfile.TemporaryFile()
        asked = json.dumps({**self._asked, "rows": self._rows.fileno()})
        self._child = subprocess.Popen(
            (sys.executable, "-m", MODULE, asked), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._talk, bufsize=0,
            env={**os.environ, **self._environ}, pass_fds=(self._rows.fileno(),),
        )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wait(0)
        for file in (self._child.stdin, self._child.stdout, self._rows, self._talk):
            assert file is not None
            with suppress(OSError):
                file.close()

    @property
    def pid(self) -> int:
        """The sampler's process."""
        return self._child.pid

    def edge(self) -> None:
        """Have everything read now, and return when it has been; at once where the sampler is gone. Not for use inside a window."""
        self._ask(EDGE)

    def ended(self) -> Sensed:
        """End the sampler and give all that it read; the same again when repeated."""
        if self._sensed is None:
            self._ask(STOP)
            self._wait(0 if self._silent else self._answer_s)
            found = decode(os.pread(self._rows.fileno(), os.fstat(self._rows.fileno()).st_size, 0))
            if self._silent:
                last = os.pread(self._talk.fileno(), 1 << 16, 0).decode("utf-8", "replace").strip().rpartition("\n")[2]
                died = Fault("sampler-died", f"{self._silent} {last}".strip()[:300], found.rows[-1].t_ns if found.rows else None)
                found = replace(found, faults=(*found.faults, died))
            self._sensed = found
        return self._sensed

    def _ask(self, command: bytes) -> None:
        if self._silent or self._sensed is not None:
            return
        assert self._child.stdin is not None and self._child.stdout is not None
        try:
            self._child.stdin.write(command)
            ready, _, _ = select.select([self._child.stdout], [], [], self._patience_s)
            answered = bool(ready) and self._child.stdout.read(1) == DONE
        except OSError:  # it has closed its end
            ready, answered = [self._child.stdout], False
        if not answered:
            if ready:
                self._wait(self._answer_s)  # its pipes close a moment before it ends
            self._silent = f"exit status {self._child.returncode}" if ready else f"no answer within {self._patience_s:g} s"
        self._patience_s = self._answer_s

    def _wait(self, patience_s: float) -> None:
        """Wait for the end of the process, and make one after that."""
        try:
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _accelerator(name: str) -> Sensor:
    try:
        return open_sensor(name) if name != NoSensor.name else NoSensor()
    except SensorAbsent as absent:
        return NoSensor(str(absent))


def _opened(asked: Mapping[str, object], write: Callable[[Mapping[str, object]], None]) -> Sampling:
    clock, root = time.perf_counter_ns, Path(str(asked["root"]))
    host, rapl = HostSensor(clock, root), Rapl(clock, root)
    host.open()
    rapl.open()
    origin_ns, hz, own = (int(str(asked[name])) for name in ("origin_ns", "hz", "own_pid"))
    return Sampling(_accelerator(str(asked["accelerator"])), host, rapl, write, origin_ns=origin_ns, hz=hz, own_pid=own, clock=clock)


def _serve(sampling: Sampling) -> None:
    """Sample until told to stop, or until nobody is left to say so."""
    while True:
        wait_s = max(0, sampling.next_ns - time.perf_counter_ns()) / 1e9
        if not select.select([0], [], [], wait_s)[0]:
            sampling.due()
            continue
        command = os.read(0, 1)
        if command == EDGE:
            sampling.sample()
        if command:
            os.write(1, DONE)
        if command != EDGE:
            return


def main(asked: Mapping[str, object]) -> None:
    """The sampler's process, gone with its parent.

    It keeps the ordinary priority: at a lower one, where every processor is busy, it wakes too late to see a tick, and the median latency beside it
    is the same either way.
    """
    die_with_parent(int(str(asked["parent"])))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the session, which then ends this process
    if asked["cpu"] is not None:
        with suppress(OSError, AttributeError):
            os.sched_setaffinity(0, {int(str(asked["cpu"]))})
    file = int(str(asked["rows"]))

    def write(said: Mapping[str, object]) -> None:
        os.write(file, json.dumps(said, separators=(",", ":")).encode() + b"\n")

    sampling = _opened(asked, write)
    sampling.settle(time.sleep)
    _serve(sampling)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
