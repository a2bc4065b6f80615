"""Attributes of a profile: what was asked for, and what the table of attributes holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from healthsim.audit.comparison import (
    Comparison,
    compare_exact,
    compare_within,
    got_only,
    not_judged,
    share,
)
from healthsim.audit.expected import labels_of_each, spread
from healthsim.audit.people import ColumnNotStored, StoredPeople
from healthsim.specification.distributions.kinds import Categorical, Constant, Distribution
from healthsim.specification.profiles.profile import Correlation, ProfileSpec
from healthsim.tables import Coded

_NO_TABLE = "the file has no table of attributes"
_FEW = 30  # different values below which ties make a rank correlation smaller than the asked one
_RANK_ERROR = 1.03  # times 1 / sqrt(n - 3), of Fisher's z of a rank correlation: Fieller (1957)


def attributes_compared(profile: ProfileSpec, people: StoredPeople) -> Iterator[Comparison]:
    """Yield each attribute's shares, or its mean and spread, and the correlations."""
    for name, distribution in profile.attributes.items():
        try:
            values = people.name(name)
        except ColumnNotStored:
            yield not_judged(f"attribute {name}", _NO_TABLE)
            continue
        if isinstance(values, Coded):
            yield from labels_compared(f"attribute {name}", distribution, values, people)
        else:
            yield from _numbers(name, distribution, values, people)
    for correlation in profile.correlations:
        yield _correlation(profile, correlation, people)


def labels_compared(
    what: str, distribution: Distribution, labels: Coded, people: StoredPeople
) -> Iterator[Comparison]:
    """Compare how often each label was got with how often it was asked, and count all others.

    Args:
        what: what has the labels, as the rows name it.
        distribution: as it is stated.
        labels: of the people, shape (n,).
        people: who have them.
    """
    exact = distribution.exactly if isinstance(distribution, Categorical) else None
    if exact is not None:
        for label, count in exact.items():
            yield compare_exact(f"{what} {label}", count, int(labels.equals(label).sum()))
        return
    try:
        chances = labels_of_each(distribution, people)
    except ColumnNotStored:
        for label in labels.vocabulary:
            yield got_only(f"{what} {label}", labels.equals(label))
        return
    for label, each in chances.items():
        yield share(f"{what} {label}", each, labels.equals(label))
    unexpected = sorted(set(labels.vocabulary) - chances.keys())
    if unexpected:
        count = sum(int(labels.equals(label).sum()) for label in unexpected)
        yield compare_exact(f"{what}: other than asked", 0, count)


def _numbers(
    name: str, distribution: Distribution, values: NDArray[np.float64], people: StoredPeople
) -> Iterator[Comparison]:
    known = values[~np.isnan(values)]
    if not len(known):
        yield not_judged(f"attribute {name}", "nobody has it")
        return
    mean, sd = float(known.mean()), float(known.std())
    what = f"attribute {name}: mean", f"attribute {name}: standard deviation"
    try:
        expected = spread(distribution, people, integers=False)
    except ColumnNotStored:
        why = "it depends on what no table stores"
        yield not_judged(what[0], why, round(mean, 4))
        yield not_judged(what[1], why, round(sd, 4))
        return
    missing = (people.size / len(known)) ** 0.5
    yield compare_within(what[0], expected.mean, mean, expected.mean_error * missing)
    if not isinstance(distribution, Constant):
        yield compare_within(what[1], expected.sd, sd, expected.sd_error * missing)


def _correlation(
    profile: ProfileSpec, correlation: Correlation, people: StoredPeople
) -> Comparison:
    """Compare a rank correlation, in the scale of Fisher's z."""
    first, second = correlation.between
    what = f"rank correlation of {first} and {second}"
    try:
        values = [people.name(name) for name in correlation.between]
    except ColumnNotStored:
        return not_judged(f"{what}, {correlation.rank:g}", _NO_TABLE)
    one, other = (_as_numbers(each) for each in values)
    known = ~(np.isnan(one) | np.isnan(other))
    one, other = one[known], other[known]
    if len(one) < 10:
        return not_judged(f"{what}, {correlation.rank:g}", "too few people have both")
    got = float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])
    if not all(profile.attributes[name].unconditional for name in correlation.between):
        why = "it is of people of whom all else is the same"
        return not_judged(f"{what}, {correlation.rank:g}", why, round(got, 4))
    if min(len(np.unique(one)), len(np.unique(other))) < _FEW:
        why = "with so few different values ties make it smaller"
        return not_judged(f"{what}, {correlation.rank:g}", why, round(got, 4))
    error = 3 * _RANK_ERROR / (len(one) - 3) ** 0.5
    low, high = np.tanh(np.arctanh(correlation.rank) + np.array([-error, error])).tolist()
    shown = round(got, 4), round(low, 4), round(high, 4)
    return Comparison(what, correlation.rank, *shown, low <= got <= high)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return everyone's rank, float64; equal values have the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place], dtype=np.float64)


def _as_numbers(values: NDArray[np.float64] | Coded) -> NDArray[np.float64]:
    if isinstance(values, Coded):
        return np.where(values.codes < 0, np.nan, values.codes.astype(np.float64))
    return values
