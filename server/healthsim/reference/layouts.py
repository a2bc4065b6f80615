"""Which columns a publisher's file has, and what a file is by its columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from healthsim.errors import Refused
from healthsim.persistence.database import literal, quoted

_DELIMITERS = {"\t": "tabs", ";": "semicolons", "|": "bars"}
_MOST = 8  # missing columns that a message names


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of one published file.

    Names count without regard to case: the same publisher's portal gives them in both.

    Attributes:
        title: what the file is.
        needs: columns without which it cannot be read, each with the names that releases gave it;
            the first is the one that queries use.
        takes: columns that are read where they are there.
        endings: of columns that are read too; there must be at least one with the first.
        lends: columns that are not kept, and from which others are derived.
        derives: columns that are kept, by name: what gives their SQL for the columns of a file.
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
        found = [names[0] for names in self.needs if not have & {n.casefold() for n in names}]
        if self.endings and not self.ended(header, self.endings[:1]):
            found.append(f"…{self.endings[0]}")
        return found

    def ended(self, header: Sequence[str], endings: Sequence[str]) -> list[str]:
        """Return the columns of a header that have one of some endings, as they are written."""
        folded = tuple(ending.casefold() for ending in endings)
        return [name for name in header if name.casefold().endswith(folded)]

    def names(self, header: Sequence[str]) -> list[str]:
        """Return what to call each column of a file: known ones by name, the rest by number."""
        have = {name.casefold(): name for name in reversed(header)}
        first = {}
        for names in (*self.needs, *self.takes, *self.lends):
            there = next((have[n.casefold()] for n in names if n.casefold() in have), None)
            if there is not None:
                first[there] = names[0]
        ended = {name: name.upper() for name in self.ended(header, self.endings)}
        return [
            first.get(name, ended.get(name, f"column {number}"))
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
    """What a file is by its columns, and what to do about it."""

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
"""Files that have all columns of a layout, and rows of something smaller."""
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
"""Files of the same publishers that hold something else."""


def choose_layout(
    file: str, header: Sequence[str], layouts: Sequence[Layout], known: Sequence[RecognizedFile]
) -> Layout:
    """Return the layout that a file has, or refuse it.

    Args:
        file: its name.
        header: its columns.
        layouts: those of the kind that was asked for.
        known: every file that can be told by its columns.

    Raises:
        Refused: it has another delimiter, is another file, or lacks columns.
    """
    _refuse_delimiter(file, header)
    _refuse_twice(file, header)
    finer = _known(header, FINER)
    if finer is not None:
        raise Refused(file, f"looks like {finer.title}", finer.mend)
    for layout in layouts:
        if not layout.missing(header):
            return layout
    other = _known(header, (*known, *OTHERS))
    if other is not None:
        raise Refused(file, f"looks like {other.title}", other.mend)
    raise _lacking(file, header, min(layouts, key=lambda one: len(one.missing(header))))


def _lacking(file: str, header: Sequence[str], layout: Layout) -> Refused:
    missing = layout.missing(header)
    shown = ", ".join(missing[:_MOST]) + (", …" if len(missing) > _MOST else "")
    near = [name for wanted in missing for name in get_close_matches(wanted, header, 1, 0.75)]
    whole = len(missing) == len(layout.needs) + bool(layout.endings)
    hint = f" (near ones: {', '.join(dict.fromkeys(near[:_MOST]))})" if near else ""
    first = ", ".join(header[:4]) + (", …" if len(header) > 4 else "")
    return Refused(
        f"{file}, line 1",
        f"lacks {len(missing)} column{'s' * (len(missing) > 1)} of {layout.title}: {shown}{hint}"
        if not whole or near
        else f"has none of the columns of {layout.title}; it begins with {first}",
        "give the file as its publisher ships it; 'healthsim reference kinds' lists what can be "
        "imported",
    )


def _known(header: Sequence[str], known: Sequence[RecognizedFile]) -> RecognizedFile | None:
    have = {name.casefold() for name in header}
    return next((one for one in known if {n.casefold() for n in one.telling} <= have), None)


def _refuse_delimiter(file: str, header: Sequence[str]) -> None:
    whole = ",".join(header)
    for mark, name in _DELIMITERS.items():
        if whole.count(mark) > max(len(header) - 1, 1):
            raise Refused(f"{file}, line 1", f"separates its columns by {name}, not commas",
                          "give the CSV file as its publisher ships it")  # fmt: skip


def _refuse_twice(file: str, header: Sequence[str]) -> None:
    seen = set[str]()
    for name in header:
        if name.casefold() in seen and name:
            raise Refused(f"{file}, line 1", f"names column {name} twice", "remove one of the two")
        seen.add(name.casefold())


def columns_sql(names: Sequence[str]) -> str:
    """Return the columns of a file as DuckDB's reader wants them, all of them text."""
    return "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"


def select_sql(names: Sequence[str], layout: Layout) -> str:
    """Return the columns that are read: each that is known, null where a file lacks it."""
    have = set(names)
    wanted = [one[0] for one in (*layout.needs, *layout.takes)]
    listed = [
        f"nullif(trim(file.{quoted(name)}), '') AS {quoted(name)}"
        if name in have
        else f"NULL::VARCHAR AS {quoted(name)}"
        for name in wanted
    ]
    listed += [
        f"nullif(trim(file.{quoted(name)}), '') AS {quoted(name)}"
        for name in layout.ended(names, layout.endings)
    ]
    listed += [f"{sql(have)} AS {quoted(name)}" for name, sql in layout.derives.items()]
    return ", ".join(listed)
