# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of safe drugs: nobody is given what a rule forbids, but where that is labelled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeAlias

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.audit.temporary import make_tables
from healthsim.codes.pregnancy import SUPERVISION
from healthsim.medicine.safety import SafetyBook, SafetyRule, safety_rules

MEND = (
    "make the scenario again from its specifications, or plant violations with "
    "safety.allow_violations, which labels them"
)
_Rows: TypeAlias = Callable[[SafetyRule], list[tuple[object, ...]]]
_RULES = pa.schema({"rule": pa.string(), "action": pa.string(), "kind": pa.string(),
                    "below": pa.float64(), "above": pa.float64(), "days": pa.int32()})  # fmt: skip
_ABOUT = pa.schema({"rule": pa.string(), "what": pa.string()})
_KEYS = pa.schema({"rule": pa.string(), "key": pa.string()})


def lay_out_safety(connection: duckdb.DuckDBPyConnection, profile: str) -> None:
    """Make the temporary tables that rules of safe drugs read.

    ``safety_rules (rule, action, kind, below, above, days)``, ``safety_about (rule, what)`` with
    medicines and HCPCS codes, ``safety_keys (rule, key)`` with LOINC codes, beginnings of
    ICD-10-CM codes, medicines or substances, and ``planted (person_id, rule, what, since)``: what
    a file labels as broken on purpose.

    Args:
        connection: an open file.
        profile: the profile of its manifest, JSON.
    """
    rules = book_of(profile).rules
    tables = {
        "safety_rules": _table(_RULES, rules, lambda one: [
            (one.name, one.action, one.kind, one.below, one.above, one.days)]),
        "safety_about": _table(_ABOUT, rules, lambda one: [
            (one.name, what) for what in sorted({*one.drugs, *one.procedures})]),
        "safety_keys": _table(_KEYS, rules, lambda one: [
            (one.name, key) for key in sorted({*_keys(one), *one.others})]),
    }  # fmt: skip
    make_tables(connection, tables)
    stored = connection.execute(
        "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'planted_violations' "
        "AND database_name = current_database()"
    ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW planted AS SELECT person_id, rule, coalesce(drug, procedure) "
        "AS what, since_date AS since FROM planted_violations"
        if stored[0][0]
        else "CREATE OR REPLACE TEMP TABLE planted (person_id BIGINT, rule VARCHAR, what VARCHAR, "
        "since DATE)"
    )


def book_of(profile: str) -> SafetyBook:
    """Return the rules that a stored profile keeps; none where it is older than the rules."""
    choice = json.loads(profile).get("safety", "none")
    if choice == "none":
        return SafetyBook()
    names = tuple(choice.get("without", ())) if isinstance(choice, dict) else ()
    return safety_rules().without(names)


def _keys(rule: SafetyRule) -> tuple[str, ...]:
    return SUPERVISION if rule.kind == "pregnancy" else rule.keys


def _table(schema: pa.Schema, rules: Iterable[SafetyRule], of: _Rows) -> pa.Table:
    rows = [row for rule in rules for row in of(rule)]
    columns = zip(*rows, strict=True) if rows else [() for _ in schema]
    arrays = [
        pa.array(list(column), field.type, from_pandas=True)  # NaN becomes null
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


_UNPLANTED = (
    " ANTI JOIN planted AS k ON k.person_id = x.person_id AND k.rule = x.rule "
    "AND k.what = x.what AND k.since <= x.day"
)
_FILLS = (
    "SELECT concat('fill_id ', f.fill_id) AS named, f.person_id, f.fill_date AS day, "
    "p.drug AS what, a.rule, r.below, r.above, r.days FROM fills AS f "
    "JOIN prescriptions AS p USING (prescription_id) JOIN safety_about AS a ON a.what = p.drug "
    "JOIN safety_rules AS r ON r.rule = a.rule AND r.action = 'stop' AND r.kind {kind} "
    "WHERE f.status = 'paid'"
)
_BEGUN = (
    "SELECT concat('prescription_id ', p.prescription_id) AS named, p.person_id, "
    "p.written_date AS day, p.drug AS what, a.rule, r.below, r.above, r.days "
    "FROM prescriptions AS p JOIN safety_about AS a ON a.what = p.drug "
    "JOIN safety_rules AS r ON r.rule = a.rule AND r.action IN ('stop', 'refuse') "
    "AND r.kind {kind} WHERE p.event_id IS NOT NULL"
)
_DONE = (
    "SELECT concat('procedure_id ', p.procedure_id) AS named, p.person_id, "
    "p.performed_date AS day, p.code AS what, a.rule, r.below, r.above, r.days "
    "FROM procedures AS p JOIN safety_about AS a ON a.what = p.code "
    "JOIN safety_rules AS r ON r.rule = a.rule AND r.kind {kind}"
)
_RESULTS = (
    " ASOF JOIN (SELECT person_id, k.rule, collected_at::DATE AS on_day, min(value) AS low, "
    "max(value) AS high FROM lab_results AS l JOIN safety_keys AS k ON k.key = l.loinc "
    "WHERE value IS NOT NULL GROUP BY ALL) AS l ON l.person_id = x.person_id "
    "AND l.rule = x.rule AND l.on_day {when} x.day"
)
_BAD_RESULT = " WHERE l.on_day >= x.day - x.days AND (l.high < x.below OR l.low > x.above)"
_CONDITIONS = (
    " JOIN safety_keys AS k USING (rule) JOIN conditions AS c ON c.person_id = x.person_id "
    "AND starts_with(c.code, k.key) AND c.onset_date {when} x.day "
    "AND x.day <= coalesce(c.abatement_date, DATE '9999-12-31')"
)
_BESIDE = (
    " JOIN safety_keys AS k USING (rule) JOIN prescriptions AS o ON o.person_id = x.person_id "
    "AND o.drug = k.key AND o.written_date {when} x.day "
    "AND x.day < coalesce(o.end_date, DATE '9999-12-31') AND x.day < o.written_date "
    "+ CASE WHEN o.event_id IS NULL THEN 365 ELSE o.days_supply * (o.refills + 1) END"
)
_ALLERGIC = (
    " JOIN safety_keys AS k USING (rule) JOIN allergies AS g ON g.person_id = x.person_id "
    "AND g.substance = k.key AND g.status = 'active' AND g.onset_date < x.day"
)
_AGED = (
    " JOIN patients AS b ON b.person_id = x.person_id "
    "WHERE datesub('month', b.birth_date, x.day) / 12 < x.below "
    "OR floor(datesub('month', b.birth_date, x.day) / 12) > x.above"
)
_OF_CONDITIONS = "IN ('condition', 'pregnancy')"


def _rule(
    name: str, where: str, needs: tuple[str, ...], rows: str, kind: str, found: str
) -> AuditRule:
    """Return a rule: which `rows` are about a `kind` of rule that is `found` to be broken."""
    broken = (
        "SELECT DISTINCT x.named, x.person_id, x.rule, x.what, x.day FROM "
        f"({rows.format(kind=kind)}) AS x{found}"
    )
    return AuditRule(
        name, where, needs, f"SELECT DISTINCT x.named FROM ({broken}) AS x{_UNPLANTED}", MEND
    )


_FILLED, _WRITTEN = ("fills", "prescriptions"), ("prescriptions",)

RULES: tuple[AnyRule, ...] = (
    _rule("no fill against a result", "fills.fill_date", (*_FILLED, "lab_results"), _FILLS,
          "= 'lab'", _RESULTS.format(when="<=") + _BAD_RESULT),
    _rule("no fill against a condition", "fills.fill_date", (*_FILLED, "conditions"), _FILLS,
          _OF_CONDITIONS, _CONDITIONS.format(when="<=")),
    _rule("no fill beside a drug that forbids it", "fills.fill_date", _FILLED, _FILLS, "= 'drug'",
          _BESIDE.format(when="<=")),
    _rule("nothing is begun against a result", "prescriptions.written_date",
          (*_WRITTEN, "lab_results"), _BEGUN, "= 'lab'", _RESULTS.format(when="<=") + _BAD_RESULT),
    _rule("nothing is begun against a condition", "prescriptions.written_date",
          (*_WRITTEN, "conditions"), _BEGUN, _OF_CONDITIONS, _CONDITIONS.format(when="<")),
    _rule("nothing is begun beside a drug that forbids it", "prescriptions.written_date", _WRITTEN,
          _BEGUN, "= 'drug'", _BESIDE.format(when="<")),
    _rule("nothing is begun at an age that forbids it", "prescriptions.written_date",
          (*_WRITTEN, "patients"), _BEGUN, "= 'age'", _AGED),
    _rule("nothing is begun against an allergy", "prescriptions.written_date",
          (*_WRITTEN, "allergies"), _BEGUN, "= 'allergy'", _ALLERGIC),
    _rule("no treatment against a result", "procedures.performed_date",
          ("procedures", "lab_results"), _DONE, "= 'lab'",
          _RESULTS.format(when="<=") + _BAD_RESULT),
    _rule("no treatment against a condition", "procedures.performed_date",
          ("procedures", "conditions"), _DONE, _OF_CONDITIONS, _CONDITIONS.format(when="<")),
    _rule("no treatment against an allergy", "procedures.performed_date",
          ("procedures", "allergies"), _DONE, "= 'allergy'", _ALLERGIC),
)  # fmt: skip
"""Rules of what is given; `lay_out_safety` makes what they read."""
