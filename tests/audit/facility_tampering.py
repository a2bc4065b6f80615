"""One small change for each rule of facilities' bills."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_KNEE = "2744" + "7"
_PAID = (
    "allowed_usd = allowed_usd + 1, plan_paid_usd = plan_paid_usd + 1, "
    "contractual_usd = contractual_usd - 1"
)

_WITHIN = "what another line pays says so"
_PRODUCT = "an injected drug names its product"

OF_FACILITIES = (
    Tampering(("a facility's outpatient line has a code",),
              (one("claim_lines", "procedure = NULL", f"procedure = '{_KNEE}' AND pos IS NULL"),)),
    Tampering(("a facility's outpatient line has a code",),
              (one("claim_lines", "procedure = NULL", "procedure = '90999'"),)),
    Tampering(("a code stands on the form that bills it",),
              (one("claim_lines", "procedure = 'G0463'", "pos IS NOT NULL"),)),
    Tampering(("a code stands on the form that bills it",),
              (one("claim_lines", "procedure = '99213'", "procedure = 'G0463'"),)),
    Tampering(("a newborn's room is no operating room",),
              ("UPDATE claim_lines SET revenue_code = '0174' WHERE revenue_code = '0120'",
               one("claim_lines", "revenue_code = '0360'", "revenue_code = '0722'"))),
    Tampering(("a comprehensive operation pays its claim once", _WITHIN),
              (one("claim_lines", _PAID, "revenue_code = '0710'"),)),
    Tampering(("a month of dialysis is one claim", "a claim has the codes that its kind asks for"),
              ("INSERT INTO claims SELECT * REPLACE (claim_id + 1 AS claim_id) FROM claims "
               "WHERE bill_type = '721' LIMIT 1",)),
    Tampering(("a month of dialysis is one claim",),
              (one("claims", "through_date = through_date + 31", "bill_type = '721'"),)),
    Tampering(("a claim's indicators of admission are the stay's",),
              (one("claim_diagnoses", "poa = 'W'", "poa = 'Y'"),)),
    Tampering(("a claim's indicators of admission are the stay's",),
              (one("claim_diagnoses", "poa = 'Y'", "poa IS NULL"),)),
    Tampering(("thirty days of home health are one claim",),
              (one("claims", "through_date = from_date + 30", "bill_type = '329'"),)),
    Tampering(("thirty days of home health are one claim",),
              ("INSERT INTO claims SELECT * REPLACE (claim_id + 1 AS claim_id) FROM claims "
               "WHERE bill_type = '329' LIMIT 1",)),
    *(Tampering(("home health is paid by the period from four visits on", *also), (
        "UPDATE claim_lines SET " + change + " WHERE rowid = (SELECT min(l.rowid) FROM "
        "claim_lines AS l JOIN claims AS c USING (claim_id) WHERE c.bill_type = '329' "
        f"AND l.revenue_code = '{revenue}' AND {where})",))
      for change, revenue, where, also in (
          (_PAID, "0551", "l.allowed_usd = 0", (_WITHIN,)),
          ("charge_usd = 0, contractual_usd = 0", "0023", "l.charge_usd > 0", ()),
          ("charge_usd = 1", "0023", "l.charge_usd = 0", (_WITHIN,)))),
    Tampering(("each visit at home is on one claim",),
              ("DELETE FROM claim_lines WHERE rowid = (SELECT min(rowid) FROM claim_lines "
               "WHERE procedure = 'G0299')",)),
    Tampering(("each dialysis treatment is a line of one claim",),
              ("DELETE FROM claim_lines WHERE rowid = (SELECT max(rowid) FROM claim_lines "
               "WHERE procedure = '90999')",)),
    Tampering(("each dialysis treatment is a line of one claim",),
              ("INSERT INTO claim_lines SELECT * REPLACE (9 AS line) FROM claim_lines "
               "WHERE procedure = '90999' LIMIT 1",)),
    Tampering(("what OPPS packages is not paid", "a comprehensive operation pays its claim once",
               _WITHIN),
              (one("claim_lines", _PAID, "procedure = 'C1776'"),)),
    Tampering(("a facility's claim says how the person came",),
              (one("claims", "admit_type = NULL", "form = '837I'"),)),
    Tampering(("a facility's claim says how the person came",),
              (one("claims", "admit_source = '1'", "form = '837P'"),)),
    Tampering(("a facility's claim says how the person came",),
              (one("claims", "admit_type = '9'", "bill_type = '111'"),)),
    Tampering(("covered days are the nights of a stay",),
              (one("claims", "covered_days = covered_days + 1", "bill_type = '111'"),)),
    Tampering(("covered days are the nights of a stay",),
              (one("claim_codes", "amount = amount + 1", "code = '80'"),)),
    Tampering(("a claim has the codes that its kind asks for",),
              (one("claim_codes", "code = '73'", "code = '71'"),)),
    Tampering(("a claim has the codes that its kind asks for",),
              ("UPDATE claims SET admit_type = '4' WHERE bill_type = '111'",
               "UPDATE encounters SET admit_type = '4' WHERE encounter_class = 'inpatient'")),
    Tampering(("a single-dose drug says what was wasted",),
              (one("claim_lines", "modifier_1 = NULL", "modifier_1 = 'JZ'"),)),
    Tampering(("a single-dose drug says what was wasted", _PRODUCT),
              ("UPDATE claim_lines SET units = units + 1 WHERE modifier_1 = 'JW'",)),
    Tampering(("what another line pays says so",),
              (one("claim_adjustments", "carc = '45'", "carc = '97'"),)),
    Tampering(("what another line pays says so",),
              ("UPDATE claim_adjustments SET carc = '97' WHERE rowid = (SELECT min(a.rowid) FROM "
               "claim_adjustments AS a JOIN claim_lines AS l USING (claim_id, line) "
               "WHERE l.procedure = 'G0463' AND a.carc = '45')",)),
    Tampering(("rooms of a stay are its days",),
              (one("claim_lines", "units = units + 1", "revenue_code = '0120' AND claim_id IN "
                   "(SELECT claim_id FROM claims WHERE bill_type = '111')"),)),
    Tampering(("a stay lists a centre once a day",),
              ("INSERT INTO claim_lines SELECT * REPLACE (99 AS line) FROM claim_lines "
               "WHERE revenue_code = '0270' LIMIT 1",)),
    *(Tampering(("an injected drug names its product",),
                (one("claim_lines", change, "procedure = 'J2469'"),))
      for change in ("ndc = NULL", "ndc = '00006302602'", "ndc_unit = 'UN'", "ndc_quantity = 7",
                     "ndc_quantity = NULL")),
    Tampering(("an injected drug names its product",),
              (one("claim_lines", "ndc = '00006302602'", "procedure = 'G0463'"),)),
    Tampering(("care after a stay has one HIPPS code",),
              (one("claim_lines", "revenue_code = '0023'", "revenue_code = '0022'"),)),
    Tampering(("care after a stay has one HIPPS code",),
              (one("claim_lines", "procedure = NULL", "revenue_code = '0022'"),)),
)  # fmt: skip
