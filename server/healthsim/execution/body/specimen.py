"""What is worked out for one collection: nothing in it is worked out twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.body.collection import Collection
from healthsim.execution.body.exposures import Acting
from healthsim.execution.body.latent import Latent
from healthsim.execution.body.pregnancy import PregnancyEffect


@dataclass(frozen=True, eq=False)
class Specimen(Collection):
    """A collection, with what is known of its analytes by key.

    Attributes:
        known: values as reported, float64, shape (n,).
        latent: where drawn analytes are.
        acting: the effects on each drawn analyte that was asked for.
        pregnancy: what pregnancy does to it.
    """

    known: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    latent: dict[str, Latent] = field(default_factory=dict)
    acting: dict[str, list[Acting]] = field(default_factory=dict)
    pregnancy: dict[str, list[PregnancyEffect]] = field(default_factory=dict)

    def fresh(self) -> Specimen:
        """Return the same collection, whose values are to be measured anew."""
        return replace(self, known={})
