"""The form of codes without a book, and the reading of the sex and age of a person."""

from __future__ import annotations

import math
import re

from healthsim.errors import Refused

_OLDEST = 150
LONGEST = 200
"""Characters; every code and every name of a drug is shorter."""
_SHOWN = 60  # characters of a code that an error text repeats
_SEXES = {"": None, "m": "M", "f": "F", "male": "M", "female": "F"}
_PACKAGE = re.compile(r"(\d{4,5})-(\d{3,4})-(\d{1,2})", re.ASCII)
_LOINC = re.compile(r"(\d{3,7})-(\d)", re.ASCII)  # shorter ones are read as dates and ranges
_DIAGNOSIS = re.compile(r"[A-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}", re.ASCII)
_ICD9 = re.compile(r"\d{3}(\.\d{1,2})?|V\d{2}\.\d{1,2}|E[089]\d{2}\.\d", re.ASCII)
_SPECIALTY = re.compile(r"[1-4]\d{2}[0-9A-Z]{6}X", re.ASCII)


def system_of_form(code: str) -> str:
    """Return the only system whose codes have the form of a code, or ``""``.

    ICD-10-CM: a dot after the third character; NDC: eleven digits, or three groups with dashes;
    LOINC: the right check digit; NUCC: ten characters of which the last is X.

    >>> [system_of_form(code) for code in ("E11.90", "12345-6789-01", "4548-4", "4548-5")]
    ['icd10cm', 'ndc', 'loinc', '']
    """
    if _DIAGNOSIS.fullmatch(code):
        return "icd10cm"
    if eleven_digits(code):
        return "ndc"
    if (parts := _LOINC.fullmatch(code)) and parts[2] == check_digit(parts[1]):
        return "loinc"
    return "taxonomy" if _SPECIALTY.fullmatch(code) else ""


def is_icd9(code: str) -> bool:
    """Tell whether a code that is not in ICD-10-CM has the form of ICD-9-CM.

    Some V codes of both have the same form, so look into ICD-10-CM first.

    >>> [is_icd9(code) for code in ("250.00", "401", "V45.81", "E880.1", "E88.01", "25000")]
    [True, True, True, True, False, False]
    """
    return _ICD9.fullmatch(code.strip().upper()) is not None


def eleven_digits(code: str) -> str:
    """Return an NDC without dashes, its groups filled to five, four and two digits; or ``""``.

    >>> eleven_digits("0093-1048-01"), eleven_digits("00093104801"), eleven_digits("4548-4")
    ('00093104801', '00093104801', '')
    """
    text = code.strip()
    if re.fullmatch(r"\d{11}", text, re.ASCII):
        return text
    parts = _PACKAGE.fullmatch(text)
    if parts is None or sum(map(len, parts.groups())) < _UNFILLED:
        return ""
    return f"{parts[1]:0>5}{parts[2]:0>4}{parts[3]:0>2}"


_UNFILLED = 10  # digits of an NDC as packages print it


def check_digit(number: str) -> str:
    """Return the check digit of a LOINC number (Luhn, modulus 10).

    >>> check_digit("4548"), check_digit("2345")
    ('4', '7')
    """
    doubled = [int(digit) * (2 - position % 2) for position, digit in enumerate(reversed(number))]
    return str(-sum(number_ // 10 + number_ % 10 for number_ in doubled) % 10)


def read_sex(text: str | None, where: str = "sex") -> str | None:
    """Return M or F, or None where no sex is given.

    Raises:
        Refused: it is neither; codes have no other.

    >>> read_sex("Female"), read_sex("m"), read_sex(None)
    ('F', 'M', None)
    """
    word = (text or "").strip().lower()
    if word not in _SEXES:
        raise Refused(where, f"sex is {quoted(text or '', 20)}", "write M or F")
    return _SEXES[word]


def read_age(age: float | None, where: str = "age") -> float | None:
    """Return an age in years, or None where no age is given.

    Raises:
        Refused: it is not an age.
    """
    if age is not None and not (math.isfinite(age) and 0 <= age <= _OLDEST):
        raise Refused(where, f"age is {age}", "write it in years, such as 67")
    return age


def quoted(text: str, most: int = _SHOWN) -> str:
    """Return a code in quotes for an error text, cut if it is longer than any code."""
    return repr(text if len(text) <= most else f"{text[:most]}...")
