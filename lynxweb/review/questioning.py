"""The four questions about a stored run: what the registry knows of it, put before `lynxweb.words.four_questions`."""

from __future__ import annotations

from lynxweb.registry.cards import RunView
from lynxweb.words.four_questions import Evidence, Question, four_questions


def questions_about(view: RunView) -> tuple[Question, ...]:
    """Who measured, on what, how, and whether it can be repeated."""
    grade = view.card.grade
    return four_questions(
        Evidence(
            run=view.run,
            methodology=view.methodology,
            executor=view.executor_before,
            findings=view.findings,
            validity=view.card.validity,
            declared=not view.card.undeclared,
            reviewed=grade in ("validated", "reproduced"),
            reproductions=int(grade == "reproduced"),
            key_id=view.key_id,
        )
    )
