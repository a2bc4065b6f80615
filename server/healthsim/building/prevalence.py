"""Conditions that are requested with the prevalence of the population."""

from __future__ import annotations

import re

from healthsim.building.vocabulary import CONDITIONS

MEASURES = {
    # A diagnosis is what is charted and billed, so diabetes is not the measure with the undiagnosed
    "E11.9": "diagnosed_diabetes",
    "I10": "hypertension",
    "E78.5": "high_cholesterol",
    "I25.10": "coronary_heart_disease",
    "J44.9": "copd",
    "J45.20": "asthma",
    "F32.A": "depression",
    "E66.9": "obesity",
}
"""The population measure of a condition's code, if there is one."""

_ANY = "|".join(pattern for pattern, _ in CONDITIONS.values())
_ONE = rf"\b(?:{_ANY})\b"
_LIST = rf"(?P<list>(?>{_ONE}(?:\s*(?:,? and|,|&)\s+{_ONE})*))"
_OF = r"(?:local|county|state|regional|population|national|real|actual|published)(?:'s)?"
_RATE = r"(?:prevalences?|rates?|frequenc(?:y|ies)|levels?)"
_PLACE = r"(?:county|area|state|region|place|population|country)"
_NO_FIGURE = r"(?!\s*(?:of|at|is|in|:|\()?\s*\d[\d.]*\s*(?:%|per ?cent))"
PATTERNS = (
    rf"\b(?:with |at )?(?:the |an? )?{_OF}[- ]{_RATE} (?:of|for) {_LIST}{_NO_FIGURE}",
    rf"\b(?:with |at )?(?:the |an? )?{_OF} {_LIST} {_RATE}\b{_NO_FIGURE}",
    rf"{_LIST},? (?:being |is |are )?(?:just )?as (?:common|frequent|prevalent|often)"
    r"(?: as (?:it is |they are )?)? ?"
    rf"(?:there|here|locally|in (?:the|that|its|their) {_PLACE})\b",
    rf"{_LIST},? (?:at|with|by) (?:the |its |their )?{_OF}[- ]{_RATE}\b{_NO_FIGURE}",
    rf"{_LIST},? as in the (?:general |local )?{_PLACE}\b",
)
"""Patterns of such requests; the group `list` has the conditions."""


def codes(text: str) -> list[str]:
    """Return the codes of the conditions in a list, in the order of the table.

    >>> codes("hypertension and diabetes")
    ['E11.9', 'I10']
    """
    codes_named = []
    for code, (pattern, _) in CONDITIONS.items():
        text, number = re.subn(rf"\b(?:{pattern})\b", " ", text, flags=re.IGNORECASE)
        codes_named += [code] if number else []
    return codes_named
