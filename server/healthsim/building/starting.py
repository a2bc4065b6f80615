"""Starts a draft from a request in plain words, and reports all that it made of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from healthsim.building import request_parser, templates
from healthsim.building.customising import (
    PRODUCTS,
    Customization,
    CustomizationReport,
    customise,
    payer_of,
    primary_of,
)
from healthsim.building.draft import Draft
from healthsim.building.request_parser import ParsedRequest
from healthsim.building.vocabulary import AGES, CONDITIONS, EMPTY, TOPICS, Topic
from healthsim.errors import Refused
from healthsim.specification.format import FORMAT

AS_OF = "2025-01-01"


def start_profile(
    request: str, template: str = "", count: int | None = None
) -> tuple[Draft, CustomizationReport]:
    """Turn a request into a draft of a profile.

    Args:
        request: the request, in the person's own words.
        template: name of the template to start from; chosen by the request if empty.
        count: number of people; wins over a figure in the request.
    """
    parsed = request_parser.read(request)
    if count is not None:
        parsed.count = count
    report = CustomizationReport(not_understood=list(parsed.left))
    profile, used = _base(parsed, template, report)
    everyone = next((topic.everyone for topic in TOPICS if topic.template == used), ())
    work = Customization(profile, parsed, report, everyone)
    customise(work)
    if used:
        _keep_expectations(profile, templates.load(used).fresh(), report)
    return (
        Draft(
            profile=profile,
            requests=(request[: request_parser.LONGEST],),
            settled=tuple(work.settled),
            assumptions=tuple(work.assumptions),
            not_understood=tuple(report.not_understood),
            save_as=parsed.save_as or "",
            templates=(used,) if used else (),
        ),
        report,
    )


def _keep_expectations(
    profile: dict[str, Any], template: dict[str, Any], report: CustomizationReport
) -> None:
    """Drop the template's expectations if the request changed its people."""
    free = ("count", "seed")
    parts = {key: value for key, value in profile.items() if key not in free}
    unchanged = parts == {key: value for key, value in template.items() if key not in free}
    if (not unchanged or profile["count"] < template["count"]) and profile.pop("expectations", ()):
        report.hints.append(
            f"The template's expectations were of its own {template['count']:,} people and are "
            "left out; state your own under expectations."
        )


def _base(
    parsed: ParsedRequest, template: str, report: CustomizationReport
) -> tuple[dict[str, Any], str]:
    """Return the document to start from, and the name of its template if it has one."""
    chosen = templates.load(template, "profile") if template else _fitting(parsed, report)
    if chosen is not None:
        report.understood.append(f"template {chosen.name}: {chosen.title}")
        return chosen.fresh(), chosen.name
    payer = payer_of(parsed)
    primary = primary_of(parsed)
    words = [payer.name if payer else "", CONDITIONS[primary][1] if primary else ""]
    name = re.sub(r"[^a-z0-9]+", "-", " ".join(filter(None, words)).lower()).strip("-")
    profile: dict[str, Any] = {
        "kind": "profile", "format": FORMAT, "name": name or "population", "version": 1,
        "title": ", ".join(filter(None, words)).capitalize() or "Population",
        "count": 100, "seed": 42, "as_of": AS_OF, "demographics": {},
        "clinical": {}, "products": PRODUCTS if payer else ["patientsim"],
    }  # fmt: skip
    if payer:
        profile["coverage"] = {"plan": dict(payer.plans)}
        if payer.ages and (parsed.ages is None or parsed.aged):
            profile["demographics"]["age"] = dict(payer.ages)
    report.hints.append("No template fits; the draft holds only what you said.")
    return profile, ""


def _fitting(parsed: ParsedRequest, report: CustomizationReport) -> templates.Template | None:
    """Return the template whose topic, payer, condition and ages are those of the request.

    A topic that was said comes first, then a condition that everybody in the template has. Where
    nobody pays and several fit, none is taken: the payer is asked for instead.
    """
    if not parsed.says_who:
        return None
    for topic in TOPICS:
        if topic.template in parsed.topics and _is_topic(topic, parsed):
            parsed.ages = None if _fits_words(topic, parsed) else parsed.ages
            return templates.load(topic.template)
    particular = {topic.template for topic in TOPICS}
    general = (item for item in templates.load_library() if item.name not in particular)
    fits = [item for item in general if item.kind == "profile" and _fits(item, parsed)]
    fits = [item for item in fits if _primary_code(item)] or fits
    if len(fits) > 1 and payer_of(parsed) is None:
        names = ", ".join(item.name for item in fits)
        report.hints.append(f"Several templates fit, by who pays: {names}; template= takes one.")
        return None
    return fits[0] if fits else None


def _is_topic(topic: Topic, parsed: ParsedRequest) -> bool:
    """Return whether the topic's template meets a request that names the topic."""
    document, primary = templates.load(topic.template).fresh(), primary_of(parsed)
    needed = {"": True, "payer": payer_of(parsed), "condition": primary}[topic.needs]
    if not needed or (topic.everyone and primary and not primary.startswith(topic.everyone)):
        return False
    aged = parsed.ages is None or _fits_words(topic, parsed) or _is_aged(document, parsed.ages)
    return aged and (topic.any_payer or _is_paid(document, parsed))


def _fits_words(topic: Topic, parsed: ParsedRequest) -> bool:
    """Return whether the request's ages come from a word, and are the topic's own."""
    return topic.ages and parsed.ages in {(low, high) for _, low, high in AGES}


def _fits(template: templates.Template, parsed: ParsedRequest) -> bool:
    document = template.fresh()
    payer, primary, own = payer_of(parsed), primary_of(parsed), _primary_code(template)
    if not _is_paid(document, parsed) or (primary is None and own) or document.get("count") == 1:
        return False
    codes = [item.get("code", "") for item in document.get("clinical", {}).get("comorbidities", ())]
    if primary and primary[:3] not in {own[:3], *(code[:3] for code in codes if not own)}:
        return False
    ages = parsed.ages or _range(payer.ages if payer else {})
    return bool(payer or primary) and _is_aged(document, ages)


def _primary_code(template: templates.Template) -> str:
    code: str = (template.fresh().get("clinical", {}).get("primary") or {}).get("code", "")
    return code


def _is_paid(document: dict[str, Any], parsed: ParsedRequest) -> bool:
    """Return whether one of the template's plans is of the request's payer."""
    plans = document.get("coverage", {}).get("plan", {})
    payer = payer_of(parsed)
    return payer is None or bool(set(payer.plans) & set(plans.get("weights", plans)))


def _is_aged(document: dict[str, Any], ages: tuple[float, float]) -> bool:
    age = document.get("demographics", {}).get("age", {})
    low, high = _range(age, 120) if isinstance(age, dict) else (age, age)
    return bool(low <= sum(ages) / 2 <= high)


def _range(age: Any, oldest: float = request_parser.OLDEST) -> tuple[float, float]:
    return age.get("low", 0), age.get("high", oldest)


def start_journey(
    draft: Draft | None, request: str, template: str = ""
) -> tuple[Draft, CustomizationReport]:
    """Add a journey to a draft, or start a draft with a journey alone."""
    base = draft or Draft()
    report = CustomizationReport()
    chosen = templates.load(template, "journey") if template else _fitting_journey(request)
    unused: list[str] = []
    if chosen is None:
        journey = _empty_journey(request)
        report.not_understood = [request[: request_parser.LONGEST]] if request.strip() else []
        report.hints.append("No journey template fits; append steps, or name a template.")
    else:
        journey = chosen.fresh()
        report.understood.append(f"template {chosen.name}: {chosen.title}")
        report.not_understood = unused = _unused(request, chosen)
    if any(item.get("name") == journey["name"] for item in base.journeys):
        raise Refused(
            "journey", f"the draft already has {journey['name']!r}",
            f"change it with refine_spec, or remove it first: op remove, path "
            f"journeys[{journey['name']}]",
        )  # fmt: skip
    if base.journeys:
        names = ", ".join(repr(str(item.get("name"))) for item in base.journeys)
        report.hints.append(
            f"The draft now has {len(base.journeys) + 1} journeys: {journey['name']!r} happens to "
            f"the same people beside {names}. Remove one with refine_spec, op remove."
        )
    return (
        replace(
            base,
            journeys=(*base.journeys, journey),
            requests=(*base.requests, request[: request_parser.LONGEST]),
            # An empty journey asks what happens already
            not_understood=(*base.not_understood, *unused),
            templates=(*base.templates, chosen.name) if chosen else base.templates,
        ),
        report,
    )


_GENERIC_WORDS = """
    first second last year years month months week weeks day days monthly weekly quarterly yearly
    annual visit visits journey journeys episode after before from until over during recovery
    pre op post follow up care time start type office telehealth one two three"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
"""Words that are in the name or title of a journey and do not distinguish it."""


def _fitting_journey(request: str) -> templates.Template | None:
    """Return the journey template that is about what the request is about."""
    ranked = (item for _, item in templates.find(request, "journey"))
    return next((item for item in ranked if _is_about(item, request)), None)


def _is_about(template: templates.Template, request: str) -> bool:
    """Return whether condition or topic are the template's own, and little else is requested."""
    text = f"{template.name} {template.title}".replace("-", " ")
    template_codes = request_parser.read(text).conditions
    parsed = request_parser.read(re.sub(r"\bjourneys?\b", " ", request, flags=re.IGNORECASE))
    shared = {code[:3] for code in parsed.conditions} & {code[:3] for code in template_codes}
    if parsed.conditions and template_codes and not shared:
        return False
    topic, about = _stems(text), _stems(f"{text} {template.description}")
    request_stems = _stems(" ".join([*parsed.left, *(() if shared else _condition_names(parsed))]))
    if "new member" in text.lower() and re.search(r"\bnew members?\b", request, re.IGNORECASE):
        return True
    met = request_stems & about
    is_close = 2 * len(shared) + len(met) > len(request_stems - met)
    return bool(shared or request_stems & topic) and is_close


def _condition_names(parsed: ParsedRequest) -> list[str]:
    return [CONDITIONS[code][1] for code in parsed.conditions]


def _stems(text: str) -> set[str]:
    """Return the first five letters of every word that says what something is about."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {re.sub(r"^surg.*", "surg", word[:5]) for word in words
            if word not in _GENERIC and word not in EMPTY and not word.isdigit()}  # fmt: skip


def _empty_journey(request: str) -> dict[str, Any]:
    name = "-".join(re.findall(r"[a-z0-9]+", request.lower())[:5])[:64].strip("-") or "journey"
    return {
        "kind": "journey", "format": FORMAT, "name": name, "title": request.strip()[:200],
        "version": 1,
        "duration_days": 365, "phases": [{"name": "journey", "steps": []}],
    }  # fmt: skip


def _unused(request: str, template: templates.Template) -> list[str]:
    text = f"{template.name} {template.title} {template.description} journey".lower()
    stems = {word[:5] for word in re.findall(r"[a-z0-9]+", text)}

    def known(word: str) -> bool:
        return {piece[:5] for piece in re.findall(r"[a-z0-9]+", word.lower())} <= stems

    unused = [word for word in re.findall(r"[\w%.-]*\w", request)
              if word.lower() not in EMPTY and not known(word)]  # fmt: skip
    return [" ".join(unused)] if unused else []
