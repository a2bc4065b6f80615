"""Starts a draft from a wish in plain words, and says back all that it made of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from healthsim.building import templates, wishes
from healthsim.building.customising import (
    PRODUCTS,
    Story,
    Work,
    customise,
    payer_of,
    primary_of,
)
from healthsim.building.draft import Draft
from healthsim.building.wishes import Wishes
from healthsim.building.words import CONDITIONS, EMPTY
from healthsim.errors import Refused

AS_OF = "2025-01-01"


def start_profile(
    request: str, template: str = "", count: int | None = None
) -> tuple[Draft, Story]:
    """Turn a wish into a draft of a profile.

    Args:
        request: the wish, in the person's own words.
        template: name of the template to start from; chosen by the wish when empty.
        count: number of people; wins over a figure in the request.
    """
    wish = wishes.read(request)
    if count is not None:
        wish.count = count
    story = Story(not_understood=list(wish.left))
    profile, used = _base(wish, template, story)
    work = Work(profile, wish, story)
    customise(work)
    return (
        Draft(
            profile=profile,
            requests=(request[: wishes.LONGEST],),
            settled=tuple(work.settled),
            assumptions=tuple(work.assumptions),
            not_understood=tuple(story.not_understood),
            save_as=wish.save_as or "",
            templates=(used,) if used else (),
        ),
        story,
    )


def _base(wish: Wishes, template: str, story: Story) -> tuple[dict[str, Any], str]:
    """Return the document to start from, and the name of its template if it has one."""
    chosen = templates.load(template, "profile") if template else _fitting(wish)
    if chosen is not None:
        story.understood.append(f"template {chosen.name}: {chosen.title}")
        return chosen.fresh(), chosen.name
    payer = payer_of(wish)
    primary = primary_of(wish)
    words = [payer.name if payer else "", CONDITIONS[primary][1] if primary else ""]
    name = re.sub(r"[^a-z0-9]+", "-", " ".join(filter(None, words)).lower()).strip("-")
    profile: dict[str, Any] = {
        "kind": "profile", "name": name or "population", "version": 1,
        "title": ", ".join(filter(None, words)).capitalize() or "Population",
        "count": 100, "seed": 42, "as_of": AS_OF, "demographics": {},
        "clinical": {}, "products": PRODUCTS if payer else ["patientsim"],
    }  # fmt: skip
    if payer:
        profile["coverage"] = {"plan": dict(payer.plans)}
        if payer.ages and wish.ages is None:
            profile["demographics"]["age"] = dict(payer.ages)
    story.hints.append("No template fits; the draft holds only what you said.")
    return profile, ""


def _fitting(wish: Wishes) -> templates.Template | None:
    """Return the first template whose payer, condition and ages are the wish's own."""
    if not wish.says_who:
        return None
    return next(
        (item for item in templates.shelf() if item.kind == "profile" and _fits(item, wish)), None
    )


def _fits(template: templates.Template, wish: Wishes) -> bool:
    document = template.fresh()
    plans = document.get("coverage", {}).get("plan", {})
    payer, primary = payer_of(wish), primary_of(wish)
    if payer and not set(payer.plans) & set(plans.get("weights", plans)):
        return False
    clinical = document.get("clinical", {})
    own = (clinical.get("primary") or {}).get("code", "")
    codes = [item.get("code", "") for item in clinical.get("comorbidities", ())]
    if primary is None and own:
        return False
    if primary and primary[:3] not in {own[:3], *(code[:3] for code in codes if not own)}:
        return False
    age = document.get("demographics", {}).get("age", {})
    low, high = wish.ages or _range(payer.ages if payer else {})
    return bool(payer or primary) and age.get("low", 0) <= (low + high) / 2 <= age.get("high", 120)


def _range(age: Any) -> tuple[float, float]:
    return age.get("low", 0), age.get("high", wishes.OLDEST)


def start_journey(draft: Draft | None, request: str, template: str = "") -> tuple[Draft, Story]:
    """Add a journey to a draft, or start a draft with a journey alone."""
    base = draft or Draft()
    story = Story()
    found = templates.find(request, "journey")
    chosen = (
        templates.load(template, "journey")
        if template
        else found[0][1] if found and found[0][0] >= _ENOUGH else None
    )  # fmt: skip
    if chosen is None:
        journey = _empty_journey(request)
        story.not_understood = [request[: wishes.LONGEST]] if request.strip() else []
        story.hints.append("No journey template fits; append steps, or name a template.")
    else:
        journey = chosen.fresh()
        story.understood.append(f"template {chosen.name}: {chosen.title}")
        story.not_understood = _unused(request, chosen)
    if any(item.get("name") == journey["name"] for item in base.journeys):
        raise Refused(
            "journey", f"the draft already has {journey['name']!r}",
            f"change it with refine_spec, or remove it first: op remove, path "
            f"journeys[{journey['name']}]",
        )  # fmt: skip
    return (
        replace(
            base,
            journeys=(*base.journeys, journey),
            requests=(*base.requests, request[: wishes.LONGEST]),
            not_understood=(*base.not_understood, *story.not_understood),
            templates=(*base.templates, chosen.name) if chosen else base.templates,
        ),
        story,
    )


_ENOUGH = 4.0
"""Least score of a template to be taken for a wish: a word of its name, or two half-matches."""


def _empty_journey(request: str) -> dict[str, Any]:
    name = "-".join(re.findall(r"[a-z0-9]+", request.lower())[:5])[:64].strip("-") or "journey"
    return {
        "kind": "journey", "name": name, "title": request.strip()[:200], "version": 1,
        "duration_days": 365, "phases": [{"name": "journey", "steps": []}],
    }  # fmt: skip


def _unused(request: str, template: templates.Template) -> list[str]:
    text = f"{template.name} {template.title} {template.description} journey".lower()
    stems = {word[:5] for word in re.findall(r"[a-z0-9]+", text)}

    def known(word: str) -> bool:
        return {piece[:5] for piece in re.findall(r"[a-z0-9]+", word.lower())} <= stems

    left = [word for word in re.findall(r"[\w%.-]*\w", request)
            if word.lower() not in EMPTY and not known(word)]  # fmt: skip
    return [" ".join(left)] if left else []
