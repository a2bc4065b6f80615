"""What a request says of time, births and trials: these belong to a journey, not a profile.

They are read before ages and counts, and reported as not understood, with a hint.
"""

from __future__ import annotations

import re

_SEX = r"(men|women|males?|females?|boys?|girls?)"
EXACT = rf"\bexactly\s+(\d[\d,]*)\s+{_SEX}\s+and\s+(?:exactly\s+)?(\d[\d,]*)\s+{_SEX}\b"
"""Two exact counts by sex."""

_TRIAL = (
    "A trial is a journey with the key trial (arms such as treatment 2 and placebo 1, block, "
    "strata, criteria): call start_journey_builder, then refine_spec journey.trial."
)
_BIRTH = (
    "A birth is a step of a journey (type birth, with newborn steps): call start_journey_builder."
)
_SPAN = (
    "How long it goes on, and stages of a disease, are a journey's (duration_days, a stages step): "
    "call start_journey_builder; ckd-lifecycle is one of ten years."
)
STORIES = (
    (r"\b\d{1,2}:\d{1,2}(?::\d{1,2})*(?:\s+(?:ratio|randomi[sz]\w+))?", _TRIAL),
    (r"\bstratified\s+by\s+\w+(?:\s+and\s+\w+)*", _TRIAL),
    (r"\b(?:randomi[sz](?:ed|ation)|placebo|treatment arms?|control arms?)\b", _TRIAL),
    (
        r"\b(?:with|having|plus)\s+(?:an?|one|the)\s+(?:newborn|baby|birth)\b"
        r"(?:\s+(?:born\s+)?(?:in|at|around)\s+(?:the\s+)?mid[- ]?(?:of the )?year)?",
        _BIRTH,
    ),
    (
        r"\bover\s+(?:the\s+(?:next|course\s+of)\s+)?(?:[1-9]|[12]\d|30|an?|two|three|five|ten|"
        r"twenty)\s+years?\b(?!\s+(?:old|of age))",
        _SPAN,
    ),
    (r"\b\d{1,2}-year\b(?!-old|s?[- ]old)", _SPAN),
    (r"\b(?:life[- ]?cycles?|disease progression)\b", _SPAN),
)
"""Pattern of a request, and the hint where it belongs."""


def counts(match: re.Match[str]) -> dict[str, int] | None:
    """Return the exact counts by sex; None where both are of one sex."""
    by_sex = {
        _sex(word): int(figure.replace(",", ""))
        for figure, word in ((match[1], match[2]), (match[3], match[4]))
    }
    return by_sex if len(by_sex) == 2 else None


def _sex(word: str) -> str:
    return "F" if word.lower()[0] in "wfg" else "M"
