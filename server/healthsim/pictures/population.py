"""Who is there: people by sex and age."""

from __future__ import annotations

from typing import Any

from healthsim.pictures.grouping import grouping, shown
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.words import people, percent

KIND = "population_pyramid"

_BAND, _TOP = 5, 85  # years of a band; from 85 on there is one


def population_pyramid(source: Source, by: str = "") -> Picture:
    """Draw people by sex and bands of five years of age, on the first day of the data.

    Args:
        source: the scenario.
        by: what the bars are divided by, such as plan; empty for sex alone.

    Raises:
        NothingToDraw: there is nobody, or no table of people.
        NotFound: nothing is called `by`.
    """
    group = grouping(source, by)
    counted = source.select(
        f"WITH g AS ({group.sql}) SELECT gender, CASE WHEN {source.age_sql} < 0 THEN -1 "  # noqa: S608
        f"ELSE least({_TOP}, {source.age_sql} // {_BAND} * {_BAND}) END AS band, label, count(*) "
        f"FROM {source.people} JOIN g USING (person_id) WHERE gender IN ('F', 'M') GROUP BY ALL",
        *group.values,
    )
    total = sum(row[-1] for row in counted)
    if not total:
        raise NothingToDraw(source.name, "has nobody to draw", "make a scenario with people first")
    bands, found = _bands(counted), {row[:3]: row[3] for row in counted}
    rows = [
        [_label(band), *([shown(label)] if group.name else []),
         found.get(("F", band, label), 0), found.get(("M", band, label), 0)]
        for band in bands for label in group.labels
    ]  # fmt: skip
    female = sum(row[-2] for row in rows)
    middle = source.select(f"SELECT median({source.age_sql}) FROM {source.people} "  # noqa: S608
                           f"WHERE {source.age_sql} >= 0")[0][0]  # fmt: skip
    median = "" if middle is None else f", median age {middle:.0f}"
    title = f"{people(total)}: {percent(female, total)} female{median}"
    sizes = {band: sum(row[3] for row in counted if row[1] == band) for band in bands}
    largest = max(bands, key=lambda band: sizes[band])
    says = (f"Of {people(total)}, {female:,} are female and {total - female:,} male{median}; the "
            f"largest band is {_label(largest)} with {people(sizes[largest])}.")  # fmt: skip
    others = source.select(
        f"SELECT count(*) FROM {source.people} WHERE gender NOT IN ('F', 'M')"  # noqa: S608
    )[0][0]
    if others:
        says += f" Not drawn: {people(others)} whose gender is other or unknown."
    columns = ["age", *([group.name] if group.name else []), "female", "male"]
    subtitle = f"Age in years on {source.as_of}" if source.as_of else "Age in years"
    view = _view([_label(band) for band in bands], rows, group.name)
    return Picture(KIND, title, says, whole_spec(title, subtitle, says, view), columns, rows)


def _view(labels: list[str], rows: list[list[Any]], by: str) -> dict[str, Any]:
    values = [
        {"age": row[0], "sex": sex, "group": row[1] if by else sex, "people": number,
         "side": -number if sex == "female" else number}
        for row in rows for sex, number in (("female", row[-2]), ("male", row[-1]))
    ]  # fmt: skip
    sums: dict[tuple[str, str], int] = {}
    for value in values:
        key = value["age"], value["sex"]
        sums[key] = sums.get(key, 0) + value["people"]
    most = max(sums.values())
    order = list(dict.fromkeys(row[1] for row in rows)) if by else ["female", "male"]
    side = {"field": "side", "type": "quantitative",
            "title": "number of people: female to the left, male to the right",
            "scale": {"domain": [-most, most], "nice": True},
            "axis": {"labelExpr": "format(abs(datum.value), ',')", "tickCount": 5}}  # fmt: skip
    return {
        "data": {"values": values},
        "height": {"step": 20},
        "layer": [
            {"mark": {"type": "bar"}, "encoding": {
                "x": side, "color": {"field": "group", "type": "nominal", "sort": order}}},
            {"mark": {"type": "rule"}, "encoding": {"x": {"datum": 0}}},
        ],
        "encoding": {"y": {"field": "age", "type": "ordinal", "sort": labels[::-1], "title": None}},
    }  # fmt: skip


def _bands(counted: list[tuple[Any, ...]]) -> list[int]:
    """Return bands from the youngest to the oldest, empty ones between too; -1: born later."""
    bands = sorted({row[1] for row in counted})
    first = next((band for band in bands if band >= 0), _TOP)
    return [-1] * (-1 in bands) + list(range(first, bands[-1] + 1, _BAND))


def _label(band: int) -> str:
    if band < 0:
        return "born later"
    return f"{band}+" if band == _TOP else f"{band}–{band + _BAND - 1}"
