"""What an audit's figures are called in words, and which of them are shares."""

from __future__ import annotations

import re

from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import loinc
from healthsim.errors import NotFound
from healthsim.pictures.words import figure, percent, short, test_name

_NO_SHARE = re.compile(
    r"mean|standard deviation|median|oldest|youngest|result|(?<!\d )\bdays?\b|a year|\bby\b|"
    r"\bbegins\b|\bchange\b"
)
_CONDITION = re.compile(r"^condition (\S+?)( \(or [^)]*\))?(?=,|$)")
_PAIR = re.compile(r"^conditions (\S+) and (\S+) together$")
_LOINC = re.compile(r"\b\d{3,5}-\d\b")
_SEXES = {"gender F": "female", "gender M": "male"}
_WORDS = (("us_state ", "state "), ("los_days", "days in hospital"), (" == ", " is "),
          (" != ", " is not "), ("attribute ", ""), ("'", ""))  # fmt: skip


def in_words(what: str, journeys: int = 1) -> str:
    """Return a figure's name in words: displays for codes, no ids.

    Args:
        what: as the audit names it.
        journeys: of the scenario; where there is one, its name is left out.

    >>> in_words("asthma-year/start_albuterol: filled within 30 days")
    'start albuterol: filled within 30 days'
    >>> in_words("gender F"), in_words("us_state OH")
    ('female', 'state OH')
    """
    if what in _SEXES:
        return _SEXES[what]
    journey, slash, step = what.partition("/")
    if slash and " " not in journey:
        what = step if journeys == 1 else f"{journey.replace('-', ' ')}, {step}"
        what = what.replace("_", " ") if "los_days" not in what else what
    what = _CONDITION.sub(lambda found: _condition(found[1], bool(found[2])), what)
    what = _PAIR.sub(
        lambda found: f"{_condition(found[1])} and {_condition(found[2])} together", what
    )
    what = re.sub(r": by(?=,|$)", ": change", what)
    what = _LOINC.sub(lambda found: _tested(found[0]), what)
    for code, words in _WORDS:
        what = what.replace(code, words)
    return short(what.replace("/result", " result").replace("_", " "), 160)


def said(what: str, value: object) -> str:
    """Return a figure as it is read: a share in per cent.

    >>> said("gender F", 0.5), said("age: mean", 0.5), said("people", 1200)
    ('50 %', '0.5', '1,200')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return short(value, 24)
    if isinstance(value, int):
        return f"{value:,}"
    is_share = 0 <= value <= 1 and not _NO_SHARE.search(what)
    return percent(value, 1) if is_share else figure(value)


def _condition(code: str, more: bool = False) -> str:
    try:
        name = short(icd10cm().row(code).display, 48)
    except NotFound:
        return f"condition {code}"
    if name == code:
        return f"condition {code}"
    return f"{name} ({code}{' or a combination' if more else ''})"


def _tested(code: str) -> str:
    row = loinc().rows.get(code)
    return test_name(row.display) if row else code
