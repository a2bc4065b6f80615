"""One small change for each arm of the rule of what raised readings show."""

from __future__ import annotations

from audit.tampering import Tampering
from audit.tampering import _one as one

_READ = "problem list: what raised readings show begins when they show it"

OF_READINGS = (
    Tampering((_READ,), (one("conditions", "onset_date = onset_date - 1, "
                             "recorded_date = recorded_date - 1", "code = 'O13.3'"),)),
    *(Tampering((_READ,), (one("vital_signs", "value = 139",
                               f"loinc = '8480-6' AND value = {value}"),))
      for value in (144, 150)),
    Tampering((), (one("vital_signs", "value = 165", "loinc = '8480-6' AND value = 144"),
                   one("vital_signs", "value = 139", "loinc = '8480-6' AND value = 150"))),
)  # fmt: skip
