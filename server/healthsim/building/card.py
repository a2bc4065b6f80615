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
from healthsim.errors import Problem, cut

if TYPE_CHECKING:
    from jinja2 import Environment


MOST_CHARACTERS = 14_000
"""Of a card, about, before what is wrong and open: an answer holds it twice, as data and text."""

MOST_LINES = 30
"""Of each of the lists at the end of a card."""

_LEAST_PAGE = 1_500  # characters of a journey that are shown in any case
_LONGEST_NAMES = 1_000


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
    parts += _journeys(draft, origins, MOST_CHARACTERS - sum(map(len, parts)))
    parts += _listed("Wrong", [str(problem) for problem in problems])
    parts += _listed("Not in the draft", [line(x.line()) for x in unsettled(draft.wishes)])
    changed = [wish for wish in draft.wishes if wish.fate == "changed"]
    parts += _listed("Said, and changed later", [line(wish.line()) for wish in changed])
    asks = [_LISTED if question.path == "not_understood" else question.ask
            for question in open_questions]  # fmt: skip
    parts += _listed("Open", asks)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _listed(title: str, lines: list[str]) -> list[str]:
    """Return a list under a title, its first lines where there are many; nothing without lines."""
    more = [f"{len(lines) - MOST_LINES:,} more"] if len(lines) > MOST_LINES else []
    shown = [*lines[:MOST_LINES], *more]
    return [f"## {title}\n" + "\n".join(f"- {one}" for one in shown)] if shown else []


def _journeys(draft: Draft, origins: Origins, room: int) -> list[str]:
    """Return the pages of the journeys that there is room for, and the names of the others."""
    pages: list[str] = []
    for number, journey in enumerate(draft.journeys):
        left = room - sum(map(len, pages))
        if left < 0:
            break
        page = _pages().get_template("journey.md.jinja").render(
            journey=journey,
            steps=outline(journey, origins.said_steps(number)),
            origin=_origin(journey, draft.templates),
            source=origins.template_of(journey),
            beginning=dates_said.beginning(journey, draft.profile),
        )  # fmt: skip
        pages.append(_first_lines(page, left, f"journeys[{journey.get('name')}]"))
    names = [str(journey.get("name")) for journey in draft.journeys[len(pages) :]]
    if names:
        pages.append(
            f"## {len(names)} more journeys\n{cut(', '.join(names), _LONGEST_NAMES)}\n"
            f'get_spec(section="journeys[{names[0]}]") shows one.'
        )
    return pages


def _first_lines(page: str, room: int, path: str) -> str:
    """Return a page, or its first lines and where the rest is."""
    if len(page) <= room:
        return page
    kept = page[: max(room, _LEAST_PAGE)]
    whole, _, part = kept.rpartition("\n")
    kept = whole if len(part) < _LEAST_PAGE else f"{kept}…"
    return f'{kept}\n\nThe rest is cut: get_spec(section="{path}.steps") shows the steps as data.'


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


_SWITCHES = (
    "charge_capture", "physiology", "mortality", "one_bed", "pharmacy", "problem_list", "safety",
    "vaccine_intervals", "vital_signs", "detail",
)  # fmt: skip
"""Keys of a profile that are on by default, so a person must see where one is not."""

_FIGURES = (
    "unit", "household", "demographics", "attributes", "correlations", "clinical", "coverage",
    "network", *_SWITCHES, "duration_days", "trial", "phases", "parts", "parameters",
)  # fmt: skip


def _switches(profile: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the keys that are not as usual, and what they say."""
    return [
        (name, phrases.setting(profile[name])) for name in _SWITCHES
        if profile.get(name, "usual") not in ("usual", "postpone", "full")
    ]  # fmt: skip


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
        "switches": _switches,
        "units": _units,
        "ages": _ages,
        "shape": _shape,
    }
    return pages
