"""One person's time: coverage, conditions, visits, stays, results, drugs and claims by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from healthsim.codes.drugs import ndc
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.strips import pixels
from healthsim.pictures.words import counted, short, test_name

KIND = "person_timeline"

_MOST_READ = 20_000  # rows of one table
_MOST_LANES = 7  # of one kind; those with most in them
_MOST_POINTS = 60  # of one lane; beyond, those of a month become one
_MOST_MONTHS = 130  # points of one lane
_ROW, _NAME, _MARK = 32, 9, 22  # pixels: of a lane, and to its name and its marks
_EVERY = (1, 2, 3, 4, 6, 12, 24, 60, 120, 240, 600, 1_200)  # months between two labels
_MOST_TICKS = 4.5
_NEAR_END = 0.9
_MOST_ROWS = 300  # of the table


@dataclass(frozen=True, slots=True)
class _Lane:
    """What is drawn of one table.

    Attributes:
        group: what the lane's rows are, in a word.
        table: where they are; `needs` are the columns that are read.
        sql: a SELECT of lane, first day, last day (null: one day) and what, of one person.
    """

    group: str
    table: str
    needs: tuple[str, ...]
    sql: str


_LANES = (
    _Lane("coverage", "enrollments", ("plan_id", "effective_date", "term_date"),
          "SELECT plan_id, effective_date, coalesce(term_date, $last::DATE), plan_id "
          "FROM enrollments WHERE person_id = $person"),
    _Lane("conditions", "conditions", ("code", "display", "onset_date", "abatement_date"),
          "SELECT code || ' ' || coalesce(display, ''), onset_date, coalesce(abatement_date, "
          "$last::DATE), code FROM conditions WHERE person_id = $person"),
    _Lane("visits", "encounters", ("encounter_class", "start_at", "end_at", "los_days", "reason"),
          "SELECT encounter_class, start_at::DATE, CASE WHEN los_days > 0 THEN end_at::DATE END, "
          "coalesce(reason, encounter_class) FROM encounters WHERE person_id = $person"),
    _Lane("results", "lab_results", ("display", "loinc", "collected_at", "value", "unit"),
          "SELECT coalesce(display, loinc), collected_at::DATE, NULL::DATE, "
          "concat_ws(' ', value, unit) FROM lab_results WHERE person_id = $person"),
    _Lane("drugs", "prescriptions", ("ingredient", "drug", "written_date", "end_date",
                                     "days_supply", "refills"),
          "SELECT ingredient, written_date, least(coalesce(end_date, written_date + days_supply * "
          "(refills + 1)), $last::DATE), drug FROM prescriptions WHERE person_id = $person"),
    _Lane("payments", "claims", ("form", "from_date", "allowed_usd"),
          "SELECT 'claims', from_date, NULL::DATE, CASE form WHEN '837P' THEN 'professional claim' "
          "WHEN '837I' THEN 'institutional claim' ELSE 'claim ' || form END || ', $' || "
          "allowed_usd || ' allowed' FROM claims WHERE person_id = $person"),
    _Lane("payments", "fills", ("fill_date", "ndc", "status", "plan_paid_usd",
                                "deductible_usd", "copay_usd"),
          "SELECT 'fills', fill_date, NULL::DATE, ndc || ', ' || status || CASE WHEN "
          "status = 'paid' THEN ' $' || (plan_paid_usd + deductible_usd + copay_usd) ELSE '' END "
          "FROM fills WHERE person_id = $person"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Mark:
    """One bar or point: what happened on a day, or from a day to another."""

    group: str
    lane: str
    first: date
    last: date | None
    what: str
    number: int = 1


def person_timeline(source: Source, person_id: int) -> Picture:
    """Draw one person's time in lanes: bars for what lasts, points for what happens on a day.

    Args:
        source: the scenario.
        person_id: who.

    Raises:
        NothingToDraw: nothing dated is known of this person.
    """
    marks = list(_marks(source, person_id))
    if not marks:
        raise NothingToDraw(f"person {person_id}", f"nothing dated of {source.name} is about them",
                            "choose another person")  # fmt: skip
    lanes, left = _lanes(marks)
    shown = [mark for mark in marks if (mark.group, mark.lane) in lanes]
    drawn = [
        one
        for lane in lanes
        for one in _thinned([mark for mark in shown if (mark.group, mark.lane) == lane])
    ]
    face = _face(source, person_id)
    title = f"Person {person_id}{face}: {_told(marks)}"
    first, last = min(mark.first for mark in marks), max(mark.last or mark.first for mark in marks)
    says = f"{title}, from {_start(source, marks)} to {last}."
    subtitle = (f"From {max(first, _start(source, marks))} to {last}; a bar is from one day to "
                "another, a point is one day; what began earlier begins at the edge")  # fmt: skip
    subtitle += f"; {left} lanes with fewer rows are left out" if left else ""
    view = _view(drawn, list(lanes), _start(source, marks))
    marks.sort(key=lambda mark: (mark.first, mark.group, mark.lane))
    rows = [[str(mark.first), str(mark.last) if mark.last else None, mark.group,
             short(mark.lane, 80), short(mark.what, 60)]
            for mark in marks[:_MOST_ROWS]]  # fmt: skip
    columns = ["from", "to", "kind", "lane", "what"]
    return Picture(KIND, title, says, whole_spec(title, subtitle, says, view), columns, rows)


def busiest(source: Source) -> int:
    """Return the person to whom most happened, the first of equals.

    Raises:
        NothingToDraw: nothing happened to anybody.
    """
    for table in ("events", "encounters", "claims", "fills", "conditions", source.people):
        if source.has(table, "person_id"):
            sql = f"SELECT person_id FROM {table} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"  # noqa: S608
            rows = source.select(sql)
            if rows:
                return int(rows[0][0])
    raise NothingToDraw(source.name, "has nobody", "make a scenario with people first")


def _marks(source: Source, person_id: int) -> Iterator[_Mark]:
    last = source.last_day or date(source.first_day.year + 1, 1, 1)
    for lane in _LANES:
        if source.has(lane.table, "person_id", *lane.needs):
            values = {"person": person_id} | ({"last": last} if "$last" in lane.sql else {})
            rows = source.connection.execute(
                "SELECT left(name, 200), first, until, left(what, 200) "  # noqa: S608
                f"FROM ({lane.sql}) AS t(name, first, until, what) LIMIT {_MOST_READ}",
                values,
            ).fetchall()
            for name, first, until, what in rows:
                written = test_name(name) if lane.group == "results" else short(name, 80)
                ends = None if until is None or until <= first else until
                told = _of_drug(str(what)) if lane.table == "fills" else str(what)
                yield _Mark(lane.group, written, first, ends, told)


def _of_drug(fill: str) -> str:
    """Return a fill with the name of its drug in place of the NDC, where it is known."""
    code, comma, rest = fill.partition(",")
    row = ndc().rows.get(code)
    return f"{row.display}{comma}{rest}" if row else f"NDC {fill}"


def _lanes(marks: Sequence[_Mark]) -> tuple[dict[tuple[str, str], int], int]:
    """Return the lanes that are drawn, in order, with their rows; and how many are left out."""
    sizes: dict[tuple[str, str], int] = {}
    first: dict[tuple[str, str], date] = {}
    for mark in marks:
        key = mark.group, mark.lane
        sizes[key] = sizes.get(key, 0) + 1
        first[key] = min(mark.first, first.get(key, mark.first))
    kept: dict[tuple[str, str], int] = {}
    for group in dict.fromkeys(lane.group for lane in _LANES):
        mine = sorted((key for key in sizes if key[0] == group), key=lambda key: -sizes[key])
        kept |= {key: sizes[key] for key in sorted(mine[:_MOST_LANES], key=first.__getitem__)}
    return kept, len(sizes) - len(kept)


def _thinned(marks: list[_Mark]) -> list[_Mark]:
    """Return the marks of a lane; if there are many, those of a month or year become one point."""
    if len(marks) <= _MOST_POINTS:
        return marks
    times = Counter(mark.first.replace(day=1) for mark in marks)
    if len(times) > _MOST_MONTHS:
        times = Counter(mark.first.replace(day=1, month=1) for mark in marks)
    return [_Mark(marks[0].group, marks[0].lane, time, None, "", number)
            for time, number in sorted(times.items())[-_MOST_MONTHS:]]  # fmt: skip


def _start(source: Source, marks: Sequence[_Mark]) -> date:
    """Return the first day that is drawn: what is older begins at the edge."""
    return source.as_of or min(mark.first for mark in marks)


def _face(source: Source, person_id: int) -> str:
    rows = source.select(
        f"SELECT gender, {source.age_sql} FROM {source.people} WHERE person_id = ?",  # noqa: S608
        person_id,
    )
    if not rows:
        return ""
    gender, age = rows[0]
    if age < 18:
        words = {"F": "girl", "M": "boy"}
        return f", {words.get(gender, 'child')}" + (f" of {age}" if age >= 0 else "")
    return f", { {'F': 'woman', 'M': 'man'}.get(gender, 'person') } of {age}"


def _told(marks: Sequence[_Mark]) -> str:
    """Say how much there is of each kind."""
    words = (("visits", "visit", "visits"), ("results", "result", "results"),
             ("conditions", "condition", "conditions"), ("drugs", "prescription", "prescriptions"),
             ("payments", "claim or fill", "claims and fills"))  # fmt: skip
    numbers = [(sum(mark.group == group for mark in marks), one, many)
               for group, one, many in words]  # fmt: skip
    return ", ".join(counted(number, one, many) for number, one, many in numbers if number)


def _view(marks: Sequence[_Mark], lanes: list[tuple[str, str]], start: date) -> dict[str, Any]:
    place = {lane: number for number, lane in enumerate(lanes)}
    height = _ROW * len(lanes) + 6
    values = [
        {"at": _ROW * place[mark.group, mark.lane] + _MARK, "kind": mark.group,
         "from": max(mark.first, start).isoformat(),
         "to": mark.last.isoformat() if mark.last else None,
         "size": 40 + 4 * min(mark.number, 40)}
        for mark in marks if (mark.last or mark.first) >= start
    ]  # fmt: skip
    names = [{"y": _ROW * number + _NAME, "name": short(lane[1], 80)}
             for lane, number in place.items()]  # fmt: skip
    end = max([mark.last or mark.first for mark in marks] + [start])
    kinds = list(dict.fromkeys(group for group, _ in lanes))
    color = {"field": "kind", "type": "nominal", "sort": kinds, "scale": {"domain": kinds}}
    x = {"field": "from", "type": "temporal", "title": None,
         "scale": {"type": "utc", "domain": [start.isoformat(), end.isoformat()]},
         "axis": {"format": "%b %Y", "values": _ticks(start, end), "labelFlush": True,
                  "labelOverlap": False}}  # fmt: skip
    marked = {"y": pixels("at", height), "color": color}
    return {
        "data": {"values": values},
        "height": height,
        "layer": [
            {"transform": [{"filter": "isValid(datum.to)"}],
             "mark": {"type": "rule", "strokeWidth": 9},
             "encoding": {"x": x, "x2": {"field": "to"}, **marked}},
            {"transform": [{"filter": "!isValid(datum.to)"}],
             "mark": {"type": "point", "opacity": 0.8},
             "encoding": {"x": x, **marked, "size": {"field": "size", "type": "quantitative",
                                                     "scale": None}}},
            {"data": {"values": names},
             "mark": {"type": "text", "align": "left", "limit": {"expr": "width"}},
             "encoding": {"x": {"value": 0}, "y": pixels("y", height),
                          "text": {"field": "name"}}},
        ],
    }  # fmt: skip


def _ticks(start: date, end: date) -> list[str]:
    """Return first days of months that lie evenly, few enough for a narrow page.

    None is so near the end that its label would be cut.

    >>> _ticks(date(2025, 1, 1), date(2026, 1, 18))
    ['2025-01-01', '2025-04-01', '2025-07-01', '2025-10-01']
    """
    months = 12 * (end.year - start.year) + end.month - start.month + 1
    every = next((step for step in _EVERY if months / step <= _MOST_TICKS), _EVERY[-1])
    first = 12 * start.year + start.month - 1 + (start.day > 1)
    days = [date(number // 12, number % 12 + 1, 1)
            for number in range(-(-first // every) * every, first + months, every)]  # fmt: skip
    kept = [day for day in days if (day - start) <= _NEAR_END * (end - start)]
    return [day.isoformat() for day in kept or [start]]
