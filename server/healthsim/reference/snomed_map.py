"""Reading a user's own map from the codes of the tables to SNOMED CT."""

from __future__ import annotations

from dataclasses import replace

from healthsim.errors import Refused, near
from healthsim.reference.book_content import BookContent, Row, release_of
from healthsim.reference.book_tables import SNOMED_MAP, read_table
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.scan import at_line

SYSTEMS = ("icd10cm", "icd10pcs", "hcpcs", "cpt", "rxnorm", "cvx", "loinc")
"""Code systems of the tables that a map can begin from."""

_CATEGORY = 3  # characters before the point of ICD-10-CM
_TIMES = (  # the Verhoeff scheme: multiplication of the dihedral group of ten elements
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTED = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def read(source: CsvSource, as_of: str) -> BookContent:
    """Return the pairs of a map, each as the code ``system|code`` with the fact `snomed`.

    The column `system` may be left out where all codes are ICD-10-CM.

    Raises:
        Refused: a system that the tables do not use, a code twice, or no SNOMED CT identifier; the
            error says in which line.
    """
    content, _ = read_table(source, SNOMED_MAP)
    rows = [_checked(source, row) for row in content.rows]
    version = release_of(source.name, as_of) or "the user's own map"
    return replace(content, version=version, rows=rows)


def _checked(source: CsvSource, row: Row) -> Row:
    """Return a row without its line; refuse what is no identifier or no system."""
    code, display, facts = row
    system = code.partition("|")[0]
    line, _, concept = facts.partition(";snomed=")
    where = at_line(source.shown, int(line.removeprefix("line=")))
    if system not in SYSTEMS:
        raise Refused(f"{where}, column system", f"is {system[:20]!r}", near(system, SYSTEMS))
    if not is_concept(concept):
        raise Refused(
            f"{where}, column snomed", f"is {concept[:20]!r}, not the identifier of a concept",
            "give 6 to 18 digits as SNOMED CT has them, saved as text so that none is rounded",
        )  # fmt: skip
    return _as_written(code), display, f"snomed={concept}"


def _as_written(code: str) -> str:
    """Return a code with the point of ICD-10-CM, as the tables write it.

    >>> _as_written("icd10cm|E119"), _as_written("icd10cm|I10"), _as_written("icd10cm|E11.9")
    ('icd10cm|E11.9', 'icd10cm|I10', 'icd10cm|E11.9')
    """
    system, _, bare = code.partition("|")
    if system == "icd10cm" and "." not in bare and len(bare) > _CATEGORY:
        return f"{system}|{bare[:_CATEGORY]}.{bare[_CATEGORY:]}"
    return code


def is_concept(identifier: str) -> bool:
    """Tell whether a text is the identifier of a SNOMED CT concept: its partition and check digit.

    >>> is_concept("44054006"), is_concept("44054007"), is_concept("1")
    (True, False, False)
    """
    if not (6 <= len(identifier) <= 18 and identifier.isascii() and identifier.isdigit()):
        return False
    check = 0
    for place, digit in enumerate(reversed(identifier)):
        check = int(_TIMES[check][int(_PERMUTED[place % 8][int(digit)])])
    return check == 0 and identifier[-3:-1] in ("00", "10") and identifier[0] != "0"
