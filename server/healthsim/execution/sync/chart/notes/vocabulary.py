"""Codes as a reader's words: classes of visits, units, panels, tests, ways to leave a hospital."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.diagnoses import icd10cm
from healthsim.execution.sync.chart.notes.phrases import Strings, constant
from healthsim.execution.sync.chart.notes.texts import recoded
from healthsim.tables import Coded


@cache
def _said() -> Mapping[tuple[str, str], str]:
    path = Path(__file__).parent / "data" / "words.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["kind"], row["word"]): row["said"] for row in csv.DictReader(file)}


def said_as(kind: str, column: Coded, otherwise: Callable[[str], str | None]) -> Strings:
    """Return what each row's code is called.

    Args:
        kind: of code, as in ``data/words.csv``.
        column: the codes.
        otherwise: what a code is called that the file does not have; null where None.
    """
    known = _said()
    texts = [known.get((kind, word), otherwise(word)) for word in column.vocabulary]
    return recoded(column, texts)


def nameless(_: str) -> None:
    """Return that a code is called nothing."""


def as_it_is(word: str) -> str:
    """Return a code with spaces for underscores."""
    return word.replace("_", " ")


def unit(column: Coded) -> Strings:
    """Return units with the space before them; nothing for what has none."""
    said = said_as("unit", column, lambda code: f" {code}")
    return said.fill_null(constant(""))


def panel_name(column: Coded, form: Callable[[str], str] = str) -> Strings:
    """Return the names of panels, in a form such as `lowered`."""
    known = _said()
    return recoded(column, [form(known.get(("panel", word), as_it_is(word).capitalize()))
                            for word in column.vocabulary])  # fmt: skip


def result_name(codes: Coded, displays: Mapping[str, str]) -> Strings:
    """Return short names of tests.

    Args:
        codes: LOINC codes.
        displays: their long names.
    """
    return said_as("result", codes, lambda code: shortened(displays.get(code) or code))


def usual_place(codes: Coded) -> NDArray[np.int64]:
    """Return where each test stands among others: as laboratories list them, others after."""
    places = {word: place for place, (kind, word) in enumerate(_said()) if kind == "result"}
    of_word = [places.get(code, len(_said())) for code in codes.vocabulary]
    return np.array([*of_word, len(_said())], dtype=np.int64)[codes.codes]


def shortened(name: str) -> str:
    """Return a LOINC name without what was measured of it and in which specimen.

    >>> shortened("Magnesium [Mass/volume] in Serum or Plasma")
    'magnesium'
    >>> shortened("Hemoglobin A/Hemoglobin.total in Blood")
    'hemoglobin A/Hemoglobin.total'
    """
    what = name.partition(" [")[0].partition(" in ")[0]
    return lowered(what)


def lowered(text: str) -> str:
    """Return a text that begins with a small letter, unless its first word is an abbreviation.

    >>> lowered("Chest film"), lowered("IgA"), lowered("PSA total")
    ('chest film', 'IgA', 'PSA total')
    """
    first = text.partition(" ")[0]
    return text if any(letter.isupper() for letter in first[1:]) else text[:1].lower() + text[1:]


def in_a_sentence(text: str) -> str:
    """Return the text of a diagnosis as one says it.

    >>> in_a_sentence("Chronic systolic (congestive) heart failure, unspecified")
    'chronic systolic heart failure'
    >>> in_a_sentence("Supervision of high risk pregnancy, unspecified, unspecified trimester")
    'high risk pregnancy'
    """
    text = text.removesuffix(", unspecified trimester").removesuffix(", unspecified")
    for supervision in ("Encounter for supervision of ", "Supervision of "):
        text = text.removeprefix(supervision)
    return lowered(text.replace(" (congestive)", ""))


def diagnosis(column: Coded, form: Callable[[str], str] = str) -> Strings:
    """Return the text of ICD-10-CM codes; the code where the book does not have it.

    Args:
        column: the codes.
        form: what is made of a text, such as `lowered` for one in the middle of a sentence.
    """
    book = icd10cm()
    return recoded(column, [form(book.rows[code].display) if code in book else code
                            for code in column.vocabulary])  # fmt: skip
