"""The joint share of two conditions that load on the shared factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]

_NODES = 48  # of the integral over the correlation; more change no digit of a shown result


def joint_share(first: Shares | float, second: Shares | float, product: float) -> Shares:
    """Return the share of people who have both of two conditions.

    The normal scores of the two are correlated by the product of their loadings.

    Args:
        first: shares of the one, in [0, 1]; any shape.
        second: shares of the other, of the same shape.
        product: of their loadings, in [0, 1].

    Returns:
        float64, the shape of the shares, in [0, 1].

    >>> joint_share(0.821, 0.772, 0.4457).round(3).item(), joint_share(0.5, 0.5, 1.0).item()
    (0.675, 0.5)
    """
    one, other = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
    independent = one * other
    if product >= 1:
        smaller: Shares = np.minimum(one, other)
        return smaller
    inside = (one > 0) & (one < 1) & (other > 0) & (other < 1)
    joint: Shares = np.where(inside, independent + _excess(one, other, product), independent)
    return joint


def _excess(first: Shares, second: Shares, product: float) -> Shares:
    """Return how much larger the joint share is than that of independent conditions.

    The mass of a bivariate normal grows with its correlation by its own density (Plackett 1954,
    Biometrika 41:351): integrated over the angle whose sine is the correlation.
    """
    from scipy.special import ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    angle = np.arcsin(product)
    angles = (nodes + 1) * angle / 2
    h = ndtri(np.clip(first, 1e-15, 1 - 1e-15))[..., None]
    k = ndtri(np.clip(second, 1e-15, 1 - 1e-15))[..., None]
    height = np.exp(-(h**2 + k**2 - 2 * h * k * np.sin(angles)) / (2 * np.cos(angles) ** 2))
    excess: Shares = (height * weights).sum(axis=-1) * angle / (4 * np.pi)
    return excess
