"""Reading HCPCS Level II as CMS ships it: fixed columns, or the sheet saved as CSV.

Fixed columns, counted from 1 (record layout of the contractor file, CMS 2024): code 1-5, record
kind 11 (3 a procedure, 4 its continuation, 7 and 8 modifiers), long text 12-91, short text 92-119,
last day 285-292.
"""

from __future__ import annotations

import re

from healthsim.errors import Refused
from healthsim.reference import book_tables
from healthsim.reference.book_content import BookContent, Row, release_of
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.scan import at_line

_SHORTEST = 100  # characters of a record without trailing blanks: code, kind and texts
_CODE = re.compile(r"[A-Z]\d{4}")
_RECORD = re.compile(r"(?:[A-Z]\d{4}|   [A-Z0-9]{2})\d{5}[3478]", re.ASCII)


def read(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of a HCPCS file, with the last day of those that have one."""
    if source.header and "hcpc" in source.header[0].lower():
        return book_tables.hcpcs(source, as_of)
    texts: dict[str, list[str]] = {}
    last_days: dict[str, str] = {}
    lines = source.path.read_text(encoding=source.encoding).splitlines()
    started = False
    for number, line in enumerate(lines, 1):
        if not _RECORD.match(line):
            if not started or not line.strip():
                continue  # a notice before the records
            raise _cut(source, number, len(lines))
        started = True
        if len(line) < _SHORTEST and number == len(lines):
            raise _cut(source, number, len(lines))
        code = line[:5].strip()
        if not _CODE.fullmatch(code):
            continue  # a modifier
        texts.setdefault(code, []).append(line[11:91].strip())
        if day := line[284:292].strip():
            last_days[code] = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    if not started:
        raise Refused(at_line(source.shown, 1), "is neither a HCPCS record nor a header",
                      "give HCPCYYYY_MMM_ANWEB.txt, or the sheet saved as CSV")  # fmt: skip
    rows: list[Row] = [
        (code, " ".join(parts), f"until={last_days[code]}" if code in last_days else "")
        for code, parts in texts.items()
    ]
    return BookContent(release_of(source.name, as_of), rows, {"ended": len(last_days)})


def _cut(source: CsvSource, number: int, lines: int) -> Refused:
    found = "is not a HCPCS record"
    if number == lines:
        found = "the last record is incomplete: the file is cut off"
    return Refused(at_line(source.shown, number), found, "download it again from its publisher")
