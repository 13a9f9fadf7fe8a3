"""Tags and filters of the templates; a metric value reaches a page only through `metric`, which asks for its operating point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.conf import settings

from lynxweb.registry.cards import RunCard
from lynxweb.words import formatting, governance_words, wording
from lynxweb.words.wording import REASONS
from runner.contract.run import MetricValue

register = template.Library()
CHIPS = {
    "grade": wording.GRADES, "validity": wording.VALIDITIES, "kind": wording.KINDS, "level": wording.LEVELS, "verdict": wording.VERDICTS,
    "state": governance_words.STATES, "stage": governance_words.STAGES, "visibility": governance_words.VISIBILITIES,
    "outcome": governance_words.OUTCOMES, "source": governance_words.SOURCES, "answer": governance_words.ANSWERS, "tone": governance_words.TONES,
}  # fmt: skip


@register.inclusion_tag("parts/metric.html")
def metric(value: MetricValue | None, at: str, why: str = "withheld or not measured", named: bool = True) -> dict[str, object]:
    """A metric value with name, unit, interval, n and operating point; a dash with the reason where there is none."""
    return {"stated": formatting.stated(value, at) if value is not None else None, "why": why, "named": named}


@register.inclusion_tag("parts/metric.html")
def stated(value: formatting.Stated) -> dict[str, object]:
    """A metric value that has been made ready for a page."""
    return {"stated": value}


@register.inclusion_tag("parts/chip.html")
def chip(table: str, word: str) -> dict[str, object]:
    """The chip of a word from one of the tables of wording: grade, validity, kind, status, level, verdict, and those around a run's standing."""
    return {"chip": wording.status_chip(word) if table == "status" else wording.chip(CHIPS[table], word)}


@register.inclusion_tag("parts/chip.html")
def shown_chip(found: wording.Chip) -> dict[str, object]:
    """A chip that has been chosen."""
    return {"chip": found}


@register.inclusion_tag("parts/digest.html")
def digest(text: str, label: str = "") -> dict[str, object]:
    """A digest shortened to twelve digits, whole in its title and for copying."""
    return {"whole": text, "short": text[:12], "label": label}


@register.filter
def instant(moment: datetime | str) -> str:
    """A moment in UTC to the minute; texts in the log's form are read alike."""
    text = moment.strftime("%Y-%m-%dT%H:%M") if isinstance(moment, datetime) else moment
    return f"{text[:10]} {text[11:16]} UTC"


@register.filter
def size(count: int) -> str:
    """Bytes in binary units."""
    return formatting.size(count)


@register.filter
def whole(number: int) -> str:
    """A whole number with grouped digits."""
    return formatting.whole(number)


@register.filter
def block_title(name: str) -> str:
    """The title of a block of a document."""
    return wording.BLOCKS.get(name, name)


@register.filter
def side_text(text: str) -> str:
    """What a side has, in words: a status word or a truth value as people write it, and emptiness said aloud."""
    if text.partition(":")[0] in wording.STATUSES and text not in ("observed", "declared"):
        return wording.status_chip(text).text
    return {"": "(empty)", "True": "yes", "False": "no"}.get(text, text)


@register.simple_tag(takes_context=True)
def held(context: Mapping[str, object], mapping: str, name: str) -> object:
    """What a mapping that the page was told holds under a name; nothing where it holds none, or the page was told of no such mapping."""
    found = context.get(mapping)
    return found.get(name, "") if isinstance(found, Mapping) else ""


@register.filter
def reason_words(code: str) -> str:
    """What a reason code means."""
    return REASONS.get(code, code)


@register.filter
def act_words(action: str) -> str:
    """What an act is called, from its code in the log."""
    return action.replace(".", " ").replace("_", " ")


@register.filter
def card_name(card: RunCard) -> str:
    """How a run is called in running text."""
    return f"{card.runtime} · {card.precision_label}"


@register.simple_tag
def address(path: str) -> str:
    """The whole address of a path of this site, for citing."""
    return f"{settings.LYNXWEB_BASE_URL.rstrip('/')}{path}"
