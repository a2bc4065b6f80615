"""One small change for each arm of the rules of the lists in notes, and of what they repeat."""

from __future__ import annotations

from audit.note_tampering import _HAS, _RESUMED, _text
from audit.tampering import Tampering
from audit.tampering import _one as one

_NOBODY = (
    "nobody is without conditions beside a list of them",
    "nobody is without earlier conditions who has had one",
)
_AWAITS = ("a note names the studies that it awaits",)
_DOSE = ("a drug that goes on in a note keeps its dose",)

_GOES_ON = (
    "prescription_id = (SELECT min(p.prescription_id) FROM prescriptions AS p "
    "JOIN clinical_notes AS n USING (encounter_id) JOIN prescriptions AS q "
    "ON q.person_id = p.person_id AND q.drug = p.drug AND q.written_date < p.written_date "
    "WHERE contains(n.text, concat('- Continue ', p.drug, '. ')))"
)

OF_NOTE_LISTS = tuple(Tampering(rules, tuple(change)) for rules, *change in (
    (_HAS, _text(r"\nPROBLEMS\n- [^\n]*\n", "\nPROBLEMS\n")),
    (_NOBODY, _text(r"-old (woman|man) with [^.]*\. ", r"-old \1 with no earlier conditions "
                    "on record. ")),
    (_AWAITS, _text(", XR Chest 2 Views", "")),
    (_AWAITS, _text(r"- Pending: XR Chest 2 Views\.\n", "")),
    (_DOSE, one("prescriptions", "dose = dose / 2", _GOES_ON)),
    (_DOSE, one("prescriptions", "frequency = 'Q8W'", _GOES_ON)),
    (_RESUMED, "DELETE FROM medication_administrations WHERE drug LIKE 'furosemide%tablet'"),
))  # fmt: skip
"""Changes of lists in notes, and of the rows that they repeat."""
