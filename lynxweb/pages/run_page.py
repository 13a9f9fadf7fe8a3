"""What the page of one run is told: everything that its templates show, as rows, words and figures."""

from __future__ import annotations

from lynxweb.pages import gate_rows, load_rows, phase_rows, run_rows, time_rows, trial_rows
from lynxweb.registry.cards import RunView
from lynxweb.registry.curves import Curve
from lynxweb.registry.reading import Timeline
from lynxweb.words import contract_words, executor_rows, formatting

Told = dict[str, object]


def told(view: RunView, found: Timeline) -> Told:
    """Everything but the history and the figure of the distribution; `shows_latency` says whether that may be drawn."""
    hidden = run_rows.latency_hidden(view)
    stated = (value for point in view.run.operating_points[:1] for value in point.metrics)
    shown: Told = {"view": view, "label": executor_rows.runtime_label(view.executor_before), "hidden": hidden}
    shown |= {"points": run_rows.point_rows(view), "shows_latency": not hidden and any(run_rows.is_latency(value.definition) for value in stated)}
    shown |= {"findings": run_rows.findings_rows(view.findings), "gates": gate_rows.gate_rows(view)}
    shown |= {"tuple": executor_rows.tuple_of(view.executor_before), "unreadable": executor_rows.unreadable(view.executor_before)}
    shown |= {"primary_name": formatting.metric_name(view.methodology.primary_metric), "slo": contract_words.budget_text(view.methodology)}
    around = trial_rows.surroundings(view.run)
    shown |= {"energy": run_rows.energy_text(view.run), "surroundings": around}
    shown |= {"has_handoff": any(one.handoff for one in around), "has_clock": any(one.clock for one in around)}
    if view.quality is not None:
        shown |= {"slices": run_rows.slices(view.quality), "quality": run_rows.quality_rows(view.quality)}
    return shown | _loads(view) | _times(view, found, any(run_rows.latency_hidden(view, point.name) for point in view.run.operating_points))


def _loads(view: RunView) -> Told:
    """The load curve of a sweep and the steps of a search, where the run has them."""
    hidden = {point.name for point in view.run.operating_points if run_rows.latency_hidden(view, point.name)}
    searched = load_rows.search_told(view.run.search) if view.run.search is not None else None
    return {"loads": load_rows.load_rows(view.run, hidden), "load_curve": load_rows.load_curve(view.run, hidden), "search": searched}


def _times(view: RunView, found: Timeline, hidden: bool) -> Told:
    """Phases, audit trials and what happened along the time of the run."""
    table = phase_rows.phase_table(view.run)
    figure = phase_rows.phase_figure(view.run.trials) if table else None
    return {
        "phases": table,
        "phase_figure": figure,
        "audits": phase_rows.audit_rows(view.run, found, hidden),
        "time": time_rows.told(view, found, hidden),
    }


def distribution(view: RunView, curves: tuple[Curve, ...]) -> Told:
    """The figure of the latency distribution at the first operating point, with its label."""
    label = executor_rows.runtime_label(view.executor_before)
    words = f"Latency distribution of {label} at {view.card.point_text}, a line a trial; the tables above hold the numbers"
    return {"ecdf": run_rows.ecdf([view], [curves], [label]), "ecdf_label": words}
