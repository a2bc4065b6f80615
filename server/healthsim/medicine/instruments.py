"""Questionnaires that are screened with: their items, answers and what a total means."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

NEEDS = "AHC HRSN"
"""The instrument whose answers are needs; the others have totals."""


class AnswerOption(NamedTuple):
    """One answer of an item.

    Attributes:
        code: LOINC answer.
        value: points; -1 where answers have none.
        share: of people who give it, 0 to 1; the first answer is that of the rest.
        codes: beginnings of ICD-10-CM codes of those who give it.
    """

    code: str
    text: str
    value: int
    share: float
    codes: tuple[str, ...]


class Item(NamedTuple):
    """One question; `weight` is how much of a total it usually has, relative to others."""

    number: int
    loinc: str
    question: str
    weight: float
    answers: tuple[AnswerOption, ...]


class Instrument(NamedTuple):
    """A questionnaire.

    Attributes:
        name: as people say it; unique.
        loinc, display: of the panel.
        total: LOINC code of the total; empty where there is none.
        meanings: (lowest total, what it means), ascending.
        items: in their order.
    """

    name: str
    loinc: str
    display: str
    total: str
    meanings: tuple[tuple[int, str], ...]
    items: tuple[Item, ...]


@cache
def instruments() -> dict[str, Instrument]:
    """Return the questionnaires by name, in the order of the table.

    >>> [len(one.items) for one in instruments().values()]
    [9, 2, 7, 3, 6]
    """
    found: dict[str, Instrument] = {}
    for row in rows("screenings.csv"):
        name = row["instrument"]
        known = found.get(name)
        meaning = ((int(row["from_score"]), row["interpretation"]),) if row["from_score"] else ()
        found[name] = Instrument(
            name, row["loinc"], row["display"], row["total"],
            (*known.meanings, *meaning) if known else meaning,
            known.items if known else _items(name),
        )  # fmt: skip
    return found


def _items(name: str) -> tuple[Item, ...]:
    answers: dict[tuple[int, str, str, float], list[AnswerOption]] = {}
    for row in rows("screening_items.csv"):
        if row["instrument"] == name:
            item = (int(row["item"]), row["loinc"], row["question"], float(row["weight"] or 1))
            answers.setdefault(item, []).append(AnswerOption(
                row["answer_code"], row["answer"], int(row["value"] or -1),
                float(row["share"] or 0), tuple(one for one in row["codes"].split(";") if one),
            ))  # fmt: skip
    return tuple(Item(*item, tuple(options)) for item, options in answers.items())
