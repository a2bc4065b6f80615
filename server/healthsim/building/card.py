"""A specification as a page that a person can read and confirm."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.building import paths, templates
from healthsim.building.draft import Draft, Question
from healthsim.errors import Problem

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_TEXT = 300
MOST_STEPS = 150


def page(draft: Draft, found: list[Problem], open_questions: list[Question]) -> str:
    """Return the draft as markdown text: who, what happens, what is wrong, what is open."""
    parts = []
    if draft.profile is not None:
        parts.append(
            _pages()
            .get_template("profile.md.jinja")
            .render(profile=draft.profile, origin=_origin(draft.profile, draft.templates))
        )
    parts += [
        _pages()
        .get_template("journey.md.jinja")
        .render(journey=journey, steps=_outline(journey), origin=_origin(journey, draft.templates))
        for journey in draft.journeys
    ]
    if found:
        parts.append("## Wrong\n" + "\n".join(f"- {problem}" for problem in found))
    if draft.not_understood:
        parts.append(
            "## Not understood\n" + "\n".join(f"- {line(x)}" for x in draft.not_understood)
        )
    if open_questions:
        parts.append("## Open\n" + "\n".join(f"- {item.ask}" for item in open_questions))
    return "\n\n".join(part.strip() for part in parts) + "\n"


_FIGURES = ("demographics", "attributes", "clinical", "coverage", "duration_days", "phases")


def _origin(document: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the template that a document is a changed copy of, or nothing where it is the same.

    The description of a changed document would state the template's figures as its own.
    """
    for template in templates.shelf():
        first = template.fresh()
        if template.name in names and document.get("description") == template.description:
            same = all(document.get(part) == first.get(part) for part in _FIGURES)
            return "" if same else template.name
    return ""


@cache
def _pages() -> Environment:
    # On the way to tools/list, where no page is ever drawn
    from jinja2 import Environment, FileSystemLoader  # noqa: PLC0415

    # The pages are text for a chat or a terminal, never HTML: nothing is escaped, and `line`
    # keeps what people typed from breaking the page.
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    pages.filters |= {
        "say": say,
        "line": line,
        "share": _share,
        "exact": _exact,
        "alternatives": _alternatives,
    }
    return pages


def line(text: object) -> str:
    r"""Return text on one line, without what would be read as markup, and not too long.

    >>> line("a\nb | `c`")
    "a b / 'c'"
    """
    plain = " ".join(str(text).split()).replace("|", "/").replace("`", "'")
    plain = "".join(letter for letter in plain if letter.isprintable())
    return plain if len(plain) <= LONGEST_TEXT else plain[: LONGEST_TEXT - 3] + "..."


def say(value: Any) -> str:
    """Say a distribution in words.

    >>> say({"type": "normal", "mean": 72, "sd": 8, "low": 65})
    'normal: mean 72, sd 8, low 65'
    >>> say({"M": 0.48, "F": 0.52})
    'M 48 %, F 52 %'
    """
    if not isinstance(value, Mapping):
        return line(value)
    kind = value.get("type")
    if kind is None:
        counted = value.get("exactly")
        if isinstance(counted, Mapping):
            return ", ".join(f"{key} exactly {number}" for key, number in counted.items())
        return ", ".join(f"{line(key)} {_share(weight)}" for key, weight in value.items())
    if kind == "categorical":
        return say(value.get("weights") or {"exactly": value.get("exactly", {})})
    if kind == "conditional":
        cases = [f"{say(case.get('then'))} where {line(case.get('when'))}"
                 for case in value.get("cases", ()) if isinstance(case, Mapping)]  # fmt: skip
        return "; ".join([*cases, f"else {say(value.get('otherwise'))}"])
    if kind == "constant":
        return line(value.get("value"))
    rest = [f"{key} {_plain(part)}" for key, part in value.items()
            if key != "type" and part is not None]  # fmt: skip
    return f"{line(kind).replace('_', ' ')}: {', '.join(rest)}"


def _plain(value: Any) -> str:
    return line(json.dumps(value) if isinstance(value, dict | list) else value)


def _share(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{100 * value:g} %"
    return say(value)


def _outline(journey: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (indent, sentence) of every step, in document order."""
    lines = []
    for place, step in islice(paths.steps(dict(journey), []), MOST_STEPS):
        depth = sum(piece in {"steps", "with", "visits", "newborn"} for piece in place) - 1
        lines.append(("  " * depth, _step(step)))
    if len(lines) == MOST_STEPS:
        lines.append(("", "… (more steps: look at journey.phases)"))
    return lines


def _step(step: Mapping[str, Any]) -> str:
    """Say one step in a line: its id, what it is, when, for whom."""
    do = str(step.get("do", "event"))
    what = _DOES[do](step) if do in _DOES else do
    extra = [f", when {step['when']}"] if step.get("when") else []
    extra += [f", chance {_share(step['chance'])}"] if step.get("chance") is not None else []
    risk = f", {_risk(step['hazard'])}" if step.get("hazard") else ""
    return line(f"{step.get('id')}: {what}{_at(step.get('at'))}{risk}{''.join(extra)}")


def _repeat(step: Mapping[str, Any]) -> str:
    times = f", {step['times']} times" if step.get("times") else ""
    until = f", until {step['until']}" if step.get("until") else ""
    return f"repeat every {_every(step.get('every') or {})}{times}{until}"


def _change(step: Mapping[str, Any]) -> str:
    if step.get("per_year") is not None:
        return f"change {step.get('state')} by {say(step['per_year'])} a year"
    if step.get("noise") is not None:
        return f"let {step.get('state')} wander"
    way = "by" if step.get("by") is not None else "to"
    days = (step.get("over") or {}).get("days")
    over = f" over {line(days)} days" if days else ""
    return f"change {step.get('state')} {way} {say(step.get(way))}{over}"


def _event(step: Mapping[str, Any]) -> str:
    return f"{step.get('type')}{_detail(step.get('details') or {})}"


def _branch(step: Mapping[str, Any]) -> str:
    return f"branch: {'; '.join(map(_option, step.get('options') or ()))}"


def _stages(step: Mapping[str, Any]) -> str:
    ways = []
    for stage in step.get("stages") or ():
        to = ", ".join(dict.fromkeys(str(move.get("to")) for move in stage.get("moves") or ()))
        ways.append(f"{stage.get('name')} → {to}" if to else f"{stage.get('name')}")
    return f"stages: {'; '.join(ways)}"


def _protocol(step: Mapping[str, Any]) -> str:
    until = f", until {step['until']}" if step.get("until") else ""
    return f"protocol of {step.get('cycles')} cycles of {step.get('cycle_days')} days{until}"


def _visit(step: Mapping[str, Any]) -> str:
    return f"visit on day {step.get('day', 1)} of the cycle"


def _wait(step: Mapping[str, Any]) -> str:
    return f"wait until {step.get('until')}, at most {_every(step.get('limit') or {})}"


def _end(step: Mapping[str, Any]) -> str:
    return f"end of {step.get('scope', 'journey')}"


_DOES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "event": _event,
    "repeat": _repeat,
    "branch": _branch,
    "change": _change,
    "end": _end,
    "stages": _stages,
    "protocol": _protocol,
    "visit": _visit,
    "wait": _wait,
}


_TELLING = ("encounter_class", "reason", "loinc", "panel", "drug", "code", "cvx", "plan")


def _detail(details: Mapping[str, Any]) -> str:
    found = [str(details[key]) for key in _TELLING if details.get(key)]
    found += [f"{details['days_supply']} days' supply"] if details.get("days_supply") else []
    return f" ({', '.join(found)})" if found else ""


def _every(every: Mapping[str, Any]) -> str:
    if every.get("hazard"):
        return f"time that its risk has it ({_risk(every['hazard'])})"
    if every.get("weekdays"):
        return ", ".join(map(str, every["weekdays"]))
    return ", ".join(f"{number} {unit}" for unit, number in every.items() if number)


def _risk(hazard: Mapping[str, Any]) -> str:
    """Say a hazard: how many a year, or which share in how many days."""
    if hazard.get("share") is not None:
        return f"{_share(hazard['share'])} within {hazard.get('within_days')} days"
    season = ", by season" if hazard.get("by_month") else ""
    return f"{say(hazard.get('per_year'))} a year{season}"


def _option(option: Any) -> str:
    if not isinstance(option, Mapping):
        return str(option)
    reason = option.get("when") or ("otherwise" if option.get("otherwise") else "")
    weight = f" {_share(option['weight'])}" if option.get("weight") is not None else ""
    return f"{option.get('name')}{weight}{f' if {reason}' if reason else ''}"


def _at(at: Any) -> str:
    if at is None:
        return ""
    if not isinstance(at, Mapping):
        return f", day {at}"
    said = []
    if at.get("date"):
        said.append(f"on {at['date']}")
    if at.get("age"):
        said.append(f"at the age of {_every(at['age'])}")
    if at.get("month"):
        said.append(f"in month {at['month']}")
    if at.get("day") is not None:
        said.append(f"day {say(at['day'])}")
    if at.get("after"):
        said.append(f"after {at['after']}")
    if at.get("variance_days"):
        said.append(f"±{at['variance_days']} days")
    if at.get("business_days"):
        said.append("business days")
    return f", {' '.join(said)}" if said else ""


def _exact(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return f"exactly {line(value)}"
    groups = [f"{line(one.get('count'))} of those with {line(one.get('when'))}"
              for one in value if isinstance(one, Mapping)]  # fmt: skip
    return f"exactly {', '.join(groups)}"


def _alternatives(value: Any) -> list[Any]:
    """Return groups of alternatives, also where there is only one."""
    return value if value and isinstance(value[0], list | tuple) else [value] if value else []
