"""TrialSim: sites, subject identifiers, and the outcome of adverse events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.tables import Coded

REFUSED = "consent refused"
STATUSES = (
    "consented", "screen failure", "screened", "ongoing", "completed", "discontinued", "withdrawn",
    "died", REFUSED,
)  # fmt: skip
"""Status of a subject at the end of the data."""

SERIOUS_FROM = 4
"""Grades that are serious by definition (ICH E2A, 1994): life-threatening (4) and fatal (5)."""
FATAL = 5
RECOVERED, NOT_RECOVERED, DIED = "recovered/resolved", "not recovered/not resolved", "fatal"
"""Outcomes in the words of CDISC's controlled terminology (OUT)."""


def sites(u: NDArray[np.float64], count: int) -> Coded:
    """Return the site of each person, 001, 002 and so on, all equally likely.

    Args:
        u: uniforms, float64, shape (n,).
        count: how many sites enrol.
    """
    names = tuple(f"{number:03d}" for number in range(1, count + 1))
    return Coded(np.minimum(np.floor(u * count), count - 1).astype(np.int32), names)


def subject_numbers(person_id: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return the subject number: the person's id in ten digits or more; S12, shape (n,).

    >>> subject_numbers(np.array([123401])).tolist()
    [b'0000123401']
    """
    return np.strings.zfill(person_id.astype("S12"), 10)


def unique_ids(trial: str, site: Coded, number: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    """Return unique subject identifiers: trial, site and subject number; bytes, shape (n,).

    >>> unique_ids("SYN-301", Coded.of(["012"]), np.array([b"0000123401"])).tolist()
    [b'SYN-301-012-0000123401']
    """
    heads = np.array([f"{trial}-{name}-".encode() for name in site.vocabulary])
    return np.strings.add(heads[site.codes], number)


REASONS = ("death", "life-threatening", "hospitalization", "other medically important")
"""Why an adverse event is serious (ICH E2A), the gravest first."""


def reasons_of_seriousness(
    serious: NDArray[np.bool_], grade: NDArray[np.int32], stayed: NDArray[np.bool_]
) -> Coded:
    """Return why adverse events are serious; no value for those that are not.

    Args:
        serious: bool, shape (n,).
        grade: CTCAE grade, int32.
        stayed: bool, whether there was a stay in hospital for it.
    """
    codes = np.where(stayed, REASONS.index("hospitalization"), len(REASONS) - 1)
    codes = np.where(grade >= SERIOUS_FROM, REASONS.index("life-threatening"), codes)
    codes = np.where(grade >= FATAL, REASONS.index("death"), codes)
    return Coded(np.where(serious, codes, -1).astype(np.int32), REASONS)


def outcomes(stated: Coded, grade: NDArray[np.int32], over: NDArray[np.bool_]) -> Coded:
    """Return the outcome of adverse events.

    Args:
        stated: the outcome that the specification gives; no value where it gives none.
        grade: CTCAE grade, int32, shape (n,); grade 5 is fatal, whatever is stated.
        over: whether the event has an end within the trial.
    """
    words = tuple(dict.fromkeys((*stated.vocabulary, RECOVERED, NOT_RECOVERED, DIED)))
    usual = np.where(over, words.index(RECOVERED), words.index(NOT_RECOVERED))
    codes = np.where(stated.codes < 0, usual, stated.codes)
    codes = np.where(grade >= FATAL, words.index(DIED), codes)
    return Coded(codes.astype(np.int32), words)
