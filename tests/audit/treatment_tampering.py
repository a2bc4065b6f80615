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
