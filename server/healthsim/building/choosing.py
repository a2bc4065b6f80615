"""Chooses the template of a request: one that alone fits, or several."""

from __future__ import annotations

from functools import cache
from typing import Any

from healthsim.building import reading_ages, templates
from healthsim.building.customising import payer_of, primary_of
from healthsim.building.described import Described
from healthsim.building.templates import Template
from healthsim.building.vocabulary import AGES, TOPICS, Topic


def choose(parsed: Described) -> tuple[Template | None, list[Template]]:
    """Return the template whose topic, payer, condition and ages are those of the request.

    A topic that is named comes first, then a condition that everybody in the template has.

    Returns:
        The template that alone fits, or None; and those that would fit if their payer was meant.
    """
    if not parsed.says_who or len(parsed.payers) > 1:
        return None, []
    named = [topic for topic in TOPICS if topic.template in parsed.topics]
    for topic in named:
        if _is_topic(topic, parsed):
            parsed.ages = None if _fits_words(topic, parsed) else parsed.ages
            return templates.load(topic.template), []
    particular = {topic.template for topic in TOPICS}
    general = (item for item in templates.load_library() if item.name not in particular)
    fits = [item for item in general if item.kind == "profile" and _fits(item, parsed)]
    fits = [item for item in fits if _primary_code(item)] or fits
    if payer_of(parsed) is None:
        return None, fits
    own = any(_primary_code(item) for item in fits)
    if not own and parsed.ages is None and not parsed.healthy:
        whole = [item for item in fits if _is_of_all_ages(item, parsed)]
        return (whole[0], []) if whole else (None, fits)
    return (fits[0], []) if fits else (None, [])


def _is_of_all_ages(template: Template, parsed: Described) -> bool:
    """Return whether a template has people of all ages whom the request's payer covers."""
    payer = payer_of(parsed)
    low, high = _range(payer.ages if payer else {})
    document_low, document_high = _range(_document(template)["demographics"].get("age", {}))
    return document_low <= low + 1 and document_high >= high - 1


def _is_topic(topic: Topic, parsed: Described) -> bool:
    """Return whether the topic's template meets a request that names the topic."""
    document, primary = _document(templates.load(topic.template)), primary_of(parsed)
    needed = {"": True, "payer": payer_of(parsed), "condition": primary}[topic.needs]
    if not needed or (topic.everyone and primary and not primary.startswith(topic.everyone)):
        return False
    aged = parsed.ages is None or _fits_words(topic, parsed) or _is_aged(document, parsed.ages)
    return aged and (topic.any_payer or bool(payer_of(parsed) and _is_paid(document, parsed)))


def _fits_words(topic: Topic, parsed: Described) -> bool:
    """Return whether the request's ages come from a word, and are the topic's own."""
    return topic.ages and parsed.ages in {(low, high) for _, low, high in AGES}


def _fits(template: Template, parsed: Described) -> bool:
    document = _document(template)
    if "healthy" in template.name and not parsed.healthy:
        return False
    payer, primary, own = payer_of(parsed), primary_of(parsed), _primary_code(template)
    if not _is_paid(document, parsed) or (primary is None and own) or document.get("count") == 1:
        return False
    codes = [item.get("code", "") for item in document.get("clinical", {}).get("comorbidities", ())]
    if primary and primary[:3] not in {own[:3], *(code[:3] for code in codes if not own)}:
        return False
    ages = parsed.ages or _range(payer.ages if payer else {})
    doubted = [fact.key for fact, _ in parsed.doubtful if fact.kind in ("aged", "ages")]
    meant = all(_is_aged(document, said) for said in doubted)
    return bool(payer or primary) and meant and _is_aged(document, ages)


@cache
def _document(template: Template) -> dict[str, Any]:
    """Return a template's document, read once; it is not to be changed."""
    return template.fresh()


def _primary_code(template: Template) -> str:
    code: str = (_document(template).get("clinical", {}).get("primary") or {}).get("code", "")
    return code


def _is_paid(document: dict[str, Any], parsed: Described) -> bool:
    """Return whether one of the template's plans is of the request's payer."""
    plans = document.get("coverage", {}).get("plan", {})
    payer = payer_of(parsed)
    return payer is None or bool(set(payer.plans) & set(plans.get("weights", plans)))


def _is_aged(document: dict[str, Any], ages: tuple[float, float]) -> bool:
    age = document.get("demographics", {}).get("age", {})
    low, high = _range(age, 120) if isinstance(age, dict) else (age, age)
    return bool(low <= sum(ages) / 2 <= high)


def _range(age: Any, oldest: float = reading_ages.OLDEST) -> tuple[float, float]:
    return age.get("low", 0), age.get("high", oldest)
