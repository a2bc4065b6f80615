# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Edits of clinicians' claims: what a payer's own system would refuse (`billing/` has the data)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.audit.temporary import make_tables
from healthsim.billing.datafiles import rows
from healthsim.billing.professional.code_limits import place_limits
from healthsim.billing.professional.components import reading_codes
from healthsim.billing.professional.fee_schedule import physician_fees
from healthsim.billing.professional.multiple_procedures import reduced_codes
from healthsim.billing.professional.pairs import DISTINCT, most_units, pairs
from healthsim.billing.professional.places import split_places
from healthsim.billing.professional.vaccine_services import vaccine_services

MEND = (
    "state the service as the payer asks for it, or let bills follow from what happened; "
    'charge_capture: "none" in the profile says that bills are as stated'
)
_LINE = "concat('claim_id ', l.claim_id, ' line ', l.line)"
_USUAL = "SEMI JOIN usual_bills AS u ON u.form = c.form AND u.form = '837P'"
_LINES = f"FROM claim_lines AS l JOIN claims AS c USING (claim_id) {_USUAL}"
_BILLED = "(SELECT DISTINCT procedure FROM claim_lines)"  # a pattern is matched once to each
_NEEDS = ("claim_lines", "claims")
_DAY = "person_id, coalesce(c.rendering_npi, l.ordering_npi), l.service_date"
_DISTINCT = ", ".join(f"'{one}'" for one in sorted({*DISTINCT, "AS", "80", "82"}))
_PLACES = ", ".join(f"'{one}'" for one in sorted(split_places()))
_APART = "'59', '76', '77', '91'"
_MODIFIERS = "[l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4]"
_AGE = "datesub('month', p.birth_date, l.service_date) // 12"


def lay_out_edits(
    connection: duckdb.DuckDBPyConnection, choice: object, journeys: Iterable[str]
) -> None:
    """Make the temporary tables that edits read.

    ``usual_bills (form)``, empty where the profile leaves bills as stated; ``unit_limits (code,
    units, by_line)``, ``code_pairs (first, second, allowed)``, ``code_limits (pattern, sex,
    from_age, before_age)``, ``add_ons (code, pattern)``, ``split_tests (code, kind)`` and
    ``stated_units (code, units)``: units that a journey states, which stand whatever they are.

    Args:
        connection: an open file.
        choice: `charge_capture` of its profile.
        journeys: its journeys, JSON.
    """
    limits = most_units()
    tables: dict[str, dict[str, list[Any]]] = {
        "usual_bills": {"form": ["837P", "837I"] if choice != "none" else []},
        "unit_limits": {"code": list(limits), "units": [one.units for one in limits.values()],
                        "by_line": [one.by_line for one in limits.values()]},
        "code_pairs": {"first": [one for one, _ in pairs()], "second": [two for _, two in pairs()],
                       "allowed": list(pairs().values())},
        "code_limits": {
            name: [row[name] for row in rows("code_limits.csv")]
            for name in ("pattern", "sex", "from_age", "before_age")
        },
        "add_ons": {"code": [row["hcpcs"] for row in rows("add_on_codes.csv")],
                    "pattern": [row["primary_pattern"] for row in rows("add_on_codes.csv")]},
        "split_tests": {"code": [code for code, _ in _split()],
                        "kind": [kind for _, kind in _split()]},
        "stated_units": _stated_units(journeys),
    }  # fmt: skip
    make_tables(connection, {
        name: pa.table({key: pa.array(found, _type(key)) for key, found in columns.items()})
        for name, columns in tables.items()
    })  # fmt: skip


def _type(name: str) -> pa.DataType:
    kinds = {"units": pa.int32(), "by_line": pa.bool_(), "allowed": pa.bool_()}
    return kinds.get(name, pa.string())


def _split() -> list[tuple[str, str]]:
    """Return tests that split with a facility, and what clinicians never bill in one."""
    whole = [(code, "1") for (code, part), fee in physician_fees().items()
             if not part and fee.pctc == "1"]  # fmt: skip
    technical = [(code, "3") for (code, part), fee in physician_fees().items()
                 if not part and (fee.pctc in {"3", "5"} or code in reading_codes())]  # fmt: skip
    return [*whole, *technical]


def _stated_units(journeys: Iterable[str]) -> dict[str, list[Any]]:
    found = [pair for text in journeys for pair in _units(json.loads(text))]
    return {"code": [code for code, _ in found], "units": [units for _, units in found]}


def _units(part: object) -> Iterator[tuple[str, int]]:
    if isinstance(part, dict):
        if "code" in part and part.get("units") is not None:
            yield str(part["code"]), int(part["units"])
        for inner in part.values():
            yield from _units(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _units(inner)


def _listed(codes: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{code}'" for code in codes) + ")"


def _rule(what: str, column: str, sql: str, *needs: str) -> AuditRule:
    return AuditRule(f"billing edit: {what}", column, (*_NEEDS, *needs), sql, MEND)


_PART_D = ", ".join(f"'{code}'" for code, one in vaccine_services().items() if one.part_d)

_OF_PLACES = ", ".join(f"('{one.first}', '{one.last}', {list(one.places)})"
                       for one in place_limits())  # fmt: skip

RULES: tuple[AnyRule, ...] = (
    _rule("a test in a facility is its reading", "claim_lines.modifier_1",
          f"SELECT {_LINE} {_LINES} JOIN split_tests AS t ON t.code = l.procedure AND t.kind = '1' "
          f"WHERE l.pos IN ({_PLACES}) AND NOT coalesce(list_has_any({_MODIFIERS}, ['26', 'TC']), "
          "false)"),
    _rule("a facility's own part is on no clinician's claim", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} JOIN split_tests AS t ON t.code = l.procedure AND t.kind = '3' "
          f"WHERE l.pos IN ({_PLACES})"),
    _rule("a visit within a package is not charged", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} WHERE l.procedure = '99024'"),
    _rule("units are likely ones", "claim_lines.units",
          f"SELECT min({_LINE}) {_LINES} JOIN unit_limits AS m ON m.code = l.procedure "
          "ANTI JOIN stated_units AS s ON s.code = l.procedure AND s.units = l.units "
          "WHERE m.units > 0 AND NOT m.by_line AND NOT coalesce(list_has_any("
          f"{_MODIFIERS}, ['76', '77', '91', 'AS', '80']), false) "
          f"GROUP BY l.{_DAY}, l.procedure, m.units HAVING sum(l.units) > m.units"),
    _rule("no code stands beside one that has it in it", "claim_lines.procedure",
          f"SELECT {_LINE} FROM (SELECT l.*, c.rendering_npi {_LINES}) AS l "
          "JOIN code_pairs AS k ON k.second = l.procedure SEMI JOIN "
          f"(SELECT l.person_id, c.rendering_npi, l.service_date, l.procedure {_LINES}) AS o "
          "ON o.person_id = l.person_id AND o.rendering_npi = l.rendering_npi "
          "AND o.service_date = l.service_date AND o.procedure = k.first "
          f"WHERE NOT (k.allowed AND coalesce(list_has_any({_MODIFIERS}, [{_DISTINCT}]), false))"),
    _rule("an add-on stands beside its service", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} JOIN add_ons AS a ON a.code = l.procedure ANTI JOIN "
          f"(SELECT claim_id, b.code FROM claim_lines AS o JOIN (SELECT b.code, d.procedure FROM "
          f"add_ons AS b SEMI JOIN {_BILLED} AS e ON e.procedure = b.code JOIN {_BILLED} AS d "
          "ON regexp_full_match(d.procedure, b.pattern)) AS b ON b.procedure = o.procedure) AS f "
          "ON f.claim_id = l.claim_id AND f.code = l.procedure"),
    _rule("a code is of the person's sex and age", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} JOIN patients AS p ON p.person_id = l.person_id "
          f"JOIN (SELECT d.procedure, m.* FROM {_BILLED} AS d JOIN code_limits AS m "
          "ON regexp_full_match(d.procedure, m.pattern)) AS m ON m.procedure = l.procedure "
          "WHERE (m.sex <> '' AND m.sex <> p.gender) "
          f"OR {_AGE} < TRY_CAST(m.from_age AS INTEGER) "
          f"OR {_AGE} >= TRY_CAST(m.before_age AS INTEGER)", "patients"),
    _rule("a visit's code is of its place", "claim_lines.pos",
          f"SELECT {_LINE} {_LINES} JOIN (VALUES {_OF_PLACES}) AS m (first, last, places) "
          "ON length(l.procedure) = 5 AND l.procedure BETWEEN m.first AND m.last "
          "WHERE NOT list_contains(m.places, l.pos)"),
    _rule("51 stands on a second operation where the payer asks for it", "claim_lines.modifier_1",
          f"SELECT min({_LINE}) {_LINES} JOIN plans AS n USING (plan_id) "
          f"WHERE l.procedure IN {_listed(reduced_codes('2', '3'))} "
          "GROUP BY c.claim_id, l.service_date, n.kind HAVING count(*) FILTER "
          f"(coalesce(list_contains({_MODIFIERS}, '51'), false)) <> "
          "CASE WHEN n.kind LIKE 'medicare%' THEN 0 ELSE count(*) - 1 END", "plans"),
    _rule("a second operation of a day is paid by half", "claim_lines.allowed_usd",
          "SELECT min(line) FROM (SELECT c.claim_id, l.service_date, l.allowed_usd / l.charge_usd "
          f"AS paid, {_LINE} AS line, max(l.allowed_usd / l.charge_usd) OVER "
          f"(PARTITION BY c.claim_id, l.service_date) AS most {_LINES} "
          f"WHERE l.procedure IN {_listed(reduced_codes('2'))} AND l.units = 1 "
          "AND l.charge_usd > l.allowed_usd AND NOT EXISTS (SELECT 1 FROM claim_lines AS s "
          "WHERE s.claim_id = c.claim_id AND s.service_date = l.service_date AND s.procedure "
          f"IN {_listed(reduced_codes('3'))})) GROUP BY claim_id, service_date "
          "HAVING count(*) FILTER (paid > 0.75 * most) <> 1"),
    _rule("nothing is charged twice on a day", "claim_lines.procedure",
          f"SELECT min({_LINE}) {_LINES} WHERE l.procedure IS NOT NULL GROUP BY l.{_DAY}, "
          "l.procedure, l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4 "
          "HAVING count(*) > 1"),
    _rule("no service is paid twice", "claim_lines.procedure",
          f"SELECT min({_LINE}) FROM claim_lines AS l JOIN claims AS c USING (claim_id) "
          "SEMI JOIN usual_bills AS u ON u.form = c.form WHERE l.status = 'paid' "
          "AND l.procedure IS NOT NULL "
          f"AND NOT coalesce(list_has_any({_MODIFIERS}, [{_APART}]), false) "
          "GROUP BY c.form, l.person_id, coalesce(c.rendering_npi, c.facility_npi), "
          "l.service_date, l.procedure, l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4 "
          "HAVING count(*) > 1"),
    _rule("no vaccine of Part D is on a medical claim", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} JOIN plans AS n USING (plan_id) "
          f"WHERE n.kind LIKE 'medicare%' AND l.procedure IN ({_PART_D})", "plans"),
    _rule("a vaccine is given", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} WHERE l.procedure BETWEEN '90476' AND '90759' "
          f"AND l.pos NOT IN ({_PLACES}) AND NOT EXISTS "
          "(SELECT 1 FROM claim_lines AS g WHERE g.claim_id = l.claim_id AND (g.procedure "
          "BETWEEN '90460' AND '90474' OR g.procedure IN ('G0008', 'G0009', 'G0010')))"),
    _rule("a new patient was not seen in three years", "claim_lines.procedure",
          f"SELECT {_LINE} {_LINES} JOIN providers AS v ON v.npi = c.rendering_npi WHERE "
          "(l.procedure BETWEEN '99202' AND '99205' OR l.procedure BETWEEN '99381' AND '99387' "
          "OR l.procedure IN ('92002', '92004')) AND EXISTS (SELECT 1 FROM claims AS o "
          "JOIN providers AS w ON w.npi = o.rendering_npi WHERE o.person_id = c.person_id "
          "AND o.form = '837P' AND w.organisation_npi = v.organisation_npi "
          "AND w.specialty = v.specialty AND o.through_date < l.service_date "
          "AND o.through_date >= l.service_date - INTERVAL 3 YEAR)", "providers"),
)  # fmt: skip
"""Edits; `lay_out_edits` makes what they read."""
