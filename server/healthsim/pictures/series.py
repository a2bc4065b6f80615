"""A result over time: the middle value and the middle half of people, by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthsim.errors import NotFound
from healthsim.pictures.ends import Ends
from healthsim.pictures.grouping import Grouping, grouping, shown
from healthsim.pictures.index_day import index_days
from healthsim.pictures.measures import Measure, measure_named
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.words import counted

KIND = "series"

_CALENDAR = ("calendar", "month")
_STATISTICS = ("mean", "median")
_UNITS = (("year", 365.25), ("quarter", 91.3125), ("month", 30.4375), ("week", 7.0))
_ROOM = 1.2  # a unit may be so much longer than the time between two values of one person
_MOST_TIMES = 120
_FEW = 0.02  # of the values of the fullest time; a time with fewer is left out
_BANDS = 2  # groups whose middle halves can be seen through each other
_THIN = 1 / 3  # of the values of a group's fullest time; a point with fewer is hollow
_NUMBERS = 9  # numbers of values under the axis, for each group
_NUMBERED = 4  # groups that have them
_HEIGHT = 300
_LINE = 15  # pixels of one line of them


def series(source: Source, what: str = "", by: str = "") -> Picture:
    """Draw a test, a vital sign or a state over time: middle value and middle half.

    Args:
        source: the scenario.
        what: which: LOINC, name or state; empty for the most telling one.
        by: a group (arm, sex, age, plan, a branch), `calendar` for days of the calendar in place
            of days since the start, `mean` in place of the median; with commas between.

    Raises:
        NothingToDraw: there is no numeric result.
        NotFound: nothing is called `what` or `by`.
    """
    measure = measure_named(source, what)
    words = [word.strip() for word in by.split(",") if word.strip()]
    calendar = any(word.lower() in _CALENDAR for word in words)
    mean = any(word.lower() == "mean" for word in words)
    groups = [word for word in words if word.lower() not in (*_CALENDAR, *_STATISTICS)]
    if len(groups) > 1:
        raise NotFound("by", f"names {len(groups)} groups", "compare by one of them")
    group = grouping(source, groups[0] if groups else "")
    drawn = _Series(source, measure, group, calendar=calendar, mean=mean)
    rows = drawn.rows()
    if not rows:
        raise NothingToDraw(source.name, f"has no {measure.name} of these people",
                            "leave `by` out, or draw another")  # fmt: skip
    return drawn.picture(rows)


class _Series:
    """One result over time.

    Attributes:
        unit, days: the unit of time, and its length.
        since: what time is counted from, in words.
    """

    def __init__(
        self, source: Source, measure: Measure, group: Grouping, *, calendar: bool, mean: bool
    ) -> None:
        self.source, self.measure, self.group = source, measure, group
        self.calendar, self.mean = calendar, mean
        index, self.since = index_days(source, randomized=group.name == "arm")
        day = f"CAST(v.{measure.day} AS DATE)"
        self._values = (
            f"WITH g AS ({group.sql}), i AS ({index}), "  # noqa: S608
            f"s AS ({source.starters[0]}) SELECT {day} AS day, "
            f"{day} - i.day AS days, v.value AS value, g.label AS label, person_id "
            f"FROM {measure.table} AS v JOIN g USING (person_id) JOIN i USING (person_id) "
            "SEMI JOIN s USING (person_id) WHERE v.loinc = ? "
            "AND v.unit IS NOT DISTINCT FROM ? AND v.value IS NOT NULL AND isfinite(v.value)"
        )
        self._given = (*group.values, measure.loinc, measure.unit)
        self.unit, self.days = self._unit_of_time()
        self._middle = "avg(value)" if mean else "median(value)"
        self._time = (f"date_trunc('{self.unit}', day)::DATE" if calendar
                      else f"round(days / {self.days})::INT")  # fmt: skip

    def _unit_of_time(self) -> tuple[str, float]:
        """Return a unit in which most people have a value each time, so that lines do not jump."""
        gap, span = self.source.select(
            "SELECT quantile_cont(gap, 0.75), max(days) - min(days) FROM (SELECT days, days - "  # noqa: S608
            "lag(days) OVER (PARTITION BY person_id ORDER BY days) AS gap "
            f"FROM ({self._values}))",
            *self._given,
        )[0]
        least = (span or 0) / _MOST_TIMES
        most = _ROOM * (gap or (span or 0) / 12)
        fits = [unit for unit in _UNITS if unit[1] >= least
                and (unit[1] <= most or unit == _UNITS[-1])]  # fmt: skip
        unit = fits[0] if fits else min((one for one in _UNITS if one[1] >= least),
                                        key=lambda one: one[1], default=_UNITS[0])  # fmt: skip
        return _UNITS[2] if self.calendar and unit == _UNITS[-1] else unit

    def rows(self) -> list[list[Any]]:
        """Return time, group, number of values, middle, first and third quartile."""
        found = self.source.select(
            f"SELECT * FROM (SELECT {self._time} AS t, label, count(*) AS n, {self._middle}, "  # noqa: S608
            "quantile_cont(value, 0.25), quantile_cont(value, 0.75), avg(days), "
            "count(DISTINCT person_id) "
            f"FROM ({self._values}) GROUP BY ALL) QUALIFY n >= {_FEW} * max(n) OVER (PARTITION BY "
            "label) ORDER BY t, label LIMIT 2000",
            *self._given,
        )
        return [list(row) for row in found]

    def picture(self, rows: list[list[Any]]) -> Picture:
        """Return the picture of the rows."""
        measure, name = self.measure, "mean" if self.mean else "median"
        told = self._ends(rows)
        unit = f", {measure.unit_name}" if measure.unit else ""
        title = f"{measure.name}{unit}: {'; '.join(one.short for one in told[:4])}"
        number = sum(row[2] for row in rows)
        since = f"by {self.unit} of the calendar" if self.calendar else f"since {self.since}"
        says = (f"The {name} of {measure.name} ({measure.loinc}){unit}, {since}, from first to "
                f"last: {'; '.join(one.long for one in told)}. "
                f"{counted(number, 'value', 'values')}.")  # fmt: skip
        band = "; the band is the middle half of values" if self._banded else ""
        few = "; hollow where few were measured" if self._any_thin(rows) else ""
        subtitle = (f"{name.capitalize()} {since}{band}; {counted(number, 'value', 'values')}, "
                    f"the numbers under the axis are those of each time{few}")  # fmt: skip
        subtitle += "; those born in the run are left out" if self.source.starters[2] else ""
        when = self.unit if self.calendar else f"{self.unit}s_since_start"
        by = [self.group.name] if self.group.name else []
        columns = [when, *by, "values", name, "quartile_1", "quartile_3"]
        table = [
            [row[0].isoformat() if self.calendar else row[0], *([shown(row[1])] if by else []),
             row[2], *(round(value, 4) for value in row[3:6])]
            for row in rows
        ]  # fmt: skip
        spec = whole_spec(title, subtitle, says, self._view(rows))
        return Picture(KIND, title, says, spec, columns, table)

    @property
    def _banded(self) -> bool:
        return len(self.group.labels) <= _BANDS

    def _ends(self, rows: list[list[Any]]) -> list[Ends]:
        """Return each group at its first and last time, and those who were measured at both."""
        mine = {label: [row for row in rows if row[1] == label] for label in self.group.labels}
        mine = {label: found for label, found in mine.items() if found}
        both = self._at_both({label: (found[0][0], found[-1][0]) for label, found in mine.items()
                              if len(found) > 1})  # fmt: skip
        return [
            Ends(shown(label), found[0][7], found[-1][7] if len(found) > 1 else 0,
                 *_placed(found, both.get(label, (0, None, None))))
            for label, found in mine.items()
        ]  # fmt: skip

    def _at_both(self, ends: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, ...]]:
        """Return by group how many were measured at both times, and their middle at each."""
        kind = "DATE" if self.calendar else "INT"
        rows = self.source.select(
            f"WITH v AS (SELECT {self._time} AS t, label, person_id, value "  # noqa: S608
            f"FROM ({self._values})), ends AS (SELECT unnest(?::VARCHAR[]) AS label, "
            f"unnest(?::{kind}[]) AS first, unnest(?::{kind}[]) AS last), "
            "o AS (SELECT * FROM v JOIN ends USING (label) WHERE t IN (first, last)), "
            "p AS (SELECT label, person_id FROM o GROUP BY ALL HAVING count(DISTINCT t) = 2) "
            f"SELECT label, count(DISTINCT person_id), {self._middle} FILTER (t = first), "
            f"{self._middle} FILTER (t = last) FROM o SEMI JOIN p USING (label, person_id) "
            "GROUP BY label",
            *self._given, list(ends), [one[0] for one in ends.values()],
            [one[1] for one in ends.values()],
        ) if ends else []  # fmt: skip
        return {label: tuple(found) for label, *found in rows}

    def _view(self, rows: list[list[Any]]) -> dict[str, Any]:
        values = self._marks(rows)
        numbered = self.group.labels[:_NUMBERED]
        below = _LINE * len(numbered)
        x: dict[str, Any]
        if self.calendar:
            x = {"field": "t", "type": "temporal", "scale": {"type": "utc"}, "title": None,
                 "axis": {"format": "%b %Y", "grid": False, "labelFlush": True}}  # fmt: skip
        else:
            x = {"field": "t", "type": "quantitative", "title": f"{self.unit}s since {self.since}",
                 "axis": {"tickMinStep": 1, "grid": False, "titlePadding": 8 + below},
                 "scale": {"nice": False, "padding": 6}}  # fmt: skip
        y = {"type": "quantitative", "title": self.measure.unit_name or self.measure.name,
             "scale": {"zero": False}}  # fmt: skip
        y |= {"axis": {"tickCount": 6}}
        order = [shown(label) for label in self.group.labels]
        color = {"color": {"field": "group", "type": "nominal", "sort": order}}
        shape = {"shape": {"field": "group", "type": "nominal", "sort": order, "legend": None}}
        grouped = bool(self.group.name)
        band = {"mark": {"type": "area", "opacity": 0.18, "line": False},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}}}  # fmt: skip
        middle = {"y": {"field": "middle", **y}}
        return {
            "data": {"values": values},
            "height": _HEIGHT,
            "layer": [
                *([band] if self._banded else []),
                *self._lines(values, middle),
                *self._points(middle | (shape if grouped else {})),
                *self._numbers(numbered),
            ],
            "encoding": {"x": x} | (color if grouped else {}),
        }  # fmt: skip

    @staticmethod
    def _any_thin(rows: list[list[Any]]) -> bool:
        fullest = _fullest(rows)
        return any(row[2] < _THIN * fullest[row[1]] for row in rows)

    def _marks(self, rows: list[list[Any]]) -> list[dict[str, Any]]:
        fullest = _fullest(rows)
        numbered = _spread(sorted({row[0] for row in rows}))
        return [
            {"t": row[0].isoformat() if self.calendar else row[6] / self.days,
             "group": shown(row[1]), "middle": row[3], "low": row[4], "high": row[5],
             "n": f"{row[2]:,}" if row[0] in numbered else "",
             "size": round(25 + 75 * row[2] / fullest[row[1]]),
             "thin": row[2] < _THIN * fullest[row[1]]}
            for row in rows
        ]  # fmt: skip

    @staticmethod
    def _lines(values: list[dict[str, Any]], middle: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return a line through the full points; to hollow ones, of others, it is dashed."""
        full = {"mark": {"type": "line"}, "encoding": middle,
                "transform": [{"filter": "!datum.thin"}]}  # fmt: skip
        if not any(value["thin"] for value in values):
            return [full]
        thin = {"type": "line", "strokeDash": [3, 4], "strokeWidth": 1}
        return [{"mark": thin, "encoding": middle}, full]

    @staticmethod
    def _points(encoding: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return a layer of full points, and one of hollow ones, of times with few values."""
        size = {"size": {"field": "size", "type": "quantitative", "scale": None, "legend": None}}
        return [
            {"transform": [{"filter": keep}], "mark": {"type": "point", **look},
             "encoding": {**encoding, **size}}
            for keep, look in (("!datum.thin", {}), ("datum.thin", {"filled": False}))
        ]  # fmt: skip

    def _numbers(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """Return a line of text for each group under the axis: how many values each time has."""
        return [
            {"transform": [{"filter": {"field": "group", "equal": shown(label)}}],
             "mark": {"type": "text", "baseline": "top"},
             "encoding": {"y": {"value": _HEIGHT + 24 + _LINE * place}, "text": {"field": "n"}}}
            for place, label in enumerate(labels)
        ]  # fmt: skip


def _fullest(rows: list[list[Any]]) -> dict[str, int]:
    """Return the number of values of each group's fullest time."""
    return {label: max(row[2] for row in rows if row[1] == label)
            for label in {row[1] for row in rows}}  # fmt: skip


def _placed(found: list[list[Any]], both: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what `Ends` takes after its numbers of people at each end."""
    number, before, after = both
    return number, found[0][3], found[-1][3], before, after


def _spread(times: Sequence[Any]) -> set[Any]:
    """Return times that have their number written: the ends, and others evenly between."""
    parts = min(_NUMBERS, len(times)) - 1
    return {times[round(part * (len(times) - 1) / max(1, parts))] for part in range(parts + 1)}
