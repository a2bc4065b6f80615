"""Which conditions leave room for which others: questions about pairs of ICD-10-CM codes."""

from __future__ import annotations

from functools import lru_cache

from healthsim.codes.exact_codes import says_more
from healthsim.codes.icd10cm import COMBINATIONS, EXCLUDES, mutually_exclusive
from healthsim.medicine.problems import family, is_history, is_unspecified, stem, usual_course


@lru_cache(maxsize=4096)
def may_be_combined(prefix: str) -> bool:
    """Tell whether a combination code that begins so can come from codes that do not.

    >>> may_be_combined("I13"), may_be_combined("E11")
    (True, False)
    """
    return any(
        rule.becomes.startswith(prefix) and not rule.code.startswith(prefix)
        for rule in COMBINATIONS
    )


@lru_cache(maxsize=65_536)
def same_condition(first: str, second: str) -> bool:
    """Tell whether two codes are degrees of one condition, such as stages; only one is active."""
    return any(
        one == other and first.startswith(one) and second.startswith(one) for one, other in EXCLUDES
    )


def _says_more(held: str, new: str) -> bool:
    """Tell whether a lasting condition is stated anew, by a code that says more of it."""
    same = family(held) == family(new) and usual_course(new).kind == "lasting"
    return same and is_unspecified(held) and not is_unspecified(new)


@lru_cache(maxsize=65_536)
def is_replaced(held: str, new: str) -> bool:
    """Tell whether a condition ends where a new one begins.

    A lasting one replaces one of its category that says no more than that. An acute one
    replaces acute ones alone: a flare leaves the condition that it is a flare of. Of two acute
    ones that exclude each other the later takes the other's place, of whatever category.

    >>> is_replaced("E66.9", "E66.812"), is_replaced("E66.812", "E66.811")
    (True, True)
    >>> is_replaced("E66.812", "E66.9"), is_replaced("E78.5", "E78.00")
    (False, False)
    >>> is_replaced("M17.11", "M17.0"), is_replaced("M17.0", "M17.11")
    (True, False)
    >>> is_replaced("J20.9", "J20.0")
    False
    """
    if held == new or usual_course(held).ends != usual_course(new).ends:
        return False
    if same_condition(held, new) or _says_more(held, new) or says_more(new, held):
        return True
    if says_more(held, new) or not mutually_exclusive(held, new):
        return False
    if is_history(held) and not is_history(new):
        return True
    if family(held) == family(new) or usual_course(new).ends:
        return True
    return _of_pregnancies(held, new) and not _is_normal(new)


def _of_pregnancies(first: str, second: str) -> bool:
    return usual_course(first).kind == usual_course(second).kind == "pregnancy"


def _is_normal(code: str) -> bool:
    """Tell whether a code supervises a normal pregnancy, which one with a risk is no more."""
    return code.startswith("Z34")


@lru_cache(maxsize=65_536)
def leaves_no_room(held: str, stated: str) -> bool:
    """Tell whether a condition that a person has keeps a stated one from beginning."""
    if stem(held) == stem(stated):
        return False
    if says_more(held, stated):
        return True
    if family(held) == family(stated):
        return is_unspecified(stated) and not usual_course(held).ends
    if _of_pregnancies(held, stated):
        return mutually_exclusive(held, stated) and _is_normal(stated)
    if is_history(held):
        return False
    both_last = usual_course(held).kind == usual_course(stated).kind == "lasting"
    return both_last and mutually_exclusive(held, stated)
