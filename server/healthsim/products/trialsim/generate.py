"""TrialSim: who a subject is, and what a subject's end and an adverse event's course say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.tables import Coded

STATUSES = (
    "consented", "screen failure", "screened", "ongoing", "completed", "discontinued", "withdrawn",
    "died",
)  # fmt: skip
"""What a subject can be at the end of the data."""

SERIOUS_FROM = 4
"""Grades that are serious by definition (ICH E2A, 1994): life-threatening (4) and fatal (5)."""
FATAL = 5
RECOVERED, NOT_RECOVERED, DIED = "recovered/resolved", "not recovered/not resolved", "fatal"
"""Outcomes in the words of CDISC's controlled terminology (OUT)."""


def sites(u: NDArray[np.float64], count: int) -> Coded:
    """Return everyone's site, each as likely as another: 001, 002 and on.

    Args:
        u: uniforms, float64, shape (n,).
        count: how many sites enrol.
    """
    names = tuple(f"{number:03d}" for number in range(1, count + 1))
    return Coded(np.minimum(np.floor(u * count), count - 1).astype(np.int32), names)


def subject_numbers(person_id: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return the person's number in ten digits, which no two persons share.

    >>> subject_numbers(np.array([123401])).tolist()
    [b'0000123401']
    """
    return np.strings.zfill(person_id.astype("S10"), 10)


def unique_ids(trial: str, site: Coded, number: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    """Return unique subject identifiers.

    >>> unique_ids("SYN-301", Coded.of(["012"]), np.array([b"0000123401"])).tolist()
    [b'SYN-301-012-0000123401']
    """
    heads = np.array([f"{trial}-{name}-".encode() for name in site.vocabulary])
    return np.strings.add(heads[site.codes], number)


def outcomes(said: Coded, grade: NDArray[np.int32], over: NDArray[np.bool_]) -> Coded:
    """Return how adverse events came out.

    Args:
        said: what the specification says; no value where it says nothing.
        grade: CTCAE grade, int32, shape (n,); grade 5 is death, whatever is said.
        over: whether the event has an end within the trial.
    """
    words = tuple(dict.fromkeys((*said.vocabulary, RECOVERED, NOT_RECOVERED, DIED)))
    usual = np.where(over, words.index(RECOVERED), words.index(NOT_RECOVERED))
    codes = np.where(said.codes < 0, usual, said.codes)
    codes = np.where(grade >= FATAL, words.index(DIED), codes)
    return Coded(codes.astype(np.int32), words)
