"""Arms of the rules of tumours: each limit of RECIST, sums, and what they are compared with."""

from __future__ import annotations

from audit.arms import Arm, breaks, keeps, one

_SUM = "a sum of diameters is that of the lesions"
_AGAINST = "a tumour is compared with its first and its smallest sum"
_RESPONSE = "a response is that of RECIST"
_BEST = "the best response is the best so far"
_LATER = "response IS NOT NULL"


def _judged(total: int, baseline: int, nadir: int, new: str, response: str, rows: int) -> Arm:
    change = (f"sum_mm = {total}, baseline_sum_mm = {baseline}, nadir_sum_mm = {nadir}, "
              f"new_lesion = {new}, response = '{response}'")  # fmt: skip
    return Arm(_RESPONSE, (one("tumor_responses", change, _LATER),), rows)


OF_TUMORS = (
    *(_judged(*case) for case in (
        (0, 100, 50, "false", "CR", 0), (0, 100, 50, "false", "PR", 1),
        (70, 100, 70, "false", "PR", 0), (71, 100, 71, "false", "PR", 1),
        (71, 100, 71, "false", "SD", 0), (84, 100, 70, "false", "PD", 0),
        (83, 100, 70, "false", "PD", 1), (83, 100, 70, "false", "SD", 0),
        (14, 100, 10, "false", "PD", 1), (15, 100, 10, "false", "PD", 0),
        (50, 100, 50, "true", "PD", 0), (50, 100, 50, "true", "PR", 1))),
    breaks(_SUM, one("tumor_measurements", "diameter_mm = diameter_mm + 1")),
    breaks(_SUM, one("tumor_responses", "sum_mm = sum_mm - 1")),
    breaks(_AGAINST, one("tumor_responses", "baseline_sum_mm = baseline_sum_mm + 1", _LATER)),
    breaks(_AGAINST, one("tumor_responses", "nadir_sum_mm = nadir_sum_mm + 1", _LATER)),
    breaks(_AGAINST, one("tumor_responses", "response = NULL", _LATER)),
    breaks(_AGAINST, one("tumor_responses", "response = 'SD'", "response IS NULL")),
    breaks(_BEST, one("tumor_responses", "best_response = NULL", _LATER)),
    breaks(_BEST, one("tumor_responses", "best_response = 'PD'", "best_response <> 'PD'")),
    keeps(_BEST, one("tumor_responses", "new_lesion = NOT new_lesion")),
)  # fmt: skip
