# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of pharmacies: controlled substances, refills too soon, courses that end."""

from __future__ import annotations

import json
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.audit.temporary import make_tables
from healthsim.billing.pharmacy.channels import specialty_share
from healthsim.billing.pharmacy.dispensing import (
    LONG_SUPPLY,
    PHARMACY_RULES,
    PharmacyRule,
    course_of,
    schedules,
    used_shares,
)
from healthsim.billing.pharmacy.product_selection import substitutable_since
from healthsim.codes.drugs import drugs

_MEND = (
    "make the scenario again from its specifications, or switch the rule off: "
    'pharmacy: {"without": [its name]}'
)
_SCHEMA = pa.schema({
    "drug": pa.string(), "schedule": pa.string(), "most_refills": pa.int32(),
    "valid_days": pa.int32(), "most_days": pa.int32(), "specialty": pa.bool_(),
    "substitutable_since": pa.date32(),
})  # fmt: skip


def lay_out_pharmacy(connection: duckdb.DuckDBPyConnection, profile: str) -> None:
    """Make the temporary tables that rules of pharmacies read.

    ``pharmacy_rules (rule)``: those that hold; ``dispensing_limits (drug, schedule, most_refills,
    valid_days, most_days, specialty, substitutable_since)``: what is allowed of each medicine, null
    where nothing is.

    Args:
        connection: an open file.
        profile: the profile of its manifest, JSON.
    """
    kept = pa.table({"rule": pa.array(list(_kept(profile)), pa.string())})
    make_tables(connection, {"pharmacy_rules": kept, "dispensing_limits": _limits()})


def _kept(profile: str) -> Iterable[PharmacyRule]:
    """Return the rules that a stored profile keeps."""
    choice = json.loads(profile).get("pharmacy", "usual")
    if choice == "none":
        return ()
    without = choice.get("without", ()) if isinstance(choice, dict) else ()
    return tuple(rule for rule in PHARMACY_RULES if rule not in without)


def _limits() -> pa.Table:
    rows = []
    for drug in drugs().rows.values():
        schedule = schedules().get(drug.dea_schedule)
        refills = None if schedule is None else schedule.most_refills
        days = None if schedule is None else schedule.valid_days
        rows.append((
            drug.display, drug.dea_schedule, refills, days, course_of(drug).most_days,
            specialty_share(drug) > 0, substitutable_since(drug.display),
        ))  # fmt: skip
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(list(column), field.type) for column, field in zip(columns, _SCHEMA, strict=True)
    ]
    return pa.table(arrays, schema=_SCHEMA)


def _holds(rule: PharmacyRule) -> str:
    return f"EXISTS (SELECT 1 FROM pharmacy_rules WHERE rule = '{rule}')"


_NEW = ("fills.reversed_cost_usd",)  # files of older engines have neither the column nor the rules
_CHANNEL = ("fills.channel",)
_CHARGE = ("fills.usual_and_customary_usd",)
_COST = "(f.ingredient_cost_usd + f.dispensing_fee_usd + f.reversed_cost_usd)"
_FILL = "concat('fill_id ', f.fill_id)"
_LEAST = min(used_shares().values())
_DISPENSED = (
    "SELECT f.*, r.drug FROM fills AS f JOIN prescriptions AS r USING (prescription_id) "
    "WHERE f.status = 'paid'"
)
_BEFORE = (  # what was dispensed before, and the supply that the last fill added
    "SELECT *, sum(days_supply) OVER own - days_supply AS before, "
    "lag(days_supply) OVER own AS last_supply "
    f"FROM ({_DISPENSED}) WINDOW own AS (PARTITION BY person_id, drug ORDER BY fill_date, fill_id)"
)
_RUNS_OUT = (  # the day on which all that was dispensed before is used up
    "SELECT *, max(fill_date - DATE '2000-01-01' - before) OVER (PARTITION BY person_id, drug "
    "ORDER BY fill_date, fill_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + before "
    f"AS runs_out FROM ({_BEFORE})"
)

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a brand that could be substituted says why it is dispensed", "fills.daw",
        ("fills", "prescriptions", "plans"),
        f"SELECT {_FILL} FROM fills AS f JOIN prescriptions AS r USING (prescription_id) "
        "JOIN dispensing_limits AS d USING (drug) WHERE (f.daw = '0') "
        "= coalesce(f.fill_date >= d.substitutable_since, false)",
        _MEND, columns=("plans.nominal_copays",),
    ),
    AuditRule(
        "schedule II is not refilled", "fills.fill_number", ("fills", "prescriptions"),
        f"SELECT {_FILL} FROM fills AS f JOIN prescriptions AS r USING (prescription_id) "
        "JOIN dispensing_limits AS d USING (drug) WHERE d.schedule = '2' "
        f"AND (f.fill_number > 0 OR r.refills > 0) AND {_holds('controlled_substances')}",
        _MEND, columns=_NEW,
    ),
    AuditRule(
        "controlled substances are refilled as law allows", "fills.fill_number",
        ("fills", "prescriptions"),
        f"SELECT {_FILL} FROM fills AS f JOIN prescriptions AS r USING (prescription_id) "
        "JOIN dispensing_limits AS d USING (drug) WHERE (f.fill_number > d.most_refills "
        "OR f.fill_date > f.written_date + d.valid_days) "
        f"AND {_holds('controlled_substances')}",
        _MEND, columns=_NEW,
    ),
    AuditRule(
        "no refill too soon", "fills.fill_date", ("fills", "prescriptions"),
        f"SELECT {_FILL} FROM ({_RUNS_OUT}) AS f WHERE f.fill_date - DATE '2000-01-01' "
        f"< f.runs_out - {1 - _LEAST:g} * f.last_supply AND {_holds('refill_too_soon')}",
        _MEND, columns=_NEW,
    ),
    AuditRule(
        "what is taken in courses ends", "prescriptions.days_supply", ("fills", "prescriptions"),
        "SELECT concat('prescription_id ', r.prescription_id) FROM prescriptions AS r "
        "JOIN dispensing_limits AS d USING (drug) WHERE r.event_id IS NULL "
        f"AND r.days_supply * (r.refills + 1) > d.most_days AND {_holds('course_lengths')}",
        _MEND, columns=_NEW,
    ),
    AuditRule(
        "a channel is the pharmacy's", "fills.channel", ("fills", "pharmacies"),
        f"SELECT {_FILL} FROM fills AS f JOIN pharmacies AS s ON s.npi = f.pharmacy_npi "
        "WHERE f.channel IS DISTINCT FROM CASE WHEN s.specialty THEN 'specialty' "
        "WHEN s.mail_order THEN 'mail' ELSE 'retail' END",
        columns=_CHANNEL,
    ),
    AuditRule(
        "mail sends long supplies, specialty pharmacies dear drugs", "fills.channel",
        ("fills", "prescriptions"),
        f"SELECT {_FILL} FROM fills AS f JOIN prescriptions AS r USING (prescription_id) "
        f"JOIN dispensing_limits AS d USING (drug) WHERE f.channel = 'mail' "
        f"AND f.days_supply < {LONG_SUPPLY} OR f.channel = 'specialty' AND NOT d.specialty",
        columns=_CHANNEL,
    ),
    AuditRule(
        "no fill costs more than the usual charge", "fills.usual_and_customary_usd", ("fills",),
        f"SELECT {_FILL} FROM fills AS f WHERE {_COST} > usual_and_customary_usd "
        f"OR (reimbursement_basis = '4' AND status IN ('paid', 'reversed') "
        f"AND {_COST} <> usual_and_customary_usd)",
        columns=_CHARGE,
    ),
    AuditRule(
        "a product has one price in a month", "fills.ingredient_cost_usd", ("fills",),
        "SELECT concat('ndc ', f.ndc) FROM fills AS f WHERE f.status = 'paid' "
        "AND f.reimbursement_basis <> '4' GROUP BY f.ndc, f.channel, date_trunc('month', "
        "f.fill_date) HAVING max((f.ingredient_cost_usd::DOUBLE - 0.00501) / f.quantity) "
        "> min((f.ingredient_cost_usd::DOUBLE + 0.00501) / f.quantity)",
        columns=_CHARGE,
    ),
)  # fmt: skip
"""Rules of fills; `lay_out_pharmacy` makes what they read."""
