"""What care costs, by month: the plan's part and the member's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from healthsim.errors import NotFound, near
from healthsim.pictures.grouping import grouping, shown
from healthsim.pictures.periods import Period, day_name, periods, said, shortest
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.words import short, usd

KIND = "cost_by_month"

_PARTS = ("medical, plan", "medical, member", "pharmacy, plan", "pharmacy, member")
_LIGHTER = "lighter: "
_MONEY = (
    "abs(datum.value) < 1000 ? format(datum.value, ',~f') : "
    "replace(format(datum.value, '~s'), 'G', 'B')"
)
_MOST = 60  # bars; beyond, months become quarters, then years
_MEDICAL = (
    "SELECT date_trunc('{step}', from_date)::DATE AS day, person_id, 'medical' AS line, "
    "plan_paid_usd AS plan, deductible_usd + coinsurance_usd + copay_usd AS member FROM claims"
)
_PHARMACY = (
    "SELECT date_trunc('{step}', fill_date)::DATE AS day, person_id, 'pharmacy' AS line, "
    "plan_paid_usd AS plan, deductible_usd + copay_usd AS member FROM fills WHERE status = 'paid'"
)


def cost_by_month(source: Source, by: str = "") -> Picture:
    """Draw what plans and members paid by month of service, for care and for drugs.

    Args:
        source: the scenario.
        by: plan, line (medical or pharmacy), sex, age or another group; empty for who paid what.

    Raises:
        NothingToDraw: there are no claims and no fills.
        NotFound: nothing is called `by`.
    """
    first, last, care = _days(source)
    step = shortest(first, last, _MOST)
    shown_periods = periods(step, first, last)
    paid = f"SELECT * FROM ({_paid(source, step)})"  # noqa: S608  of texts of this module
    if by.strip().lower() in ("", "month", "line", "payer"):
        rows = source.select(f"SELECT day, line, sum(plan), sum(member) FROM ({paid}) "  # noqa: S608
                             "GROUP BY ALL ORDER BY ALL")  # fmt: skip
        name, parts = "line", _by_line if by.strip().lower() == "line" else _by_payer
    else:
        group = _group(source, by)
        rows = source.select(
            f"WITH g AS ({group.sql}) SELECT day, coalesce(label, 'none'), sum(plan), "  # noqa: S608
            f"sum(member) FROM ({paid}) LEFT JOIN g USING (person_id) GROUP BY ALL ORDER BY ALL",
            *group.values,
        )
        name, parts = group.name, _by_line
    later = _later(care, shown_periods)
    return _picture(rows, name, step, parts, shown_periods, later)


def _group(source: Source, by: str) -> Any:
    try:
        return grouping(source, by)
    except NotFound as error:
        known = near(short(by, 40), ["line", "plan", "sex", "age", "arm"])
        raise NotFound("by", error.problem.found, known) from None


def _paid(source: Source, step: str) -> str:
    parts = [sql.format(step=step) for table, sql in (("claims", _MEDICAL), ("fills", _PHARMACY))
             if table in source.tables]  # fmt: skip
    if not parts:
        raise NothingToDraw(source.name, "has no claims and no fills, so nothing was paid",
                            "make it with membersim or rxmembersim among its products")  # fmt: skip
    return " UNION ALL BY NAME ".join(parts)


def _days(source: Source) -> tuple[date, date, date | None]:
    """Return the first and the last day that have bars, and the last day of care."""
    first, last, care = source.select(
        "SELECT min(day), max(day), max(day) FILTER (line = 'medical') "  # noqa: S608
        f"FROM ({_paid(source, 'day')})"
    )[0]
    if first is None:
        raise NothingToDraw(source.name, "has no claim and no fill that was paid",
                            "draw another kind, or add care to the journey")  # fmt: skip
    return min(first, source.as_of or first), max(last, source.last_day or last), care


def _later(care: date | None, drawn: Sequence[Period]) -> str:
    """Say that the last bars are of drugs alone; empty where they are not."""
    if care is None or care >= drawn[-1].begins:
        return ""
    return (
        f"the last care is on {day_name(care)}, and what is later are drugs that are still filled"
    )


def _by_payer(line: str, plan: Decimal, member: Decimal) -> list[tuple[str, Decimal]]:
    return [(f"{line}, plan", plan), (f"{line}, member", member)]


def _by_line(line: str, plan: Decimal, member: Decimal) -> list[tuple[str, Decimal]]:
    return [(line, plan + member)]


def _picture(
    rows: list[tuple[Any, ...]], name: str, step: str, parts: Any, drawn: Sequence[Period],
    later: str,
) -> Picture:  # fmt: skip
    plan, member = sum(row[2] for row in rows), sum(row[3] for row in rows)
    total, by_day = plan + member, _sums(rows)
    highest = max(by_day, key=lambda day: by_day[day])
    when = next((one.name for one in drawn if one.begins == highest), str(highest))
    title = f"{usd(float(total))} in all, of which members paid {usd(float(member))}"
    cut = said(drawn)
    says = (f"Plans paid {usd(float(plan))} and members {usd(float(member))}; the highest is "
            f"{when} with {usd(float(by_day[highest]))}{f'; {later}' if later else ''}"
            f"{f'; {cut.removeprefix(_LIGHTER)}' if cut else ''}.")  # fmt: skip
    table = [[day.isoformat(), shown(line), f"{plan:.2f}", f"{member:.2f}"]
             for day, line, plan, member in rows]  # fmt: skip
    columns = [step, name, "plan_paid_usd", "member_paid_usd"]
    subtitle = "; ".join(filter(None, (f"By {step} of service; what the plan and the member paid",
                                       later, cut)))  # fmt: skip
    view = _view(rows, step, parts, drawn)
    return Picture(KIND, title, says, whole_spec(title, subtitle, says, view), columns, table)


def _view(
    rows: list[tuple[Any, ...]], step: str, parts: Any, drawn: Sequence[Period]
) -> dict[str, Any]:
    values, order = _bars(rows, parts, {one.begins: one for one in drawn})
    sums = _sums(rows)
    money = {"type": "quantitative", "title": f"USD a {step}", "axis": {"labelExpr": _MONEY}}
    bar = {
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "usd", "stack": True, **money},
            "color": {"field": "part", "type": "nominal", "sort": order},
            "order": {"field": "place", "type": "quantitative"},
            "opacity": {"condition": {"test": "datum.partial", "value": 0.45}, "value": 1},
        },
    }  # fmt: skip
    notes = [
        {"data": {"values": [{"when": one.label, "usd": float(sums.get(one.begins, 0)),
                              "note": one.part}]},
         "mark": {"type": "text", "dy": -8, "align": align, "xOffset": offset},
         "encoding": {"y": {"field": "usd", **money}, "text": {"field": "note"}}}
        for one in drawn if one.part
        for align, offset in [("left", -20) if one is drawn[0] else ("right", 20)]
    ]  # fmt: skip
    return {
        "data": {"values": values},
        "height": 280,
        "layer": [bar, *notes],
        "encoding": {"x": {"field": "when", "type": "ordinal", "title": None,
                           "scale": {"domain": [one.label for one in drawn]},
                           "axis": {"labelAngle": 0, "grid": False}}},
    }  # fmt: skip


def _bars(
    rows: list[tuple[Any, ...]], parts: Any, drawn: Mapping[date, Period]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the bars, and the order of their parts: those that are nowhere paid are left out."""
    values: list[dict[str, Any]] = [
        {"when": drawn[day].label, "part": shown(part), "usd": float(amount),
         "partial": bool(drawn[day].part)}
        for day, line, plan, member in rows for part, amount in parts(line, plan, member)
    ]  # fmt: skip
    sizes: dict[str, float] = {}
    for value in values:
        sizes[value["part"]] = sizes.get(value["part"], 0.0) + value["usd"]
    paid = {part: size for part, size in sizes.items() if size} or sizes
    order = [part for part in _PARTS if part in paid]
    order = order or sorted(paid, key=lambda part: -paid[part])
    kept = [value | {"place": order.index(value["part"])} for value in values
            if value["part"] in paid]  # fmt: skip
    return kept, order


def _sums(rows: list[tuple[Any, ...]]) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = {}
    for day, _, plan, member in rows:
        sums[day] = sums.get(day, Decimal(0)) + plan + member
    return sums
