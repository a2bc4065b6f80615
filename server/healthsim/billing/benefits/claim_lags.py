"""When payers receive, decide and pay claims: distributions of days, as tables of quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.dates import Days, next_business_day

LEVELS = 4096
"""Steps of a uniform number that are told apart; what is left of it is another one."""

_LATE = 90  # days after which a bill counts as late
_RUNS = 5  # a payer pays once a week, on one of the days from Monday to Friday
_MONDAY = 4  # 1970-01-05, in days since 1970-01-01


def received_and_decided(
    u: NDArray[np.float64], last: Days, institutional: NDArray[np.bool_]
) -> tuple[Days, Days]:
    """Return the days on which claims are received and decided, int32, shape (n,).

    Args:
        u: float64 in (0, 1), shape (n,); one number gives both.
        last: int32, last day of the service.
        institutional: bool, an 837I.

    >>> received, decided = received_and_decided(
    ...     np.array([0.5]), np.array([20_000], np.int32), np.array([False])
    ... )
    >>> int(received[0]), int(decided[0]) > int(received[0])
    (20004, True)
    """
    level = np.floor(u * LEVELS)
    rest = u * LEVELS - level
    place = level.astype(np.intp)
    wait = np.where(institutional, receipt_days("837I")[place], receipt_days("837P")[place])
    received = last + wait
    decided = received + decision_days()[np.floor(rest * LEVELS).astype(np.intp)]
    return received.astype(np.int32), decided.astype(np.int32)


def paid_on(decided: Days, received: Days, plan: NDArray[np.int32], payers: Payers) -> Days:
    """Return the day of the payment run of each claim, int32, shape (n,).

    A payer pays once a week; a run that falls on a federal holiday is made on the next business
    day.

    Args:
        decided: int32, day of the decision.
        received: int32, day of receipt; Medicare pays nothing before its payment floor.
        plan: int32, plan number.
        payers: of the plans.
    """
    floor, weekday = payers
    ready = np.maximum(decided, received + floor[plan])
    run = ready + (weekday[plan] - (ready - _MONDAY)) % 7
    return next_business_day(run.astype(np.int32))


Payers = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Payment floor in days, and weekday of the payment run (0 Monday), by plan number."""


def payers(names: Sequence[str], kinds: Sequence[str]) -> Payers:
    """Return the payers of plans: the weekday is a hash of the plan's name."""
    floors = [int(_figures().get(kind, {}).get("payment_floor", "0")) for kind in kinds]
    days = [blake2b(name.encode(), digest_size=1).digest()[0] % _RUNS for name in names]
    return np.array(floors, dtype=np.int32), np.array(days, dtype=np.int32)


@cache
def receipt_days(form: str) -> NDArray[np.int32]:
    """Return the quantiles of days from the last service to receipt, int32, shape (LEVELS,).

    Lognormal; the last ones, a share of their own, are late, up to the limit of filing.
    """
    from scipy.special import ndtri  # noqa: PLC0415  (heavy, and used once)

    figures = {name: float(value) for name, value in _figures()[form].items()}
    u = (np.arange(LEVELS) + 0.5) / LEVELS
    punctual = 1 - figures["late_share"]
    usual = figures["receipt_median"] * np.exp(
        figures["receipt_sigma"] * ndtri(np.minimum(u / punctual, 1 - 0.5 / LEVELS))
    )
    ratio = figures["late_most"] / _LATE
    late = _LATE * ratio ** np.clip((u - punctual) / figures["late_share"], 0, 1)
    days = np.where(u > punctual, late, np.clip(usual, 1, _LATE))
    return np.floor(np.round(days, 6)).astype(np.int32)


@cache
def decision_days() -> NDArray[np.int32]:
    """Return the quantiles of days from receipt to decision, int32, shape (LEVELS,)."""
    figures = {name: float(value) for name, value in _figures()["decision"].items()}
    points = [figures[name] for name in ("first", "by_60", "by_95", "last")]
    u = (np.arange(LEVELS) + 0.5) / LEVELS
    return np.floor(np.round(np.interp(u, [0, 0.6, 0.95, 1], points), 6)).astype(np.int32)


@cache
def _figures() -> Mapping[str, Mapping[str, str]]:
    figures: dict[str, dict[str, str]] = {}
    for row in rows("claim_lags.csv"):
        figures.setdefault(row["subject"], {})[row["parameter"]] = row["value"]
    return figures
