"""Filters that put a decision's document into words, for pages and for the README of a pack."""

from __future__ import annotations

from django import template

from lynxweb.words import deciding_words
from lynxweb.words.wording import Chip, chip
from runner.contract.decision import Trigger
from runner.contract.requirement import Requirement

register = template.Library()


@register.filter
def answer_chip(word: str) -> Chip:
    """The chip of an answer: meets, fails, no_evidence."""
    return chip(deciding_words.ANSWERS, word)


@register.filter
def readable(text: str) -> str:
    """A sentence of an answer in the units that people read."""
    return deciding_words.readable(text)


@register.filter
def trigger_text(trigger: Trigger) -> str:
    """What asks for a new look."""
    return deciding_words.trigger_text(trigger)


@register.filter
def requirement_facts(requirement: Requirement) -> tuple[tuple[str, str], ...]:
    """The requirement in words: (heading, sentence)."""
    return deciding_words.requirement_facts(requirement)
