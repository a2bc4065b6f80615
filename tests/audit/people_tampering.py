"""One small change for each rule of who stands on a claim."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one
from execution.claim_people import KNEE

_ORDER = ("a test is ordered by who treats",)
_CUT = ("an operation names who operated",)
_OTHER = ("another at an operation is not the surgeon",)
_REFER = ("who refers is in primary care, and refers to somebody else",)
_THERAPY = ("a therapist's claim names who referred",)
_STAFF = ("an assistant has a supervisor",)
_CLIA = ("tests have a certificate",)
_LABORATORY = ("a laboratory bills its tests alone",)


def _billing(where: str) -> str:
    return f"claim_id IN (SELECT claim_id FROM claim_lines WHERE {where})"


_KNEE = f"procedure = '{KNEE}'"
_OF_KNEE = f"form = '837I' AND {_billing(_KNEE)}"
_STAY = "bill_type = '111' AND operating_npi IS NOT NULL"
_PCP = "(SELECT pcp_npi FROM patients LIMIT 1)"
_SUGAR = "pos = '11' AND procedure = '83036'"
_NEXT = "(SELECT max(npi) FROM providers WHERE specialty = 'cardiology')"
_SENT = "form = '837P' AND rendering_npi IS NULL"

OF_PEOPLE = tuple(Tampering(rule, (one(*change),)) for rule, *change in (
    (_ORDER, "claim_lines", "ordering_npi = NULL", "procedure = '71046' AND pos = '23'"),
    (_ORDER, "claim_lines", f"ordering_npi = {_NEXT}", "procedure = '83036'"),
    (_ORDER, "claim_lines", f"ordering_npi = {_NEXT}", "procedure = '99214'"),
    (_ORDER, "claim_lines", f"ordering_npi = {_NEXT}", "revenue_code = '0324'"),
    (_CUT, "claims", "operating_npi = NULL, other_operating_npi = NULL", _OF_KNEE),
    (_CUT, "claims", f"operating_npi = {_NEXT}", _OF_KNEE),
    (_CUT, "claims", "operating_npi = NULL", _STAY),
    (_CUT, "claims", "operating_npi = rendering_npi", "form = '837P' AND rendering_npi > 0"),
    (_OTHER, "claims", "other_operating_npi = operating_npi", _OF_KNEE),
    (_OTHER, "claims", "other_operating_npi = rendering_npi", "rendering_npi > 0"),
    (_REFER, "claims", f"referring_npi = {_NEXT}", "referring_npi > 0"),
    (_REFER, "claims", f"referring_npi = {_PCP}", f"form = '837P' AND {_billing(_SUGAR)}"),
    (_THERAPY, "claims", "referring_npi = NULL", _billing("procedure = '97110'")),
    (_STAFF, "claims", "supervising_npi = NULL", _billing("modifier_1 = 'AS'")),
    (_STAFF, "claims", "supervising_npi = rendering_npi", _billing("pos = '23'")),
    (_STAFF, "claims", "supervising_npi = attending_npi", "form = '837I'"),
    (_CLIA, "claims", "clia_number = NULL", f"clia_number IS NOT NULL AND NOT ({_SENT})"),
    (_CLIA, "claims", "clia_number = '00D1234567'", "form = '837I'"),
    (_CLIA, "claims", "clia_number = '00X1234567'", f"clia_number <> '' AND NOT ({_SENT})"),
    (_LABORATORY, "claims", "clia_number = '00D1234567'", _SENT),
    (_LABORATORY, "claim_lines", "pos = '81'", _SUGAR),
    (_LABORATORY, "claim_lines", "pos = '11'", "pos = '81'"),
    (_LABORATORY, "facilities", "kind = 'hospital'", "kind = 'laboratory'"),
))  # fmt: skip
