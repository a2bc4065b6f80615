"""What coders add to a visit's diagnoses, and in which order the codes stand.

The rules are rows of ``data/code_order.csv``, ``data/long_term_drugs.csv`` and
``data/poa_exempt.csv``; those of pregnancies are in `obstetrics`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.errors import Problem, SpecError
from healthsim.medicine.datafiles import rows

_ORDER, _DRUGS, _EXEMPT = "code_order.csv", "long_term_drugs.csv", "poa_exempt.csv"
_ADDS = ("", "first", "then", "both")
MOST_CODES = 25
"""Diagnoses that a claim of a facility has room for, and so an encounter's."""

_LONGEST = 8
_SEVENTH = 7  # characters of a code that has a seventh one, without its dot


@dataclass(frozen=True)
class OrderRule:
    """Two kinds of codes of which one stands before the other.

    Attributes:
        first, then: beginnings of codes.
        add: which of them is stated too where the other is and the person has both: first, then,
            both, or "" for neither.
    """

    first: str
    then: str
    add: str = ""

    def is_behind(self, code: str) -> bool:
        """Tell whether a code is one of those that stand behind."""
        return code.startswith(self.then)


@dataclass(frozen=True)
class LongTermDrug:
    """A code that says that a drug is taken for long.

    Attributes:
        code: of Z79.
        drugs: names, ingredients or classes of the drug book.
        beside: beginnings of codes, one of which the visit states.
    """

    code: str
    drugs: frozenset[str]
    beside: tuple[str, ...]

    def is_of(self, ingredient: str, drug: str) -> bool:
        """Tell whether it says that a drug is taken, by ingredient and name in the drug book."""
        known = drugs().rows.get(drug)
        names = {ingredient, drug, known.drug_class if known is not None else ""}
        return not self.drugs.isdisjoint(names)


@cache
def order_rules() -> tuple[OrderRule, ...]:
    """Return the rules of order, in the order in which they are applied.

    Raises:
        SpecError: a row says to add something else than first, then or both.
    """
    found = []
    for number, row in enumerate(rows(_ORDER), 2):
        if row["add"] not in _ADDS:
            raise SpecError([Problem(f"{_ORDER}, line {number}: add", f"is {row['add']!r}",
                                     "write first, then, both, or nothing")])  # fmt: skip
        found.append(OrderRule(row["first"], row["then"], row["add"]))
    return tuple(found)


@cache
def long_term_drugs() -> tuple[LongTermDrug, ...]:
    """Return the codes of drugs that are taken for long.

    Raises:
        SpecError: a code is in no book, or a drug is no name, ingredient or class of the drug book.
    """
    book = drugs().rows.values()
    known = {name for drug in book for name in (drug.display, drug.ingredient, drug.drug_class)}
    found = []
    for number, row in enumerate(rows(_DRUGS), 2):
        where, names = f"{_DRUGS}, line {number}", row["drugs"].split("|")
        unknown = [name for name in names if name not in known]
        if unknown or row["code"] not in icd10cm():
            what = f"knows no drug {unknown[0]!r}" if unknown else f"knows no code {row['code']!r}"
            raise SpecError([Problem(where, what, "name it as the book does")])
        found.append(LongTermDrug(row["code"], frozenset(names), tuple(row["with"].split("|"))))
    return tuple(found)


@lru_cache(maxsize=65_536)
def with_partners(stated: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return a visit's codes with those that must stand beside them, as far as they are held.

    Args:
        stated: the codes of a visit.
        held: all that the person has, as it is coded.

    >>> with_partners(("I50.23",), ("I11.0", "I50.23", "E78.5"))
    ('I50.23', 'I11.0')
    """
    codes, before = list(stated), 0
    while before != len(codes):
        before = len(codes)
        for rule in order_rules():
            codes += _missing(rule.then, rule.first, rule.add in ("first", "both"), codes, held)
            codes += _missing(rule.first, rule.then, rule.add in ("then", "both"), codes, held)
    return tuple(codes)


def _missing(
    stated: str, asked: str, applies: bool, codes: list[str], held: Iterable[str]
) -> list[str]:
    if not applies or not any(code.startswith(stated) for code in codes):
        return []
    if any(code.startswith(asked) for code in codes):
        return []
    return [code for code in held if code.startswith(asked)]


@lru_cache(maxsize=65_536)
def in_coding_order(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return codes in the order that the classification asks for; else their order stays.

    >>> in_coding_order(("I50.23", "E78.5", "I11.0"))
    ('I11.0', 'I50.23', 'E78.5')
    """
    ordered = list(codes)
    for rule in order_rules():
        later = [place for place, code in enumerate(ordered) if code.startswith(rule.then)]
        if not later:
            continue
        late = [code for place, code in enumerate(ordered)
                if code.startswith(rule.first) and place > later[0]]  # fmt: skip
        rest = [code for code in ordered if code not in late]
        ordered = [*rest[: later[0]], *late, *rest[later[0] :]]
    return tuple(ordered)


@cache
def _exempt() -> dict[str, str]:
    return {row["prefix"]: row["seventh"] for row in rows(_EXEMPT)}


@lru_cache(maxsize=65_536)
@cache
def arises_in_operations() -> tuple[str, ...]:
    """Return the beginnings of diagnoses that an operation of the stay brings about.

    One that begins on the day of the operation was not present on admission (guidelines,
    appendix I: conditions that develop during an outpatient encounter or an operation).

    >>> "D62" in arises_in_operations(), "N17" in arises_in_operations()
    (True, False)
    """
    return tuple(row["code"] for row in rows("arise_in_operations.csv"))


def is_exempt_from_poa(code: str) -> bool:
    """Tell whether a code needs no indicator that it was present on admission.

    >>> is_exempt_from_poa("I25.2"), is_exempt_from_poa("I21.4"), is_exempt_from_poa("S52.501D")
    (True, False, True)
    """
    known, plain = _exempt(), code.replace(".", "")
    seventh = plain[-1] if len(plain) == _SEVENTH else ""
    for length in range(min(len(code), _LONGEST), 0, -1):
        letters = known.get(code[:length])
        if letters is not None:
            return not letters or (seventh != "" and seventh in letters)
    return False


_LEFT = ("Z89", "Z90", "Z93", "Z94", "Z95", "Z96", "Z98")


def leaves_state(code: str) -> bool:
    """Tell whether a code is a state that an operation leaves; its own encounter does not state it.

    A status is of the past (ICD-10-CM guidelines I.C.21.c.3); what the encounter itself replaces,
    removes or puts in, its procedures say.

    >>> leaves_state("Z96.651"), leaves_state("Z99.2"), leaves_state("I25.2")
    (True, False, False)
    """
    return code.startswith(_LEFT)
