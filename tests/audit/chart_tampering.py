"""One small change for every rule of what charts hold of people, and which rules then tell."""

from __future__ import annotations

from audit.tampering import _one, _row

_NEVER = "value_text = 'Never smoked tobacco', value_code = '266919005'"
_STATUS = "kind = 'smoking_status' AND person_id IN (SELECT person_id FROM conditions WHERE {})"
_SMOKES = _STATUS.format("code = 'F17.210'")

OF_CHARTS = (
    _row("who has smoked by a code is none who never smoked",
         _one("observations", _NEVER, _SMOKES)),
    _row("who has given up smoking by a code is none who never smoked",
         _one("observations", _NEVER, _STATUS.format("code = 'Z87.891'"))),
    _row("who smokes by a code has not given it up",
         _one("observations", "value_text = 'Ex-smoker'",
              f"{_SMOKES} AND encounter_id IS NOT NULL")),
    _row("who is pregnant by a code is told so",
         _one("observations", "value_text = 'Not pregnant'", "value_text = 'Pregnant'")),
    _row("no fact at an age or of a sex that it is not about",
         _one("observations", "kind = 'treatment_preference'", "kind = 'care_preference'")),
)  # fmt: skip
