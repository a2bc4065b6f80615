"""Which analyte a word is: the name of a state variable or an attribute."""

from __future__ import annotations

from functools import cache

from healthsim.medicine.analytes import tabled
from healthsim.medicine.datafiles import rows
from healthsim.medicine.derivation import derived


@cache
def analyte_named(word: str) -> str | None:
    """Return the key of the analyte that a state or attribute of this name is, if of any.

    >>> analyte_named("anc"), analyte_named("egfr"), analyte_named("fev1")
    ('neutrophils', 'egfr', None)
    """
    if word in tabled() or word in derived():
        return word
    for key, analyte in tabled().items():
        if word in analyte.states:
            return key
    return _other_words().get(word)


@cache
def _other_words() -> dict[str, str]:
    """Return words for computed analytes: `data/words.csv`."""
    return {word: row["key"] for row in rows("words.csv") for word in row["words"].split()}
