"""Record the synthetic trace: three seconds of a board that goes from 100 W to 400 W after one and is capped for half a second after two."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.runner.fake_nvml import build
from tests.runner.traces import SYNTHETIC

LABEL = "SYNTHETIC: the stand-in for NVML in tests/runner/fake_nvml, 100 W, 400 W from 1 s on, capped from 2 s to 2.5 s; not a GPU"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, build(Path(folder)) as library:
        scenario = {"power_mw": 100_000, "power_steps": "1000:400000", "violation_power_events": "2000-2500"}
        SYNTHETIC.write_text(library.ask("trace", 31, 100, LABEL, **scenario), "utf-8")
