"""Defaults of a draft that surprise people: asked as open questions, or said before a run.

Each is asked only until somebody has decided it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from healthsim.building import dates_said, left_behind
from healthsim.building.phrases import objects
from healthsim.building.question import Drafted, Question, set_change

_SPREAD = 364  # days over which a suggestion spreads beginnings: assumption, a year
_YEAR = 364
_NEARLY = 300  # days of records below which it is said that they cover less than a year
_OLDEST = 100
_ADULTS = (18, 90)  # what is suggested where no journey says for whom it is: assumption


def questions(draft: Drafted) -> Iterator[Question]:
    """Yield the questions about defaults that nobody has decided."""
    if draft.profile is None:
        return
    yield from _ages(draft)
    for number, journey in enumerate(draft.journeys):
        yield from _one_day(draft, number, journey)
    yield from (item for item in left_behind.questions(draft) if not draft.is_settled(item.path))


def warnings(draft: Drafted) -> Iterator[str]:
    """Yield what a run would make that people do not expect, as preview says it."""
    if draft.profile is None:
        return
    first, last = dates_said.records(draft.profile, draft.journeys)
    if draft.profile.get("through") is None and (last - first).days < _NEARLY:
        yield (
            f"through: records are from {first} to {last}, {(last - first).days + 1} days and not "
            f"a year of care; for a year, set through to {first + timedelta(days=_YEAR)}"
        )
    for path, spread in _spreads_of_age(draft.profile):
        if _ends_on_whole(spread):
            low, high = spread["low"], spread["high"]
            yield (
                f"{path}: nobody is {high:g}: ages are completed years, and {low:g} to {high:g} "
                f"ends on that birthday; set decimals to 0 to have people of {high:g}"
            )


def _ages(draft: Drafted) -> Iterator[Question]:
    """Ask for ages where nobody gave any: the default is the whole population, children too."""
    path, profile = "demographics.age", draft.profile or {}
    dated = {"age", "born"} & set(profile.get("demographics") or ())
    if dated or (profile.get("household") or {}).get("members") or draft.is_settled(path):
        return
    if not _says_what(profile):
        return
    bounds = _bounds(draft.journeys)
    low, high = _ADULTS if bounds == (0, _OLDEST) else bounds
    whole = {"type": "population", "measure": "age"}
    yield Question(
        path,
        "How old are they? Of every age, children too, as in the population, unless you say "
        "otherwise.",
        (set_change(path, {"type": "uniform", "low": low, "high": high, "decimals": 0}),
         set_change(path, whole)),
        assumed=True,
    )  # fmt: skip


def _says_what(profile: Mapping[str, Any]) -> bool:
    clinical = profile.get("clinical") or {}
    return bool(clinical.get("primary") or clinical.get("comorbidities") or profile.get("coverage"))


def _bounds(journeys: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return the ages that every journey is for, as far as its `eligible` says them plainly."""
    low, high = 0, _OLDEST
    for journey in journeys:
        text = str(journey.get("eligible") or "")
        if " or " in text:
            continue
        for sign, years in re.findall(r"\bage\s*(>=|<=|>|<)\s*(\d{1,3})\b", text):
            number = int(years)
            low = max(low, number + (sign == ">")) if sign in (">", ">=") else low
            high = min(high, number - (sign == "<")) if sign in ("<", "<=") else high
    return (low, high) if low < high else (0, _OLDEST)


def _one_day(draft: Drafted, number: int, journey: Mapping[str, Any]) -> Iterator[Question]:
    """Ask whether everybody begins on one day where the first step of a journey is on that day."""
    path = f"journeys[{number}].begins"
    alone = (draft.profile or {}).get("count", 100) == 1
    if alone or journey.get("begins") or draft.is_settled(path):
        return
    steps = [step for phase in objects(journey.get("phases"))
             for step in objects(phase.get("steps"))]  # fmt: skip
    names = [str(step.get("id")) for step in steps if _is_on_first_day(step)]
    if not names:
        return
    first = dates_said.as_of(draft.profile)
    spread = {"earliest": str(first), "latest": str(first + timedelta(days=_SPREAD))}
    same = {"earliest": str(first), "latest": str(first)}
    yield Question(
        path,
        f"Everybody begins {journey.get('name')} on {first}, so all have {names[0]!r} on that day. "
        "Is that right, or do they begin over a period?",
        (set_change(path, spread), set_change(path, same)),
        assumed=True,
    )


def _is_on_first_day(step: Mapping[str, Any]) -> bool:
    """Return whether a step, or one that it begins with, is on the first day of everybody."""
    at, chance = step.get("at"), step.get("chance")
    day = at.get("day", 0) if isinstance(at, Mapping) and _only_days(at) else at
    if isinstance(day, Mapping) and day.get("type") == "constant":
        day = day.get("value")
    if step.get("hazard") is not None or step.get("when") or chance not in (None, 1):
        return False
    return bool(day in (None, 0)) and _happens_at_once(step)


def _happens_at_once(step: Mapping[str, Any]) -> bool:
    """Return whether something happens on the day on which a step begins."""
    do, every = step.get("do", "event"), step.get("every")
    if do == "protocol":
        return any(visit.get("day", 1) == 1 for visit in objects(step.get("visits")))
    if do == "repeat":
        at_random = isinstance(every, Mapping) and every.get("hazard") is not None
        return not at_random and any(map(_is_on_first_day, objects(step.get("steps"))))
    return str(do) == "event"


def _only_days(at: Mapping[str, Any]) -> bool:
    return not any(at.get(key) for key in ("after", "date", "age", "month", "variance_days"))


def _spreads_of_age(profile: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    places = {
        "demographics.age": (profile.get("demographics") or {}).get("age"),
        "household.children.age": ((profile.get("household") or {}).get("children") or {}).get(
            "age"
        ),
    }
    yield from ((path, value) for path, value in places.items() if isinstance(value, Mapping))


def _ends_on_whole(spread: Mapping[str, Any]) -> bool:
    """Return whether a uniform spread of ages ends on a birthday, which nearly nobody draws."""
    low, high = spread.get("low"), spread.get("high")
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high))
    return bool(
        spread.get("type") == "uniform" and numbers and high == int(high or 0)
        and spread.get("decimals", 4) != 0
    )  # fmt: skip
