"""The words of families: roles, their traits, and what tells that others are meant."""

from __future__ import annotations

import re

from healthsim.building.calendar_words import CALENDAR
from healthsim.building.vocabulary import CONDITIONS

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
            "nine": 9, "ten": 10, "eleven": 11, "twelve": 12}  # fmt: skip
COUNT = rf"(?:\d{{1,2}}|{'|'.join(NUMBERS)})"
ARTICLE = r"(?:an?|one|the|his|her|their|my|our|your|whose)"
ROLES = (
    # words in the singular, plural ending, kind, sex, ages
    ("father|dad|daddy|papa", "s", "parent", "M", None),
    ("mother|mom|mum|mommy|mama", "s", "parent", "F", None),
    ("parent", "s", "parent", None, None),
    ("husband", "s", "spouse", "M", None),
    ("wife", "", "spouse", "F", None),
    ("spouse|partner", "s", "spouse", None, None),
    ("son|boy", "s", "child", "M", None),
    ("daughter|girl", "s", "child", "F", None),
    ("baby|infant|newborn", "", "child", None, (0, 1)),
    ("toddler", "s", "child", None, (1, 4)),
    ("teenager|teen|adolescent", "s", "child", None, (13, 18)),
    ("kid", "s", "child", None, None),
    ("child", "ren", "child", None, None),
)
ROLE_WORDS = "|".join(
    f"(?P<r{place}>(?:{words}))" + (f"(?P<s{place}>{plural})?" if plural else "")
    for place, (words, plural, *_) in enumerate(ROLES)
)
ROLE = re.compile(rf"(?<![\w-])(?:(?P<count>{COUNT})\s+)?(?:{ROLE_WORDS})(?![\w-])", re.IGNORECASE)
OTHERS = (
    r"(?<![\w-])(?:grand\w+|(?:half-|step-?)?(?:sister|brother)s?|siblings?|aunts?|uncles?|"
    r"cousins?|nieces?|nephews?|friends?|neighbou?rs?|\w+-in-law|family history)(?![\w-])"
)
"""People who are no members: what follows is of them."""
FAMILY = r"\b(?:famil(?:y|ies)|households?|couple(?! of)|parents)\b"
OTHERS = (
    r"(?:^|[,;.:]\s*|\b(?:and|an?|with)\s+)(?:grand(?:mother|father|parents?|ma|pa)|uncles?|aunts?|"
    r"cousins?|nephews?|nieces?)\b"
)
"""Relatives without a role: a family of which one is a member is more than can be said here."""

MANY = (
    r"\bwhose\b|\b(?:most|many|some|half|several|few)\s+(?:of\s+(?:the\s+)?)?(?:[\w-]+\s+)?"
    r"(?:families|households|mothers|fathers|parents|children|kids)\b|\b(?:1[3-9]|[2-9]\d|\d(?:\d|,\d){2,})\s+"
    r"(?:(?!with\b|and\b|has\b|who\b|is\b)[a-z-]+\s+){0,2}?(?:people|persons?|patients?|members?|"
    r"adults|women|men|children|kids|beneficiaries|mothers|fathers|parents)\b"
    rf"|(?<![\w-])(?:{'|'.join(words for words, *_ in ROLES)})(?:s|ren)?['’]"
)
"""Words of many families, or of relatives of patients."""
UNBORN = r"(?:expect\w*|carrying|having|deliver\w*)\s+(?:(?:an?|their|our|her|the)\s+)?(?:\w+\s+)?$"
CODE = re.compile(r"[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![\w-])")
"""An ICD-10-CM code; the profile's checks know which there are."""
ALONE = r"\b(?:single|lone|widow\w*|divorced|unmarried)\b"
SIZE = re.compile(rf"\b(?:family|families|household|households)\s+of\s+({COUNT})\b",
                   re.IGNORECASE)  # fmt: skip
_NO_OTHER = r"(?!\s*(?:-|–|to|or|and|until)\s*\d)"
"""No second figure: a range or a choice is not one age."""
BARE_AGE = re.compile(
    rf"\s*(?:is\s+)?(\d{{1,3}}){_NO_OTHER}(?=\s*(?:$|[,;:&]|\.(?!\d)|(?:and|with|who|is|has|born)\b))"
    r"|\s*,\s*(\d{1,3})(?=\s*(?:$|[,;:]|\.(?!\d)))",
    re.IGNORECASE,
)
"""A number right after a role, or between marks beside it: an age."""
LINKS = re.compile(
    r"(?:is|are|has|have|having|with|and|an?|who|also|suffers?|suffering|from|diagnosed|living|"
    r"lives)(?![\w-])|&", re.IGNORECASE)  # fmt: skip
NOT = (
    r"(?:\b(?:not|no|never|without|isn't|isnt|if|since|from|until|till|at|when|for|of|than|over|"
    r"under|above|below|least|most|almost|nearly)\s+|\bnon-?\s*|\bmonths?\s+)$"
)
"""What stands before a trait that the member does not have, or had at another time."""
NOT_NOW = r"\b(?:was|were|been|trying|get|getting|got|become|wants?|hopes?|plans?)\b"
"""Words of a pregnancy that is over, or only hoped for."""
TRAITS = {
    "born": (r"\b(?:(?:is |was |were )?born|b\.|dob|date of birth)\s*(?:in|on|:)?\s*"
             rf"(?P<value>{CALENDAR}){_NO_OTHER}"),
    "years": (r"\b(?:aged|age(?: of)?|of age)\s*(?P<years>\d{1,3})(?![\d%]|[.,]\d|\s*months?)"
              + _NO_OTHER + r"(?:\s+years?)?|(?<![\w.])(?P<old>\d{1,3}|" + "|".join(NUMBERS) +
              r")[- ]*(?:years?[- ]olds?|y/?o|"
              r"years? of age)(?!\w)"),
    "months": r"(?<![\w.])(?P<value>\d{1,2})[- ]*months?[- ]olds?\b",
    "weeks": r"(?<![\w.])(?P<value>\d{1,2})\s*weeks?\s*pregnant\b"
             r"|\bpregnant\s+(?P<after>\d{1,2})\s*weeks?\b",
    "due": (r"\b(?:due(?: date)?|expecting(?: an?(?: \w+)? (?:baby|child))?|expects? an?"
            rf" (?:baby|child))\s*(?:is|in|on|:)?\s*(?P<value>{CALENDAR}){_NO_OTHER}"),
    "pregnant": r"\bpregnant\b|\bexpecting(?: an? (?:baby|child))?(?![\w])",
}  # fmt: skip
"""Traits that bind by their own word, the more particular first."""
CONDITION_WORDS = [(code, re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE))
                   for code, (pattern, _) in CONDITIONS.items()]  # fmt: skip
ADJECTIVE = re.compile(
    rf"(?:(?<![\w-]){ARTICLE}|^|[,;:.(])\s*(?P<words>(?:(?:{COUNT}[- ]years?[- ]old|"
    r"\d{1,2}[- ]months?[- ]old|pregnant|[a-z]+ics?|hypertensive|obese)\s+)+)$",
    re.IGNORECASE,
)
