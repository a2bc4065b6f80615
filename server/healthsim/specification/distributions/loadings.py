"""How often two conditions meet that load on the shared factor, and which loadings make them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]

_NODES = 48  # of the integral over the correlation; more change no digit that is shown
_HALVINGS = 40  # of the interval in which a product of loadings is sought


def joint_share(first: Shares | float, second: Shares | float, product: float) -> Shares:
    """Return the share who have both of two conditions.

    The two have normal scores that are correlated by the product of their loadings.

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
    apart = one * other
    if product >= 1:
        whole: Shares = np.minimum(one, other)
        return whole
    inside = (one > 0) & (one < 1) & (other > 0) & (other < 1)
    found: Shares = np.where(inside, apart + _beyond(one, other, product), apart)
    return found


def _beyond(first: Shares, second: Shares, product: float) -> Shares:
    """Return how much more often than by chance two conditions meet.

    The mass of a bivariate normal grows with its correlation by its own density (Plackett 1954,
    Biometrika 41:351): integrated over the angle whose sine is the correlation.
    """
    from scipy.special import ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    whole = np.arcsin(product)
    angles = (nodes + 1) * whole / 2
    h = ndtri(np.clip(first, 1e-15, 1 - 1e-15))[..., None]
    k = ndtri(np.clip(second, 1e-15, 1 - 1e-15))[..., None]
    height = np.exp(-(h**2 + k**2 - 2 * h * k * np.sin(angles)) / (2 * np.cos(angles) ** 2))
    found: Shares = (height * weights).sum(axis=-1) * whole / (4 * np.pi)
    return found


def product_for(first: float, second: float, joint: float) -> float:
    """Return the product of two loadings with which two shares meet in a joint share.

    Raises:
        ValueError: no product of loadings does, telling what can be had.

    >>> round(product_for(0.821, 0.772, 0.675), 3)
    0.446
    """
    least, most = first * second, min(first, second)
    if not least <= joint <= most:
        raise ValueError(
            f"shares of {first:g} and {second:g} meet in {least:.4g} (drawn apart) to {most:.4g}, "
            f"not in {joint:g}"
        )
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if float(joint_share(first, second, middle)) < joint:
            low = middle
        else:
            high = middle
    return (low + high) / 2
