"""The rows of one window under the window rule: completions count where they complete, latencies where they were scheduled."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from runner.contract.effective import ess
from runner.contract.run import Trial, Window
from runner.contract.samples import STATUS, Samples

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class WindowRows:
    """One window of one trial.

    `latencies_ns` and `from_issue_ns` are of completed requests scheduled inside, sorted. `due` are all rows scheduled inside, completed or not,
    in due order, with `due_ok` saying which of them completed. Counts are of requests, `inferences_inside` of samples answered.
    """

    trial: int
    window: Window
    latencies_ns: Integers
    from_issue_ns: Integers
    completed_inside: int
    inferences_inside: int
    failed: int
    timed_out: int
    due: Samples = field(repr=False)
    due_ok: Flags = field(repr=False)
    _ended_ns: Integers = field(repr=False)
    _answers: Integers = field(repr=False)

    @cached_property
    def done_ns(self) -> Integers:
        """When each sample was answered inside the window, sorted: a request of several is there as often. Made when it is asked for."""
        return np.sort(np.repeat(self._ended_ns, self._answers))

    @property
    def window_ns(self) -> int:
        """Length of the window."""
        return self.window.end_ns - self.window.start_ns

    @cached_property
    def due_latencies_ns(self) -> Integers:
        """Latencies from schedule of `due`, in due order."""
        return self.due.t_last_ns - self.due.t_scheduled_ns

    @cached_property
    def due_from_issue_ns(self) -> Integers:
        """Latencies from issue of `due`, in due order."""
        return self.due.t_last_ns - self.due.t_sent_ns

    @cached_property
    def ess_from_schedule(self) -> float:
        """Effective size of `due_latencies_ns`: the same for every percentile and limit."""
        return ess(self.due_latencies_ns)

    @cached_property
    def ess_from_issue(self) -> float:
        """Effective size of `due_from_issue_ns`."""
        return ess(self.due_from_issue_ns)

    def over(self, limit_ns: int) -> Flags:
        """Which rows scheduled inside miss the limit, in due order; a failure or a timeout misses every limit."""
        return ~self.due_ok | (self.due_latencies_ns > limit_ns)


def rows_of(samples: Samples, trial: Trial, window: Window | None = None, *, batched: bool = False) -> WindowRows:
    """The rows of `window`, or of the only window of `trial`; `batched` says that each row is one sample whatever the size of its batch."""
    window = window or trial.points[0]
    mine = samples.only(trial.index, window.point)
    scheduled, last, status = mine.t_scheduled_ns, mine.t_last_ns, mine.status
    inside = (scheduled >= window.start_ns) & (scheduled < window.end_ns)
    ok = status == STATUS["ok"]
    done = ok & (last >= window.start_ns) & (last <= window.end_ns)
    due = mine if bool(inside.all()) else mine.rows(inside)
    kept = ok & inside
    answers = np.ones(int(done.sum()), np.int64) if batched else mine.batch_size[done].astype(np.int64)
    return WindowRows(
        trial.index,
        window,
        np.sort((last - scheduled)[kept]),
        np.sort((last - mine.t_sent_ns)[kept]),
        int(done.sum()),
        int(answers.sum()),
        int((inside & ((status == STATUS["error"]) | (status == STATUS["cancelled"]))).sum()),
        int((inside & (status == STATUS["timeout"])).sum()),
        due,
        due.status == STATUS["ok"],
        last[done],
        answers,
    )
