"""How pictures write numbers, days and names."""

from __future__ import annotations

import re

_LONGEST = 80

_UNITS = (("mm[Hg]", "mmHg"), ("{1.73_m2}", "1.73 m²"), ("kg/m2", "kg/m²"), ("10*3/uL", "10³/µL"),
          ("10*6/uL", "10⁶/µL"), ("ug/", "µg/"), ("u[IU]", "µIU"), ("[IU]", "IU"))  # fmt: skip


def percent(part: float, whole: float) -> str:
    """Say a share in per cent, with a decimal where it is small.

    >>> percent(53, 100), percent(1, 300), percent(0, 5)
    ('53 %', '0.3 %', '0 %')
    """
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f} %" if 0 < share < 10 else f"{share:.0f} %"


def counted(number: int, one: str, many: str) -> str:
    """Say a number of things.

    >>> counted(1, "person", "people"), counted(1200, "person", "people")
    ('1 person', '1,200 people')
    """
    return f"{number:,} {one if number == 1 else many}"


def people(number: int) -> str:
    """Say a number of people."""
    return counted(number, "person", "people")


def figure(value: float) -> str:
    """Say a number with as many digits as a reader needs.

    >>> figure(7.234), figure(0.8395), figure(0.04321), figure(1234.5), figure(-62.0)
    ('7.23', '0.84', '0.0432', '1,234', '−62')
    """
    sign, size = "−" * (value < 0), abs(value)
    if size >= 100:
        return f"{sign}{size:,.0f}"
    return f"{sign}{size:.3g}"


def usd(amount: float) -> str:
    """Say an amount of money.

    >>> usd(1234567.4), usd(45200), usd(312.5)
    ('$1.23 million', '$45,200', '$312.50')
    """
    if abs(amount) >= 1_000_000:
        return f"${amount / 1_000_000:,.2f} million"
    return f"${amount:,.0f}" if abs(amount) >= 1000 else f"${amount:,.2f}"


def short(text: object, most: int = _LONGEST) -> str:
    """Return a text of a file on one line, cut where it is long.

    >>> short("a  b", 3), short("abcdef", 4)
    ('a b', 'abc…')
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def test_name(display: str) -> str:
    """Return the part of a LOINC name that people say.

    >>> test_name("Hemoglobin A1c/Hemoglobin.total in Blood")
    'Hemoglobin A1c'
    >>> test_name("Cholesterol in HDL [Mass/volume] in Serum or Plasma")
    'Cholesterol in HDL'
    >>> test_name("Albumin/Creatinine [Mass Ratio] in Urine")
    'Albumin/Creatinine in urine'
    """
    name = display.split(" [")[0] + (" in urine" if "Urine" in display else "")
    return short(re.sub(r"/\S*\.total.*| in (Blood|Serum|Plasma|Urine)\b.*", "", name), 48)


def unit_name(unit: str) -> str:
    """Return a UCUM unit as people write it.

    >>> unit_name("mL/min/{1.73_m2}"), unit_name("mm[Hg]")
    ('mL/min/1.73 m²', 'mmHg')
    """
    for ucum, written in _UNITS:
        unit = unit.replace(ucum, written)
    return short(re.sub(r"[{}\[\]]", "", unit), 24)


def title_case(text: str) -> str:
    """Return a sentence with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
