"""One small change for each rule of results in the first days of life."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

OF_RESULTS = (
    Tampering(("an interval of the first days is that of the hour of life",),
              (one("lab_results", "ref_high = 12", "loinc = '1975-2'"),)),
    Tampering(("a newborn's timed test waits for its hour of life",),
              (one("lab_results", "collected_at = collected_at - INTERVAL 10 HOUR, "
                   "ref_high = 5.9", "loinc = '1975-2'"),)),
)  # fmt: skip
