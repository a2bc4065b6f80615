"""Starts a draft from a wish in plain words, and says back all that it made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from healthsim.building import paths, templates, wishes
from healthsim.building.draft import Assumption, Draft
from healthsim.building.wishes import Wishes
from healthsim.building.words import CONDITIONS, EMPTY, PAYERS, STATES, Payer, state_name
from healthsim.errors import Refused

AS_OF = "2025-01-01"
_PRODUCTS = ["patientsim", "membersim", "rxmembersim"]


@dataclass
class Story:
    """What was made of a request: said back to the person, so that nothing is lost silently."""

    understood: list[str] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


@dataclass
class _Work:
    """A profile while wishes are put into it."""

    profile: dict[str, Any]
    wishes: Wishes
    story: Story
    settled: list[str] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)

    def put(self, path: str, value: Any, said: str) -> None:
        """Set a place of the profile and say so."""
        paths.change(self.profile, "set", paths.parse(path), value)
        self.settled.append(path)
        self.story.understood.append(f"{said} -> {path}")

    def assume(self, path: str, said: str, ask: str, *instead: Any) -> None:
        """Remember that a figure was assumed, and what to ask about it."""
        took = paths.find(self.profile, paths.parse(path))
        changes = tuple({"op": "set", "path": path, "value": value} for value in (took, *instead))
        self.settled = [settled for settled in self.settled if settled != path]
        self.assumptions.append(Assumption(path, said, took, ask, changes))


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
    work = _Work(profile, wish, story)
    for step in (_people, _ages, _sexes, _places, _payer, _clinical, _asides):
        step(work)
    return (
        Draft(
            profile=profile,
            requests=(request,),
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
    payer = _payer_of(wish)
    primary = _primary(wish)
    words = [payer.name if payer else "", CONDITIONS[primary][1] if primary else ""]
    name = re.sub(r"[^a-z0-9]+", "-", " ".join(filter(None, words)).lower()).strip("-")
    profile: dict[str, Any] = {
        "kind": "profile", "name": name or "population", "version": 1,
        "title": ", ".join(filter(None, words)).capitalize() or "Population",
        "count": 100, "seed": 42, "as_of": AS_OF, "demographics": {},
        "clinical": {}, "products": _PRODUCTS if payer else ["patientsim"],
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
    payer, primary = _payer_of(wish), _primary(wish)
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


def _payer_of(wish: Wishes) -> Payer | None:
    if wish.payer:
        return next(payer for payer in PAYERS if payer.name == wish.payer)
    named = set(wish.plans)
    return next((payer for payer in PAYERS if named and named <= set(payer.plans)), None)


def _primary(wish: Wishes) -> str | None:
    return next((code for code, share in wish.conditions.items() if share is None), None)


def _people(work: _Work) -> None:
    if work.wishes.count is not None:
        work.put("count", work.wishes.count, f"{work.wishes.count:,} people")


def _ages(work: _Work) -> None:
    ages = work.wishes.ages
    if ages is None:
        return
    low, high = ages
    if low > high:
        work.story.not_understood.append(f"ages from {low} to {high}")
        return
    now = work.profile["demographics"].get("age") or {}
    said = f"ages {low} to {high}"
    mean = now.get("mean")
    if now.get("type") == "normal" and isinstance(mean, int | float) and low <= mean <= high:
        shape = {**now, "low": low, "high": high}
        work.put("demographics.age", shape, f"{said}, around {mean:g}")
        return
    work.put("demographics.age", {"type": "uniform", "low": low, "high": high}, said)
    bell = {"type": "normal", "mean": (low + high) / 2, "sd": max((high - low) / 5, 0.5),
            "low": low, "high": high}  # fmt: skip
    work.assume(
        "demographics.age", said,
        f"You said {said}: spread evenly, or more in the middle?", bell,
    )  # fmt: skip


def _sexes(work: _Work) -> None:
    sexes = work.wishes.sexes
    if not sexes:
        return
    known = {sex: share for sex, share in sexes.items() if share is not None}
    if not known and len(sexes) == 2:
        work.story.understood.append("men and women -> as drafted")
        return
    weights = _shares(sexes, [sex for sex in "MF" if sex not in sexes], work, "sexes")
    if weights:
        work.put("demographics.gender", weights, _spell(weights))
        _ask_vague(work, "sexes", "demographics.gender")


def _places(work: _Work) -> None:
    states = work.wishes.states
    if not states:
        return
    path = "demographics.location.states"
    others = [code for first in list(states)[:1] for code in STATES[first][1] if code not in states]
    weights = _shares(states, others, work, "states")
    if not weights:
        return
    work.profile["demographics"].pop("location", None)
    work.put(path, weights, _spell({state_name(code): w for code, w in weights.items()}))
    rest = [code for code in weights if code not in states]
    first = next(iter(states))
    if rest:
        said = work.wishes.vague.get("states", _spell({state_name(first): weights[first]}))
        names = " and ".join(state_name(code) for code in rest)
        work.assume(
            path, said,
            f"You said {said!r}: taken as {100 * weights[first]:g} % {state_name(first)}, the rest "
            f"in {names}. Is that right?",
            {first: weights[first], rest[0]: round(1 - weights[first], 6)},
            {first: 1.0},
        )  # fmt: skip
    elif len(states) > 1 and None in states.values():
        work.assume(path, "states without shares",
                    f"You said {', '.join(map(state_name, states))}: taken as {_spell(weights)}. "
                    "Is that right?")  # fmt: skip


def _payer(work: _Work) -> None:
    payer, plans = _payer_of(work.wishes), work.wishes.plans
    if work.wishes.payer and payer:
        now = work.profile.get("coverage", {}).get("plan", {})
        if not plans and not set(now.get("weights", now)) <= set(payer.plans):
            work.put("coverage.plan", dict(payer.plans), payer.name)
        else:
            work.story.understood.append(f"{payer.name} -> coverage.plan")
            work.settled.append("coverage.plan")
    if plans:
        others = [plan for plan in (payer.plans if payer else {}) if plan not in plans]
        weights = _shares(plans, others if None not in plans.values() else [], work, "plans")
        if weights:
            work.profile["products"] = _PRODUCTS
            work.put("coverage.plan", weights, _spell(weights))


def _clinical(work: _Work) -> None:
    clinical = work.profile.setdefault("clinical", {})
    comorbidities = clinical.setdefault("comorbidities", [])
    for number, (code, share) in enumerate(work.wishes.conditions.items()):
        said, own = CONDITIONS[code][1], (clinical.get("primary") or {}).get("code")
        if share is None and (code == own or (number == 0 and own is None)):
            if own is None:
                _drop(comorbidities, code)
                clinical["primary"] = {"code": code}
            work.story.understood.append(f"{said} -> clinical.primary {code}")
            work.settled.append("clinical.primary")
            continue
        _drop(comorbidities, code)
        given, path = 1.0 if share is None else share, f"clinical.comorbidities[{code}]"
        comorbidities.append({"code": code, "share": given})
        work.story.understood.append(f"{said} in {100 * given:g} % -> {path}")
        work.settled.append(path)
    for name in work.wishes.without:
        _without(work, comorbidities, name)
    if not comorbidities:
        del clinical["comorbidities"]
    _control(work)


def _drop(comorbidities: list[dict[str, Any]], code: str) -> bool:
    """Remove a condition from the list; say whether it was there."""
    kept = [item for item in comorbidities if item.get("code", "")[:3] != code[:3]]
    gone = len(kept) < len(comorbidities)
    comorbidities[:] = kept
    return gone


def _without(work: _Work, comorbidities: list[dict[str, Any]], name: str) -> None:
    if name in CONDITIONS and (_drop(comorbidities, name) or name not in work.wishes.conditions):
        work.story.understood.append(f"without {CONDITIONS[name][1]} -> clinical.comorbidities")
    else:
        work.story.not_understood.append(f"without {name}")


def _control(work: _Work) -> None:
    wanted = work.wishes.control
    if wanted is None:
        return
    labels = work.profile.get("attributes", {}).get("control")
    if isinstance(labels, dict) and wanted in labels.get("weights", labels):
        work.put("attributes.control", {wanted: 1.0}, f"all {wanted}")
    else:
        work.story.not_understood.append(wanted)


def _asides(work: _Work) -> None:
    wish = work.wishes
    if wish.seed is not None:
        work.put("seed", wish.seed, f"seed {wish.seed}")
    if wish.as_of is not None:
        work.put("as_of", wish.as_of, f"as of {wish.as_of}")
    if wish.healthy:
        work.story.understood.append("healthy -> no condition beyond the draft's")
    if wish.journey:
        work.story.hints.append(
            f"You also asked for a journey ({wish.journey}): call start_journey_builder."
        )
    if wish.save_as:
        work.story.hints.append(f"Save the run as {wish.save_as!r} once it is done.")


def _shares(
    said: dict[str, float | None], others: list[str], work: _Work, what: str
) -> dict[str, float]:
    """Turn the shares that were said into weights that add up to 1.

    What is left over goes to those named without a share, else evenly to `others`.
    """
    known = {key: share for key, share in said.items() if share is not None}
    rest = round(1 - sum(known.values()), 6)
    open_keys = [key for key in said if key not in known] or others
    if rest < -0.001 or (rest > 0.001 and not open_keys):
        work.story.not_understood.append(
            f"the {what} add up to {100 * (1 - rest):g} % ({_spell(known)}); "
            "say shares that make 100 %"
        )
        return {}
    weights = {key: float(share) for key, share in known.items()}
    if rest > 0.001:
        each = round(rest / len(open_keys), 4)
        weights |= dict.fromkeys(open_keys, each)
        weights[open_keys[0]] = round(rest - each * (len(open_keys) - 1), 6)
    return {key: weights[key] for key in [*said, *others] if key in weights}


def _ask_vague(work: _Work, kind: str, path: str) -> None:
    if kind in work.wishes.vague:
        said = work.wishes.vague[kind]
        taken = paths.find(work.profile, paths.parse(path))
        work.assume(path, said, f"You said {said!r}: taken as {_spell(taken)}. Is that right?")


def _spell(weights: dict[str, float]) -> str:
    return ", ".join(f"{key} {100 * share:g} %" for key, share in weights.items())


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
        story.not_understood = [request] if request.strip() else []
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
            requests=(*base.requests, request),
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
