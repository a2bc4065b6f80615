# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of vaccines: ages and intervals that a dose must keep to count."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.vaccines import Dose, Length, doses, products

_ID = "concat('immunization_id ', i.immunization_id)"
_ANY = 0
"""In place of a dose's number: any dose of a series that does not number the product."""


def _intervals(rules: tuple[Dose, ...]) -> list[Length | None]:
    """Return the interval before each dose; of a first dose that is none, the last one."""
    known = [dose.least_interval for dose in rules if dose.least_interval is not None]
    return [dose.least_interval or (known[-1] if known else None) for dose in rules]


def _least(lengths: list[Length | None]) -> Length | None:
    known = [one for one in lengths if one is not None]
    return min(known, key=lambda one: one.days + 30 * one.months) if known else None


def _values(rows: list[tuple[object, ...]]) -> str:
    return ", ".join(f"({', '.join(map(repr, row))})" for row in rows)


def _ages() -> str:
    """Return rows of (cvx, dose, last dose, months and days of the least and the most age)."""
    rows: list[tuple[object, ...]] = []
    for cvx, product in products().items():
        rules = doses()[product.series[0]]
        for place, dose in enumerate(rules):
            most = dose.most_age or Length(0, 12 * 200)
            rows.append((cvx, place + 1, len(rules), dose.least_age.months, dose.least_age.days,
                         most.months, most.days))  # fmt: skip
    return _values(rows)


def _gaps() -> str:
    """Return rows of (series, dose or any, last dose, months and days of the interval)."""
    rows: list[tuple[object, ...]] = []
    for series, rules in doses().items():
        numbered = [(_ANY, _least(_intervals(rules))), *enumerate(_intervals(rules), 1)]
        rows += [(series, dose, len(rules), gap.months, gap.days)
                 for dose, gap in numbered if gap is not None]  # fmt: skip
    return _values(rows)


def _members() -> str:
    """Return rows of (cvx, series, whether the series numbers the product)."""
    return _values([
        (cvx, series, place == 0)
        for cvx, product in products().items()
        for place, series in enumerate(product.series)
    ])  # fmt: skip


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a dose that counts is not given too young or too old", "immunizations.given_date",
        ("immunizations", "patients"),
        f"SELECT {_ID} FROM immunizations AS i JOIN patients AS p USING (person_id) "
        f"JOIN (VALUES {_ages()}) AS r(cvx, dose, last, months, days, most_months, most_days) "
        "ON r.cvx = i.cvx AND r.dose = least(coalesce(i.dose, 1), r.last) WHERE i.valid AND ("
        "i.given_date < p.birth_date + to_months(r.months) + to_days(r.days) OR "
        "i.given_date >= p.birth_date + to_months(r.most_months) + to_days(r.most_days))",
        columns=("immunizations.valid",),
    ),
    AuditRule(
        "a dose that counts keeps its interval", "immunizations.given_date", ("immunizations",),
        "SELECT DISTINCT concat('immunization_id ', immunization_id) FROM (SELECT i.*, m.series, "
        "m.first, lag(i.given_date) OVER (PARTITION BY i.person_id, m.series "
        "ORDER BY i.given_date, i.immunization_id) AS before FROM immunizations AS i "
        f"JOIN (VALUES {_members()}) AS m(cvx, series, first) USING (cvx)) AS i "
        f"JOIN (VALUES {_gaps()}) AS r(series, dose, last, months, days) ON r.series = i.series "
        f"AND r.dose = CASE WHEN i.first THEN least(coalesce(i.dose, 1), r.last) ELSE {_ANY} END "
        "WHERE i.valid AND i.given_date < i.before + to_months(r.months) + to_days(r.days)",
        columns=("immunizations.valid",),
    ),
)  # fmt: skip
"""Rules of vaccines; a dose that a specification gives too early is not valid, and says so."""
