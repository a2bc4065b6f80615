"""What care costs, by month: the plan's part and the member's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from healthsim.errors import NotFound, near
from healthsim.pictures.grouping import grouping, shown
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.words import short, usd

KIND = "cost_by_month"

_PARTS = ("medical, plan", "medical, member", "pharmacy, plan", "pharmacy, member")
_MOST = 60  # bars; beyond, months become quarters, then years
_STEPS = ("month", "quarter", "year", "decade", "century")
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
    step = _step(source)
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
    return _picture(rows, name, step, parts)


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


def _step(source: Source) -> str:
    """Return the unit of time whose bars are not too many."""
    for step in _STEPS:
        number = source.select(f"SELECT count(DISTINCT day) FROM ({_paid(source, step)})")[0][0]  # noqa: S608
        if not number:
            raise NothingToDraw(source.name, "has no claim and no fill that was paid",
                                "draw another kind, or add care to the journey")  # fmt: skip
        if number <= _MOST:
            return step
    return _STEPS[-1]


def _by_payer(line: str, plan: Decimal, member: Decimal) -> list[tuple[str, Decimal]]:
    return [(f"{line}, plan", plan), (f"{line}, member", member)]


def _by_line(line: str, plan: Decimal, member: Decimal) -> list[tuple[str, Decimal]]:
    return [(line, plan + member)]


def _picture(rows: list[tuple[Any, ...]], name: str, step: str, parts: Any) -> Picture:
    values: list[dict[str, Any]] = [
        {"day": day.isoformat(), "part": shown(part), "usd": float(amount)}
        for day, line, plan, member in rows for part, amount in parts(line, plan, member)
    ]  # fmt: skip
    plan, member = sum(row[2] for row in rows), sum(row[3] for row in rows)
    total, by_day = plan + member, _sums(rows)
    highest = max(by_day, key=lambda day: by_day[day])
    title = f"{usd(float(total))} in all, of which members paid {usd(float(member))}"
    when = {"month": highest.strftime("%B %Y"), "year": str(highest.year)}.get(
        step, f"the quarter from {highest.strftime('%B %Y')}"
    )
    says = (f"Plans paid {usd(float(plan))} and members {usd(float(member))}; the highest is "
            f"{when} with {usd(float(by_day[highest]))}.")  # fmt: skip
    sizes: dict[str, float] = {}
    for value in values:
        sizes[value["part"]] = sizes.get(value["part"], 0.0) + value["usd"]
    order = [part for part in _PARTS if part in sizes]
    order = order or sorted(sizes, key=lambda part: -sizes[part])
    for value in values:
        value["place"] = order.index(value["part"])
    unit = {"month": "utcyearmonth", "quarter": "utcyearquarter"}.get(step, "utcyear")
    view = {
        "data": {"values": values},
        "height": 280,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "timeUnit": unit, "title": None,
                  "axis": {"format": "%b %Y" if step in _STEPS[:2] else "%Y", "grid": False}},
            "y": {"field": "usd", "type": "quantitative", "title": f"USD a {step}",
                  "axis": {"format": "~s"}},
            "color": {"field": "part", "type": "nominal", "sort": order},
            "order": {"field": "place", "type": "quantitative"},
        },
    }  # fmt: skip
    table = [[day.isoformat(), shown(line), f"{plan:.2f}", f"{member:.2f}"]
             for day, line, plan, member in rows]  # fmt: skip
    columns = [step, name, "plan_paid_usd", "member_paid_usd"]
    subtitle = f"By {step} of service; what the plan and the member paid"
    return Picture(KIND, title, says, whole_spec(title, subtitle, says, view), columns, table)


def _sums(rows: list[tuple[Any, ...]]) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = {}
    for day, _, plan, member in rows:
        sums[day] = sums.get(day, Decimal(0)) + plan + member
    return sums
