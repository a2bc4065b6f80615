"""Look up what a specification may contain before it is written: codes, places, providers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from mcp.types import CallToolResult
from pydantic import Field

from healthsim.capabilities import mentioned, unbuilt
from healthsim.errors import NotFound, Refused
from healthsim.operations.home import Home
from healthsim.tools.answers import LookupAnswer, reply, rows
from healthsim.tools.server import Ctx, home_of

_LONGEST = 400  # characters of a question
_HOW = re.compile(
    r"\s*(?:how (?:do|can|to|would)|can (?:i|you|it|we)|could (?:i|you)|is (?:it|there)|do you|"
    r"does it|are there)\b",
    re.IGNORECASE,
)
_NEAR = re.compile(r"\s*(?:find\s+)?(.+?)\s+(?:near|in|around)\s+(.+?)\s*", re.IGNORECASE)


def look_up(
    ctx: Ctx,
    query: Annotated[
        str,
        Field(
            description="Heart attack; E11.9; goes with E11; how do I say a denial; "
            "Harris County, TX; cardiology near Houston, TX."
        ),
    ],
    about: Annotated[
        Literal["codes", "language", "population", "network"], Field(description="Where to look.")
    ] = "codes",
    kind: Annotated[
        str,
        Field(description="One book (icd10cm, loinc, drug, cvx) or measure."),
    ] = "",
    limit: Annotated[int, Field(ge=1, le=50, description="Most rows.")] = 8,
) -> Annotated[CallToolResult, LookupAnswer]:
    """Look up medical codes by words before writing them; never guess a code.

    Says if a code is valid, what goes with a condition, whether something is built and how it is
    said, who lives in a place, how common conditions are, providers near it.
    """
    if about == "population":
        return reply(_population(home_of(ctx), query, kind))
    if about == "network":
        return reply(_network(home_of(ctx), query, kind, limit))
    if about == "language" or _HOW.match(query):
        return reply(_language(query))
    return reply(_codes(query, kind, limit))


def _codes(query: str, kind: str, limit: int) -> LookupAnswer:
    """Return codes; where none fits all the words, whether what they name is built."""
    from healthsim.operations import codes  # noqa: PLC0415  the books are read when asked for

    missing = unbuilt(query[:_LONGEST])
    try:
        result = codes.look(query, kind, limit, "kind")
    except NotFound:
        if not missing:
            raise
        return _language(query)
    if missing and result.partly and not kind:
        return _language(query)
    said = ", ".join(map(repr, result.unmatched))
    similar = f"nothing fits {said}: these rows are only similar" if said else ""
    return LookupAnswer(
        found=rows(list(result.columns), result.rows),
        note="; ".join(filter(None, [missing, similar, result.note])),
        next=f"Ask what {said} means, or look up another word; none of these is its code."
        if said
        else "Write `code` into the draft with refine_spec.",
    )


def _language(question: str) -> LookupAnswer:
    """Return whether something is built, and which parts of the language say it."""
    from healthsim.operations import language  # noqa: PLC0415  the models are heavy

    named = {one.key: one for _, one in mentioned(question[:_LONGEST])}
    absent = any(one.built == "no" for one in named.values())
    parts = [] if absent else language.find(question[:_LONGEST], 2 if named else 3)
    if not named and not parts:
        raise NotFound("query", "names nothing that is known here", 'see get_guide("capabilities")')
    shown = (
        f"get_guide('schema: {parts[0].name}') shows keys and an example."
        if parts
        else "Say it so; get_guide says how it is done."
    )
    return LookupAnswer(
        found=rows(
            ["what", "answer"],
            [[one.name, one.answer] for one in named.values()]
            + [[f"schema: {part.name}", part.about] for part in parts],
        ),
        next="Say that it is not built, and offer what is nearest." if absent else shown,
    )


_PREVALENCE = ("adults_share", "rests_on", "year", "confidence", "source")


def _population(home: Home, place: str, measure: str) -> LookupAnswer:
    """Return who lives in a place and how common conditions are; sources of one that is named."""
    from healthsim.operations import population  # noqa: PLC0415  numpy is heavy

    place_figures = population.describe_place(home, place, [measure] if measure else [])
    columns = _PREVALENCE if measure else _PREVALENCE[:-1]
    listed = [
        [name, *(figure.get(column) for column in columns)]
        for name, figure in place_figures["prevalence"].items()
    ]
    return LookupAnswer(
        found=rows(["measure", *columns], listed),
        facts={name: value for name, value in place_figures.items() if name != "prevalence"},
        note=_noted(place_figures["prevalence"].values(), measure),
        next='Put the place under demographics.location; {"type": "population", "measure": ...} '
        "then takes its figures.",
    )


def _noted(figures: Iterable[Mapping[str, Any]], measure: str) -> str:
    importer = next((figure["import"] for figure in figures if "import" in figure), "")
    if importer:
        return f"measures that rest on nothing need an import: {importer}"
    return "" if measure else "kind=<measure> says the source of its figure"


def _network(home: Home, query: str, kind: str, limit: int) -> LookupAnswer:
    """Return who is in the directory near a place."""
    from healthsim.operations import network  # noqa: PLC0415  numpy is heavy
    from healthsim.reference.read import versions  # noqa: PLC0415  duckdb is heavy

    request = _NEAR.fullmatch(query)
    specialty, place = (kind, query) if kind or request is None else (request[1], request[2])
    if not specialty:
        raise Refused("query", "names no specialty", "ask: cardiology near Houston, TX")
    real: Literal["nppes", "synthetic"] = (
        "nppes" if "nppes" in versions(home.reference) else "synthetic"
    )
    providers: list[dict[str, Any]] = network.search(
        home, place=place, specialty=specialty, limit=limit, source=real
    )
    columns = list(providers[0]) if providers else []
    return LookupAnswer(
        found=rows(columns, [list(provider.values()) for provider in providers]),
        note="the directory is imported (nppes)"
        if real == "nppes"
        else "the directory is invented",
        next="A profile's network.source says which directory its people see."
        if providers
        else "Nobody is that near; name a larger place or another specialty.",
    )
