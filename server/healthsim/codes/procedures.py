"""The system of a procedure code by its form alone; CPT codes have no texts here."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

ProcedureSystem: TypeAlias = Literal["CPT", "HCPCS", "ICD-10-PCS"]

_SHAPES: tuple[tuple[ProcedureSystem, re.Pattern[str]], ...] = (
    ("CPT", re.compile(r"\d{4}[0-9FT]", re.ASCII)),
    ("HCPCS", re.compile(r"[A-V]\d{4}", re.ASCII)),
    ("ICD-10-PCS", re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}", re.ASCII)),
)


def procedure_system(code: str) -> ProcedureSystem | None:
    """Return the system whose form a procedure code has, or None.

    CPT: five digits, or four digits and F or T. HCPCS Level II: a letter and four digits.
    ICD-10-PCS: seven characters without I and O, the first one an existing section.

    >>> procedure_system("12345"), procedure_system("G0439"), procedure_system("0SRD0J9")
    ('CPT', 'HCPCS', 'ICD-10-PCS')
    """
    for system, shape in _SHAPES:
        if shape.fullmatch(code):
            return system
    return None
