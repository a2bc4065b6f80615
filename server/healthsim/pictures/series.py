"""A result over time: the middle value and the middle half of people, by group."""

from __future__ import annotations

from typing import Any

from healthsim.errors import NotFound
from healthsim.pictures.grouping import Grouping, grouping, shown
from healthsim.pictures.index_day import index_days
from healthsim.pictures.measures import Measure, measure_named
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.words import counted, figure

KIND = "series"

_CALENDAR = ("calendar", "month")
_STATISTICS = ("mean", "median")
_UNITS = (("year", 365.25), ("quarter", 91.3125), ("month", 30.4375), ("week", 7.0))
_ROOM = 1.2  # a unit may be so much longer than the time between two values of one person
_MOST_TIMES = 120
_FEW = 0.02  # of the values of the fullest time; a time with fewer is left out
_BANDS = 3  # groups whose middle halves can be seen through each other


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
        time = (f"date_trunc('{self.unit}', day)::DATE" if self.calendar
                else f"round(days / {self.days})::INT")  # fmt: skip
        middle = "avg(value)" if self.mean else "median(value)"
        found = self.source.select(
            f"SELECT * FROM (SELECT {time} AS t, label, count(*) AS n, {middle}, "  # noqa: S608
            "quantile_cont(value, 0.25), quantile_cont(value, 0.75), avg(days) "
            f"FROM ({self._values}) GROUP BY ALL) QUALIFY n >= {_FEW} * max(n) OVER (PARTITION BY "
            "label) ORDER BY t, label LIMIT 2000",
            *self._given,
        )
        return [list(row) for row in found]

    def picture(self, rows: list[list[Any]]) -> Picture:
        """Return the picture of the rows."""
        measure, name = self.measure, "mean" if self.mean else "median"
        changes = [self._change(rows, label) for label in self.group.labels]
        told = [change for change in changes if change]
        unit = f", {measure.unit_name}" if measure.unit else ""
        title = f"{measure.name}{unit}: {'; '.join(told[:4])}"
        number = sum(row[2] for row in rows)
        since = "by month of the calendar" if self.calendar else f"since {self.since}"
        says = (f"The {name} of {measure.name} ({measure.loinc}){unit}, {since}, from first to "
                f"last: {'; '.join(told)}. {counted(number, 'value', 'values')}.")  # fmt: skip
        subtitle = (f"{name.capitalize()} {since}; the band is the middle half of values; "
                    f"{counted(number, 'value', 'values')}")  # fmt: skip
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

    def _change(self, rows: list[list[Any]], label: str) -> str:
        """Say a group's first and last value."""
        mine = [row for row in rows if row[1] == label]
        if not mine:
            return ""
        name = f" ({shown(label)})" if label else ""
        if len(mine) == 1:
            return f"{figure(mine[0][3])}{name}"
        return f"{figure(mine[0][3])} → {figure(mine[-1][3])}{name}"

    def _view(self, rows: list[list[Any]]) -> dict[str, Any]:
        values = [
            {"t": row[0].isoformat() if self.calendar else row[6] / self.days,
             "group": shown(row[1]), "middle": row[3], "low": row[4], "high": row[5]}
            for row in rows
        ]  # fmt: skip
        x: dict[str, Any]
        if self.calendar:
            x = {"field": "t", "type": "temporal", "scale": {"type": "utc"}, "title": None,
                 "axis": {"format": "%b %Y", "grid": False}}  # fmt: skip
        else:
            x = {"field": "t", "type": "quantitative", "title": f"{self.unit}s since {self.since}",
                 "axis": {"tickMinStep": 1, "grid": False},
                 "scale": {"nice": False, "padding": 6}}  # fmt: skip
        y = {"type": "quantitative", "title": self.measure.unit_name or self.measure.name,
             "scale": {"zero": False}}  # fmt: skip
        order = [shown(label) for label in self.group.labels]
        color = {"color": {"field": "group", "type": "nominal", "sort": order}}
        shape = {"shape": {"field": "group", "type": "nominal", "sort": order, "legend": None}}
        grouped = bool(self.group.name)
        band = {"mark": {"type": "area", "opacity": 0.18, "line": False},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}}}  # fmt: skip
        middle = {"y": {"field": "middle", **y}}
        return {
            "data": {"values": values},
            "height": 300,
            "layer": [
                *([band] if len(order) <= _BANDS else []),
                {"mark": {"type": "line"}, "encoding": middle},
                {"mark": {"type": "point"}, "encoding": middle | (shape if grouped else {})},
            ],
            "encoding": {"x": x} | (color if grouped else {}),
        }  # fmt: skip
