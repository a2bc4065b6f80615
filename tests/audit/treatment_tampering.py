"""Small changes for the rule of what a stay is for, and which rules then tell."""

from __future__ import annotations

from audit.tampering import _one, _row

_RULE = "a stay for an illness has its treatment"
_DIALYSIS = "code = '5A1D70Z'"

OF_TREATMENTS = (
    _row(_RULE, _one("procedures", "code = '0JH63XZ'", _DIALYSIS)),
    _row(_RULE, f"DELETE FROM procedures WHERE rowid = (SELECT min(rowid) FROM procedures "
         f"WHERE {_DIALYSIS})"),
)  # fmt: skip
_UNANSWERED = "too little hemoglobin in a stay is answered by red cells"
_UNSEEN = "blood is counted again after red cells in a stay"
_EARLY = "red cells are ordered when the count that asks for them is known"
_COUNTS = "UPDATE lab_results SET collected_at = collected_at - INTERVAL {} DAY WHERE loinc = " \
    "'718-7' AND collected_at::DATE > (SELECT min(performed_date) FROM procedures " \
    "WHERE code = '36430')"  # fmt: skip
OF_TRANSFUSIONS = (
    _row(_UNANSWERED, "DELETE FROM procedures WHERE code = '36430' AND person_id = "
         "(SELECT min(person_id) FROM procedures)"),
    _row(_UNANSWERED, "UPDATE procedures SET performed_date = performed_date - 2 "
         "WHERE code = '36430' AND person_id = (SELECT min(person_id) FROM procedures)"),
    _row(_UNSEEN, _COUNTS.format(3)),
    _row(_EARLY, _one("service_requests", "ordered_at = ordered_at - INTERVAL 2 HOUR",
                      "code = '36430'")),
)  # fmt: skip
