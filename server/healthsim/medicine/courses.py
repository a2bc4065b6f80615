"""One effect in time and by person, as columns."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from healthsim.medicine.analytes import Analyte
from healthsim.medicine.effects import Effect, PregnancyCurve
from healthsim.medicine.setpoints import Floats

RESPONSE_SD = 0.3  # assumption: people's responses to one cause differ by a third
_MOST_SPREAD = 0.8  # of the logarithm, to which responses to one cause spread: assumption, peptides
# and enzymes of one illness differ threefold between most people, whatever their usual rise is
_LEAST_SHARE = 0.05  # of the middle that an amount may leave on a logarithmic scale


def shift(op: str, size: float | Floats, analyte: Analyte, middle: Floats) -> Floats:
    """Return an effect's size in units of the analyte's scale.

    Args:
        op: ``*`` or ``+``.
        size: factor, or amount in the analyte's unit.
        analyte: that is moved.
        middle: healthy middle in units of the scale: `setpoints.Spread.middle`.
    """
    sizes = np.asarray(size, dtype=np.float64)
    if analyte.scale == "l":
        if op == "*":
            moved: Floats = np.broadcast_to(np.log(sizes), middle.shape)
            return moved
        return np.log(np.maximum(1 + sizes / np.exp(middle), _LEAST_SHARE))
    if op == "*":
        return (sizes - 1) * middle
    return np.broadcast_to(sizes, middle.shape)


def weight(effect: Effect, since: Floats, after: Floats) -> Floats:
    """Return how much of an effect there is.

    Args:
        effect: with its lead, onset, hold, off and shape.
        since: days since its cause began; negative before.
        after: days since the cause ended; NaN while it lasts.

    Returns:
        Shares, 0 to 1.
    """
    begun = since + effect.lead
    if effect.shape == "bell":
        bell = np.exp(-0.5 * ((begun - effect.onset) / effect.off) ** 2)
        return np.where(begun >= 0, bell, 0.0)
    risen: Floats = np.clip(begun / effect.onset if effect.onset else 1.0 * (begun >= 0), 0.0, 1.0)
    over = np.where(np.isnan(after), -1.0, after)
    if not np.isnan(effect.hold):
        over = np.maximum(over, begun - effect.onset - effect.hold)
    if np.isnan(effect.off):
        return np.where(over >= 0, 0.0, risen) if effect.kind == "condition" else risen
    if not effect.off:
        return np.where(over <= 0, risen, 0.0)
    left: Floats = risen * np.exp(-np.maximum(over, 0.0) / effect.off)
    return left


def target(effect: Effect, rank: Floats) -> Floats:
    """Return the set points of an effect that replaces them.

    Args:
        effect: with op ``=``.
        rank: the person's normal among healthy people, so that the order of persons stays; its
            negative where the analyte is computed and falls when the drawn one rises.

    Returns:
        Set points in the analyte's unit: a normal distribution cut off at low and high.
    """
    ends = np.array([effect.low, effect.high])
    beyond = (ends - effect.size) / effect.sd
    low, high = ndtr(np.where(np.isnan(beyond), (-np.inf, np.inf), beyond))
    normal = ndtri(np.clip(low + ndtr(rank) * (high - low), 1e-12, 1 - 1e-12))
    found: Floats = np.round(effect.size + effect.sd * normal, 6)
    return found


def response(normal: Floats) -> Floats:
    """Return how strongly persons respond to a cause: 1 on average, never below 0."""
    strength: Floats = np.maximum(0.0, 1 + RESPONSE_SD * normal)
    return strength


def responded(sizes: Floats, strength: Floats, analyte: Analyte) -> Floats:
    """Return an effect's sizes as persons respond to it.

    Responses to large factors differ by less than a third: factors of a thousandth and a million
    would follow otherwise.

    Args:
        sizes: of the effect, from `shift`.
        strength: of the persons' responses.
        analyte: that is moved.
    """
    if analyte.scale != "l":
        return sizes * strength
    usual = np.maximum(RESPONSE_SD * np.abs(sizes), _MOST_SPREAD)
    return sizes * (1 + (strength - 1) * _MOST_SPREAD / usual)


def bounded(sizes: Floats, effect: Effect, analyte: Analyte) -> Floats:
    """Return an effect's sizes within its low and high, where it has them.

    Amounts (``+``) on a natural scale have both, factors (``*``) on a logarithmic one a greatest;
    other effects stay as they are.
    """
    if effect.op == "*" and analyte.scale == "l" and not np.isnan(effect.high):
        return np.minimum(sizes, np.log(effect.high))
    if effect.op != "+" or analyte.scale == "l":
        return sizes
    low = -np.inf if np.isnan(effect.low) else effect.low
    high = np.inf if np.isnan(effect.high) else effect.high
    return np.clip(sizes, low, high)


def pregnancy_size(curve: PregnancyCurve, weeks: Floats) -> Floats:
    """Return the factor or amount at weeks of gestation.

    Args:
        curve: of one analyte.
        weeks: of gestation; 0 or less is not pregnant.
    """
    nothing = 1.0 if curve.op == "*" else 0.0
    size: Floats = np.interp(
        weeks, np.concatenate([[0.0], curve.weeks]), np.concatenate([[nothing], curve.sizes])
    )
    return size
