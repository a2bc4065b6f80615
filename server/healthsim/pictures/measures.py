"""Which test or vital sign is meant: by LOINC code, by name, or by the state it measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from healthsim.codes.search import search
from healthsim.errors import NotFound, Refused, near
from healthsim.pictures.picture import NothingToDraw
from healthsim.pictures.source import Source
from healthsim.pictures.words import short, test_name, unit_name

_MOST = 400  # tests of one scenario that are looked through
_TABLES = (("lab_results", "collected_at"), ("vital_signs", "measured_at"))
_DEEPEST = 40  # lists and objects in each other, in a specification


@dataclass(frozen=True, slots=True)
class Measure:
    """One test or vital sign of a scenario.

    Attributes:
        table, day: where its values are, and the column of their time.
        unit: UCUM, as stored; the values in other units are left out.
    """

    table: str
    day: str
    loinc: str
    display: str
    unit: str | None
    people: int

    @property
    def name(self) -> str:
        """What people call it."""
        return test_name(self.display or self.loinc)

    @property
    def unit_name(self) -> str:
        """Its unit as people write it."""
        return unit_name(self.unit or "")


def measures(source: Source) -> list[Measure]:
    """Return the tests and vital signs with numeric results, those of most people first."""
    found: dict[str, Measure] = {}
    for table, day in _TABLES:
        if not source.has(table, "loinc", "display", "value", "unit", day):
            continue
        rows = source.select(
            "SELECT left(loinc, 80), left(any_value(display), 200), left(mode(unit), 80), "  # noqa: S608
            f"count(DISTINCT person_id), count(*) FROM {table} WHERE value IS NOT NULL "
            f"GROUP BY 1 ORDER BY 5 DESC, 1 LIMIT {_MOST}"
        )
        for loinc, display, unit, people, _ in rows:
            found.setdefault(loinc, Measure(table, day, loinc, display or "", unit, people))
    return list(found.values())


def measure_named(source: Source, what: str) -> Measure:
    """Return the test or vital sign that a text means; with no text the most telling one.

    Args:
        source: the scenario.
        what: a LOINC code, a name or abbreviation such as A1c, or a state of a journey.

    Raises:
        NothingToDraw: the scenario has no numeric result.
        NotFound: none is called so; the error suggests those that there are.
        Refused: what is meant is a state that no test measures.
    """
    known = measures(source)
    if not known:
        raise NothingToDraw(source.name, "has no laboratory result or vital sign",
                            "draw another kind, or add labs to the journey")  # fmt: skip
    states = dict(_states(source))
    wanted = what.strip()
    if not wanted:
        return next((one for one in known if one.loinc in states.values()), known[0])
    by_code = {one.loinc: one for one in known}
    for code in (wanted, states.get(wanted.lower(), ""), *_meant(wanted)):
        if code in by_code:
            return by_code[code]
    words = wanted.lower().split()
    fits = [one for one in known if all(word in one.display.lower() for word in words)]
    if fits:
        return fits[0]
    listed = {name for journey in source.journeys for name in _mapping(journey.get("state"))}
    if wanted in listed:
        raise Refused("what", f"{short(wanted, 40)} is a state that no test here measures",
                      f"draw one of: {', '.join(one.name for one in known[:12])}")  # fmt: skip
    names = by_code if wanted[:1].isdigit() else dict.fromkeys(one.name for one in known)
    raise NotFound("what", f"no result of {source.name} is called {short(wanted, 40)!r}",
                   near(short(wanted, 40), names))  # fmt: skip


def _meant(text: str) -> Iterator[str]:
    """Yield the LOINC codes that the code books give for words, the likeliest first."""
    try:
        hits = search(text[:80], ["loinc"], limit=8).hits
    except NotFound:
        return
    yield from (hit.code for hit in hits)


def _states(source: Source) -> Iterator[tuple[str, str]]:
    """Yield each state of the journeys with the LOINC code of the result that shows it."""
    for journey in source.journeys:
        named = {str(name).lower() for name in _mapping(journey.get("state"))}
        for state, loinc in _results(journey, 0):
            if state.lower() in named:
                yield state.lower(), loinc


def _results(node: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (state, LOINC) of every result in a specification that is read from a state."""
    if depth > _DEEPEST:
        return
    if isinstance(node, Mapping):
        result, loinc = node.get("result"), node.get("loinc")
        if isinstance(result, Mapping) and isinstance(loinc, str) and "from" in result:
            yield str(result["from"]), loinc
        for code, one in _mapping(node.get("results")).items():
            if isinstance(one, Mapping) and "from" in one:
                yield str(one["from"]), str(code)
    for inner in (
        node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    ):
        yield from _results(inner, depth + 1)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
