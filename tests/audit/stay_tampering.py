"""One small change for each rule of stays and their groups."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_DERIVED = "a derived group is the one that the stay's codes give"
_SOURCE = "a stay's group says where it is from"
_LEVEL = "a group with complications has one that counts"
_AGES = "a stay of pregnancy is a woman's, one of a newborn is of its first days"
_FAILURE = "hypertensive heart disease stands before the failure"
_KIDNEY = "hypertensive kidney disease stands before its stage"

_IN_194 = "encounter_id = (SELECT min(encounter_id) FROM encounters WHERE drg = '194')"
_IN_291 = "encounter_id = (SELECT min(encounter_id) FROM encounters WHERE drg = '291')"
_SWAP = "sequence = 100 - sequence"
_CLAIM = "claim_id = (SELECT min(claim_id) FROM claims WHERE drg = '291')"
OF_GROUPS = (
    Tampering((_DERIVED,), (one("encounters", "drg = '195', drg_derived = '195'", _IN_194),)),
    Tampering((_DERIVED, _LEVEL), (
        one("encounter_diagnoses", "code = 'R05.9'", f"code = 'N17.9' AND {_IN_194}"),)),
    Tampering((_SOURCE,), (one("encounters", "drg = '195'", _IN_194),)),
    Tampering((_SOURCE,), (one("encounters", "drg_source = NULL", _IN_194),)),
    Tampering((_SOURCE,), (one("encounters", "drg_source = 'not grouped'", _IN_194),)),
    Tampering((_SOURCE,), (one("encounters", "drg = NULL", "drg_source = 'stated'"),)),
    Tampering((_SOURCE, _DERIVED), (one("encounters", "encounter_class = 'snf'", _IN_194),)),
    Tampering((_AGES, _DERIVED, _LEVEL), (
        one("encounter_diagnoses", "code = 'O80'", f"sequence = 1 AND {_IN_194}"),)),
    Tampering((_AGES, _DERIVED), (
        one("encounter_diagnoses", "code = 'Z38.00'", f"sequence = 1 AND {_IN_194}"),)),
    Tampering((f"{_FAILURE} claim_diagnoses.sequence", f"{_KIDNEY} claim_diagnoses.sequence"),
              (f"UPDATE claim_diagnoses SET {_SWAP} WHERE {_CLAIM}",)),
    Tampering((f"{_FAILURE} encounter_diagnoses.sequence",
               f"{_KIDNEY} encounter_diagnoses.sequence", _DERIVED),
              (f"UPDATE encounter_diagnoses SET {_SWAP} WHERE {_IN_291}",)),
)  # fmt: skip
