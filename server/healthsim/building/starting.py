"""Starts a draft of a population from a request, with a ledger of what became of its words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from healthsim.building import (
    accounting,
    choosing,
    customising,
    diagnosing,
    journeying,
    paths,
    placing,
    quick,
    reader,
    templates,
    typed,
)
from healthsim.building.customising import PRODUCTS, Customization, payer_of, primary_of
from healthsim.building.described import Described, Fact
from healthsim.building.draft import Assumption, Draft
from healthsim.building.ledger import LONGEST, Wish, tokens
from healthsim.building.quick import QuickFamily
from healthsim.building.typed import Contradiction, Typed
from healthsim.building.vocabulary import TOPICS
from healthsim.specification.format import FORMAT

AS_OF = "2025-01-01"

_STEPS = (
    customising.people,
    customising.born,
    customising.ages,
    customising.sexes,
    placing.places,
    customising.payer,
    diagnosing.clinical,
    customising.asides,
)


@dataclass(frozen=True)
class Started:
    """A new draft, what the model should do besides, and what was assumed of a family."""

    draft: Draft
    hints: tuple[str, ...]
    assumed: tuple[str, ...] = ()


def start_profile(request: str, template: str = "", given: Typed | None = None) -> Started:
    """Turn a request into a draft of a profile.

    Args:
        request: the request, in the person's own words.
        template: name of the template to start from; chosen by the request if empty.
        given: what the model understood; it wins over what was read.

    Raises:
        NotFound: no such template, place, payer or condition; with near names.
        Refused: an argument is not possible.
    """
    given = given or Typed()
    parsed, family = _described(request, given)
    contradictions = typed.merge(parsed, given)
    named = template or parsed.template
    base = _base(parsed, named or (quick.TEMPLATE if family else ""))
    everyone = next((topic.everyone for topic in TOPICS if topic.template == base.template), ())
    work = Customization(base.profile, parsed, everyone, hints=list(base.hints))
    for step in _STEPS:
        step(work)
    _ask_ages(work, base.template)
    if family and not named:
        _ask_payer(work)
    _bind_template(work, base.template, chosen=not named)
    if base.template:
        _keep_expectations(base.profile, templates.load(base.template).fresh(), work.hints)
    _ask(work, contradictions)
    if len(request) > LONGEST:
        work.hints.append(f"Only the first {LONGEST:,} characters of the request were read.")
    journeys: list[dict[str, Any]] = []
    assumed = quick.put_family(base.profile, journeys, family, named) if family else []
    new = _draft(work, request, base.template, journeys)
    wishes = tuple(_kept(wish, new) for wish in _account(work, request, family))
    return Started(replace(new, wishes=wishes), (*work.hints, *assumed), tuple(assumed))


def _described(request: str, given: Typed) -> tuple[Described, QuickFamily | None]:
    """Read a request, and the members of the one family that it or the arguments describe."""
    parsed = reader.read(request)
    family = quick.described_family(request[:LONGEST], given.members)
    if not family or not (given.members or parsed.count in (None, 1)):
        return parsed, None  # of several families, what is said of a member is not said of each
    parsed = reader.read(family.rest)
    parsed.count = 1 if parsed.count is None else parsed.count
    return parsed, family


def _ask_payer(work: Customization) -> None:
    """Ask who pays for a family where nobody said it."""
    if payer_of(work.request) is None and not work.request.payers:
        work.assume(
            "coverage.plan", "a family",
            f"Nobody said who pays: taken as in {quick.TEMPLATE}. Is that right?",
        )  # fmt: skip


def _draft(
    work: Customization, request: str, template: str, journeys: list[dict[str, Any]]
) -> Draft:
    """Return the draft of a profile, with the journeys that the request names by template."""
    new = Draft(
        profile=work.profile,
        journeys=tuple(journeys),
        requests=(request[:LONGEST],) if request.strip() else ("",),
        settled=tuple(work.settled),
        assumptions=tuple(work.assumptions),
        save_as=work.request.save_as or "",
        templates=(template,) if template else (),
    )
    for name in work.request.journeys:
        new = journeying.add_template(new, name)
        work.bound["journeys", name] = (f"journeys[{name}]", templates.load(name).title)
    return new


def _account(work: Customization, request: str, family: QuickFamily | None) -> tuple[Wish, ...]:
    """Return what became of every word of a request."""
    why = {id(fact): reason for fact, reason in work.request.doubtful}
    doubtful = [fact for fact, _ in work.request.doubtful]
    return accounting.account(
        0,
        request,
        [*_members(work, request, family), *work.request.facts, *doubtful],
        work.fate,
        lambda fact: why.get(id(fact)) or work.refused.get((fact.kind, fact.key), ""),
        lambda fact: work.options.get((fact.kind, fact.key), ()),
    )


def _kept(wish: Wish, new: Draft) -> Wish:
    """Open a wish of which a later part of the request has taken the place.

    The members of a family say ages, sexes and conditions themselves.
    """
    members = ((new.profile or {}).get("household") or {}).get("members")
    if members and re.match(r"demographics\.(?:age|gender)|clinical", wish.path):
        return replace(wish, fate="open", path="", note="not said of a member of the family")
    if wish.fate != "bound" or not re.match(r"clinical\.(?:primary$|.*\[)", wish.path):
        return wish
    if paths.find(new.profile, paths.parse(wish.path)) is not None:
        return wish
    return replace(wish, fate="open", path="", note="")


def _members(work: Customization, request: str, family: QuickFamily | None) -> list[Fact]:
    """Return what describes the members of a family, bound to their paths."""
    facts = []
    for start, end, path in family.claims if family else ():
        spans = tuple(
            (token.start, token.end)
            for token in tokens(request)
            if start < token.end and token.start < end
        )
        facts.append(Fact("members", (start, path), None, spans))
        work.settle(path, "", ("members", (start, path)))
    return facts


def _ask(work: Customization, contradictions: list[Contradiction]) -> None:
    """Ask about each argument that says something else than the words."""
    for item in contradictions:
        path = _PATHS.get(item.kind, item.kind)
        work.assumptions.append(
            Assumption(
                path,
                item.words,
                item.given,
                f"The request says {item.words!r}, the argument {item.kind} {item.given}: that "
                "was taken. Is that right?",
            )
        )
        work.settled = [settled for settled in work.settled if settled != path]


_PATHS = {
    "ages": "demographics.age",
    "sexes": "demographics.gender",
    "states": "demographics.location.states",
    "payer": "coverage.plan",
    "plans": "coverage.plan",
    "conditions": "clinical",
}


def _ask_ages(work: Customization, template: str) -> None:
    """Ask about the ages of a payer's people where nobody said any."""
    named, ages = payer_of(work.request), work.profile["demographics"].get("age")
    if template or named is None or ages != dict(named.ages) or work.request.ages is not None:
        return
    who = f"{ages.get('low', 0):g} to {ages.get('high', 95):g}"
    work.assume(
        "demographics.age", named.name,
        f"No ages were read: taken as {who}, those of {named.name}. Is that right?",
    )  # fmt: skip


def _bind_template(work: Customization, name: str, *, chosen: bool) -> None:
    """Bind the words that name a template or its topic."""
    title = templates.load(name).title if name else ""
    for fact in work.request.facts:
        if fact.kind == "template" and fact.key == name:
            work.bound["template", fact.key] = ("template", title)
        if fact.kind == "aged" and name and work.request.ages is None:
            work.bound["aged", fact.key] = ("demographics.age", f"as in {name}")
        if fact.kind == "topics" and fact.key == name:
            work.bound["topics", fact.key] = ("template", f"{name}, {title}")
    if name and chosen:
        work.hints.append(f"Template {name} was chosen ({title}): say so; template= takes another.")


def _keep_expectations(profile: dict[str, Any], template: dict[str, Any], hints: list[str]) -> None:
    """Drop the template's expectations if the request changed its people."""
    free = ("count", "seed")
    parts = {key: value for key, value in profile.items() if key not in free}
    unchanged = parts == {key: value for key, value in template.items() if key not in free}
    if (not unchanged or profile["count"] < template["count"]) and profile.pop("expectations", ()):
        hints.append(
            f"The template's expectations were of its own {template['count']:,} people and are "
            "left out; state your own under expectations."
        )


@dataclass(frozen=True)
class _Base:
    """The document to start from, and the name of its template if it has one."""

    profile: dict[str, Any]
    template: str
    hints: tuple[str, ...] = ()


def _base(parsed: Described, template: str) -> _Base:
    if template:
        item = templates.load(template, "profile")
        return _Base(item.fresh(), item.name)
    chosen, fitting = choosing.choose(parsed)
    if chosen is not None:
        return _Base(chosen.fresh(), chosen.name)
    hint = "No template fits; the draft holds only what was said."
    if fitting:
        names = ", ".join(item.name for item in fitting)
        hint = f"By who pays these templates fit: {names}. Ask; start again with template=<name>."
    return _Base(_empty(parsed), "", (hint,))


def _empty(parsed: Described) -> dict[str, Any]:
    payer, primary = payer_of(parsed), primary_of(parsed)
    words = [payer.name if payer else "", diagnosing.name_of(primary) if primary else ""]
    name = re.sub(r"[^a-z0-9]+", "-", " ".join(filter(None, words)).lower())[:60].strip("-")
    profile: dict[str, Any] = {
        "kind": "profile",
        "format": FORMAT,
        "name": name or "population",
        "version": 1,
        "title": ", ".join(filter(None, words)).capitalize()[:200] or "Population",
        "count": 100,
        "seed": 42,
        "as_of": AS_OF,
        "demographics": {},
        "clinical": {},
        "products": PRODUCTS if payer else ["patientsim"],
    }
    if payer:
        profile["coverage"] = {"plan": dict(payer.plans)}
        if payer.ages and (parsed.ages is None or parsed.aged):
            profile["demographics"]["age"] = dict(payer.ages)
    return profile
