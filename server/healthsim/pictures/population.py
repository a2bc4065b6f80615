"""Who is there: people by sex and age."""

from __future__ import annotations

from typing import Any

from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source

KIND = "population_pyramid"

_BAND, _TOP = 5, 85  # years of a band; from 85 on there is one
_COLUMNS = ("age", "women", "men")


def population_pyramid(source: Source) -> Picture:
    """Draw people by sex and bands of five years of age, on the first day of the data.

    Raises:
        NothingToDraw: there is nobody, or no table of people.
    """
    counted = _counted(source)
    total = sum(count for *_, count in counted)
    if not total:
        raise NothingToDraw(source.name, "has nobody", "make a scenario with people first")
    rows = _rows(counted)
    women = sum(row[1] for row in rows)
    day = f"on {source.as_of}" if source.as_of else "at their first day"
    title = f"{total:,} {'person' if total == 1 else 'people'}: {_share(women, total)} women"
    largest = max(rows, key=lambda row: row[1] + row[2])
    says = (f"Of {total:,} people, {women:,} are women and {total - women:,} are men; the largest "
            f"band is {largest[0]} years with {largest[1] + largest[2]:,}.")  # fmt: skip
    values = [
        {"age": row[0], "sex": sex, "people": count, "side": -count if sex == "women" else count}
        for row in rows for sex, count in (("women", row[1]), ("men", row[2]))
    ]  # fmt: skip
    view = {
        "data": {"values": values},
        "height": {"step": 18},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": "age", "type": "ordinal", "sort": [row[0] for row in reversed(rows)],
                  "title": "age, years"},
            "x": {"field": "side", "type": "quantitative", "title": "people",
                  "axis": {"labelExpr": "format(abs(datum.value), ',')", "tickCount": 6}},
            "color": {"field": "sex", "type": "nominal", "sort": ["women", "men"]},
        },
    }  # fmt: skip
    return Picture(KIND, title, says, whole_spec(title, f"age {day}", says, view), _COLUMNS, rows)


def _counted(source: Source) -> list[tuple[str, int, int]]:
    """Return sex, first year of the band and people; -1 for those who are born later."""
    day = source.as_of.isoformat() if source.as_of else "9999-12-31"
    return source.select(
        "SELECT gender, CASE WHEN birth_date > d THEN -1 ELSE least(?, ? * ((year(d) "  # noqa: S608
        "- year(birth_date) - ((month(d), day(d)) < (month(birth_date), day(birth_date)))::INT) "
        f"// ?)) END AS band, count(*) FROM {source.people}, (SELECT ?::DATE AS d) "
        "GROUP BY ALL ORDER BY ALL",
        _TOP, _BAND, _BAND, day,
    )  # fmt: skip


def _rows(counted: list[tuple[str, int, int]]) -> list[list[Any]]:
    """Return one row for each band from the youngest to the oldest, empty ones between too."""
    found = {(sex, band): count for sex, band, count in counted}
    bands = sorted({band for _, band, _ in counted})
    first = next((band for band in bands if band >= 0), _TOP)
    listed = [-1] * (-1 in bands) + list(range(first, bands[-1] + 1, _BAND))
    return [[_label(band), found.get(("F", band), 0), found.get(("M", band), 0)]
            for band in listed]  # fmt: skip


def _label(band: int) -> str:
    if band < 0:
        return "born later"
    return f"{band}+" if band == _TOP else f"{band}–{band + _BAND - 1}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"
