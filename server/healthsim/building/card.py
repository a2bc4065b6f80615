"""A specification as a page that a person can read and confirm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.building import dates_said, member_phrases, money, phrases, templates
from healthsim.building.draft import Draft
from healthsim.building.histograms import histogram
from healthsim.building.ledger import unsettled
from healthsim.building.origins import Origins
from healthsim.building.outline import outline
from healthsim.building.phrases import line
from healthsim.building.question import Question
from healthsim.errors import Problem

if TYPE_CHECKING:
    from jinja2 import Environment


def page(draft: Draft, problems: list[Problem], open_questions: list[Question]) -> str:
    """Return the draft as markdown text: who, what happens, what is wrong, what is open.

    Beside each figure of the people stands where it comes from, as `origins` says.
    """
    origins, parts = Origins(draft), []
    if draft.profile is not None:
        parts.append(
            _pages()
            .get_template("profile.md.jinja")
            .render(
                profile=draft.profile,
                origin=_origin(draft.profile, draft.templates),
                origins=origins,
                records=_records(draft),
            )
        )
    parts += [
        _pages()
        .get_template("journey.md.jinja")
        .render(
            journey=journey,
            steps=outline(journey, origins.said_steps(number)),
            origin=_origin(journey, draft.templates),
            source=origins.template_of(journey),
            beginning=dates_said.beginning(journey, draft.profile),
        )
        for number, journey in enumerate(draft.journeys)
    ]
    if problems:
        parts.append("## Wrong\n" + "\n".join(f"- {problem}" for problem in problems))
    waiting = unsettled(draft.wishes)
    if waiting:
        parts.append("## Not in the draft\n" + "\n".join(f"- {line(x.line())}" for x in waiting))
    asks = [_LISTED if question.path == "not_understood" else question.ask
            for question in open_questions]  # fmt: skip
    if asks:
        parts.append("## Open\n" + "\n".join(f"- {ask}" for ask in asks))
    return "\n\n".join(part.strip() for part in parts) + "\n"


_LISTED = "What is not in the draft: change the draft for it, or go on without it?"


def _records(draft: Draft) -> str:
    """Say from when to when there will be records of what happens."""
    first, last = dates_said.records(draft.profile or {}, draft.journeys)
    return f"{first} to {last}, {(last - first).days + 1:,} days"


def _units(profile: Mapping[str, Any]) -> str:
    """Say what a profile counts: people or families."""
    names = ("family", "families") if profile.get("unit") == "family" else ("person", "people")
    return names[profile.get("count", 100) != 1]


def _ages(value: Any) -> str:
    return _shape(value, whole=True)


def _shape(value: Any, *, whole: bool = False) -> str:
    picture = histogram(value, whole=whole)
    return f" {picture}" if picture else ""


_FIGURES = (
    "unit", "household", "demographics", "attributes", "correlations", "clinical", "coverage",
    "network",
    "duration_days", "trial", "phases", "parts", "parameters",
)  # fmt: skip


def _origin(document: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the template that a document is a changed copy of, or nothing where it is the same.

    The description of a changed document would state the template's figures as its own.
    """
    for template in templates.load_library():
        first = template.fresh()
        if template.name in names and document.get("description") == template.description:
            same = all(document.get(part) == first.get(part) for part in _FIGURES)
            return "" if same else template.name
    return ""


_MOST_PAIRS = 6


def _joint_shares(conditions: object) -> list[tuple[str, float]]:
    """Return the pairs of conditions that occur together most, each with its joint share."""
    from healthsim.specification.distributions.loadings import joint_share  # noqa: PLC0415  numpy is heavy

    items = conditions if isinstance(conditions, list | tuple) else ()
    usable = [item for item in items if isinstance(item, Mapping) and _has_numbers(item)]
    pairs = sorted(combinations(usable, 2), key=lambda pair: -_product(*pair))[:_MOST_PAIRS]
    return [
        (
            f"{first.get('code')} and {second.get('code')}",
            round(float(joint_share(first["share"], second["share"], _product(first, second))), 3),
        )
        for first, second in pairs
    ]


def _product(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    return float(first["loading"] * second["loading"])


def _has_numbers(item: Mapping[str, Any]) -> bool:
    """Return whether share and loading are possible numbers: a draft may be unfinished."""
    numbers: list[Any] = [item.get(key) for key in ("share", "loading")]
    return all(type(number) in (int, float) and 0 < number <= 1 for number in numbers)


@cache
def _pages() -> Environment:
    # This module is imported for tools/list, which renders no page
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
        "say": phrases.say,
        "line": line,
        "share": phrases.share,
        "exact": phrases.exact,
        "length": phrases.length,
        "alternatives": phrases.alternatives,
        "together": _joint_shares,
        "member": member_phrases.member,
        "calendar": member_phrases.calendar,
        "plans": money.plans,
        "units": _units,
        "ages": _ages,
        "shape": _shape,
    }
    return pages
