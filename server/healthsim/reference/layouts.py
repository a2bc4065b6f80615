"""The columns of publishers' files, and the recognition of a file by its columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from healthsim.errors import Refused
from healthsim.persistence.database import literal, quoted

_DELIMITERS = {"\t": "tabs", ";": "semicolons", "|": "bars"}
_MOST = 8  # missing columns that an error text names


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of one published file.

    The case of names does not matter: publishers' portals use both.

    Attributes:
        title: name of the file.
        needs: required columns, each with its names in different releases; queries use the first.
        takes: optional columns.
        endings: of the names of further columns; at least one must have the first ending.
        lends: columns that are not kept, but from which others are derived.
        derives: derived columns, by name: a function that returns their SQL for the columns of a
            file.
    """

    title: str
    needs: tuple[tuple[str, ...], ...]
    takes: tuple[tuple[str, ...], ...] = ()
    endings: tuple[str, ...] = ()
    lends: tuple[tuple[str, ...], ...] = ()
    derives: Mapping[str, Callable[[Collection[str]], str]] = field(default_factory=dict)

    def missing(self, header: Sequence[str]) -> list[str]:
        """Return the names of the columns that a header lacks."""
        have = {name.casefold() for name in header}
        missing = [names[0] for names in self.needs if not have & {n.casefold() for n in names}]
        if self.endings and not self.ended(header, self.endings[:1]):
            missing.append(f"…{self.endings[0]}")
        return missing

    def ended(self, header: Sequence[str], endings: Sequence[str]) -> list[str]:
        """Return the columns of a header with one of some endings, as they are written."""
        folded = tuple(ending.casefold() for ending in endings)
        return [name for name in header if name.casefold().endswith(folded)]

    def names(self, header: Sequence[str]) -> list[str]:
        """Return a name for each column of a file: its own if known, else its number."""
        have = {name.casefold(): name for name in reversed(header)}
        first = {}
        for names in (*self.needs, *self.takes, *self.lends):
            column = next((have[n.casefold()] for n in names if n.casefold() in have), None)
            if column is not None:
                first[column] = names[0]
        by_ending = {name: name.upper() for name in self.ended(header, self.endings)}
        return [
            first.get(name, by_ending.get(name, f"column {number}"))
            for number, name in enumerate(header, 1)
        ]


def needs(*names: str) -> tuple[tuple[str, ...], ...]:
    """Return columns that have one name each.

    >>> needs("NPI", "YEAR")
    (('NPI',), ('YEAR',))
    """
    return tuple((name,) for name in names)


@dataclass(frozen=True, slots=True)
class RecognizedFile:
    """A file that is recognized by its columns, and the remedy."""

    telling: tuple[str, ...]
    title: str
    mend: str


FINER = (
    RecognizedFile(
        ("TractFIPS", "CountyFIPS"), "CDC PLACES by census tract", "use the file of counties"
    ),
    RecognizedFile(("PlaceFIPS", "PlaceName"), "CDC PLACES by place", "use the file of counties"),
    RecognizedFile(
        ("ZCTA5", "Geolocation"), "CDC PLACES by ZIP code area", "use the file of counties"
    ),
)
"""Files that have all columns of a layout, but rows of smaller areas."""
OTHERS = (
    RecognizedFile(("SUMLEV", "ESTIMATESBASE2020"),
                   "the Census totals by county, without age and sex",
                   "use cc-estYYYY-alldata or cc-estYYYY-agesex-all"),
    RecognizedFile(("NPI", "Provider Other Organization Name Type Code",
                    "Provider Other Organization Name"),
                   "the NPPES file of other names", "use npidata_pfile_….csv"),
    RecognizedFile(("NPI", "Endpoint Type", "Endpoint"), "the NPPES file of endpoints",
                   "use npidata_pfile_….csv"),
    RecognizedFile(("NPI", "Provider Secondary Practice Location Address- Address Line 1"),
                   "the NPPES file of further practices", "use npidata_pfile_….csv"),
)  # fmt: skip
"""Files of the same publishers with other content."""


def choose_layout(
    file: str, header: Sequence[str], layouts: Sequence[Layout], known: Sequence[RecognizedFile]
) -> Layout:
    """Return the layout that a file has, or refuse it.

    Args:
        file: its name.
        header: its columns.
        layouts: those of the kind to import.
        known: every file that can be recognized by its columns.

    Raises:
        Refused: it has another delimiter, is another file, or lacks columns.
    """
    _refuse_delimiter(file, header)
    _refuse_twice(file, header)
    finer = _recognized(header, FINER)
    if finer is not None:
        raise Refused(file, f"looks like {finer.title}", finer.mend)
    for layout in layouts:
        if not layout.missing(header):
            return layout
    other = _recognized(header, (*known, *OTHERS))
    if other is not None:
        raise Refused(file, f"looks like {other.title}", other.mend)
    raise _lacking(file, header, min(layouts, key=lambda layout: len(layout.missing(header))))


def _lacking(file: str, header: Sequence[str], layout: Layout) -> Refused:
    missing = layout.missing(header)
    shown = ", ".join(missing[:_MOST]) + (", …" if len(missing) > _MOST else "")
    near = [name for lacking in missing for name in get_close_matches(lacking, header, 1, 0.75)]
    none_there = len(missing) == len(layout.needs) + bool(layout.endings)
    hint = f" (near ones: {', '.join(dict.fromkeys(near[:_MOST]))})" if near else ""
    beginning = ", ".join(header[:4]) + (", …" if len(header) > 4 else "")
    return Refused(
        f"{file}, line 1",
        f"lacks {len(missing)} column{'s' * (len(missing) > 1)} of {layout.title}: {shown}{hint}"
        if not none_there or near
        else f"has none of the columns of {layout.title}; it begins with {beginning}",
        "give the file as its publisher ships it; 'healthsim reference kinds' lists what can be "
        "imported",
    )


def _recognized(header: Sequence[str], files: Sequence[RecognizedFile]) -> RecognizedFile | None:
    have = {name.casefold() for name in header}
    return next((file for file in files if {n.casefold() for n in file.telling} <= have), None)


def _refuse_delimiter(file: str, header: Sequence[str]) -> None:
    text = ",".join(header)
    for mark, name in _DELIMITERS.items():
        if text.count(mark) > max(len(header) - 1, 1):
            raise Refused(f"{file}, line 1", f"separates its columns by {name}, not commas",
                          "give the CSV file as its publisher ships it")  # fmt: skip


def _refuse_twice(file: str, header: Sequence[str]) -> None:
    seen = set[str]()
    for name in header:
        if name.casefold() in seen and name:
            raise Refused(f"{file}, line 1", f"names column {name} twice", "remove one of the two")
        seen.add(name.casefold())


def columns_sql(names: Sequence[str]) -> str:
    """Return the columns of a file for DuckDB's reader, all of them text."""
    return "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"


def select_sql(names: Sequence[str], layout: Layout) -> str:
    """Return SQL of the columns to read: all known ones, null where a file lacks it."""
    have = set(names)
    known = [column_names[0] for column_names in (*layout.needs, *layout.takes)]
    columns = [
        f"nullif(trim(file.{quoted(name)}), '') AS {quoted(name)}"
        if name in have
        else f"NULL::VARCHAR AS {quoted(name)}"
        for name in known
    ]
    columns += [
        f"nullif(trim(file.{quoted(name)}), '') AS {quoted(name)}"
        for name in layout.ended(names, layout.endings)
    ]
    columns += [f"{sql(have)} AS {quoted(name)}" for name, sql in layout.derives.items()]
    return ", ".join(columns)
