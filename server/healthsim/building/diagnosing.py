"""Writes the conditions and drugs of a request into a profile."""

from __future__ import annotations

from typing import Any

from healthsim.building.customising import Customization
from healthsim.building.vocabulary import CONDITIONS, MEASURES
from healthsim.codes.pregnancy import is_of_pregnancy

YEARS_BEFORE = {"years_before": {"type": "gamma", "mean": 5, "sd": 4}}
"""Onset of a chronic condition that people have: assumption, as for most in the templates."""


IN_PREGNANCY = {"days_before": {"type": "uniform", "low": 0, "high": 42}}
"""Onset of a condition of pregnancy: assumption, as the check of such conditions suggests."""


def name_of(code: str) -> str:
    """Return what people call a condition, else its text in the book."""
    if code in CONDITIONS:
        return CONDITIONS[code][1]
    from healthsim.codes.diagnoses import icd10cm  # noqa: PLC0415  the book is large

    entry = icd10cm().entry(code)
    return entry.display if entry is not None else code


def clinical(work: Customization) -> None:
    """Write every condition: everybody's, a share's, as common as in the population, nobody's."""
    part = work.profile.setdefault("clinical", {})
    comorbidities = part.setdefault("comorbidities", [])
    for number, (code, share) in enumerate(work.request.conditions.items()):
        _condition(work, part, code, share, is_first=number == 0)
    for code in work.request.prevalent:
        _prevalent(work, part, code)
    for code in work.request.without:
        _without(work, part, code)
    if not comorbidities:
        del part["comorbidities"]
    for drug, share in work.request.drugs.items():
        part.setdefault("medications", [])
        part["medications"] = [item for item in part["medications"] if item.get("drug") != drug]
        part["medications"].append({"drug": drug, "share": share})
        work.settle(f"clinical.medications[{drug}]", f"{100 * share:g} %", ("drugs", drug))
    _control(work)


def _condition(
    work: Customization, part: dict[str, Any], code: str, share: float | None, *, is_first: bool
) -> None:
    primary = (part.get("primary") or {}).get("code")
    fact = ("conditions", code)
    if share is None and code.startswith(work.everyone or ("no code",)):
        work.settle("clinical", f"{name_of(code)}, as everybody in the template has it", fact)
        return
    if share is None and (code[:3] == (primary or "")[:3] or (is_first and primary is None)):
        _primary(work, part, code)
        return
    if code[:3] == (primary or "no")[:3]:
        work.refuse(f"everybody in the draft has {name_of(code)}", fact)
        return
    removed = _drop(part, code)
    given = 1.0 if share is None else share
    onset = {"onset": dict(IN_PREGNANCY)} if is_of_pregnancy(code) else {}
    loading = {key: item[key] for item in removed[:1] for key in ("loading",) if key in item}
    part["comorbidities"].append({"code": code, "share": given, **onset, **loading})
    note = f"{name_of(code)} in {100 * given:g} %"
    work.settle(f"clinical.comorbidities[{code}]", note, fact)


def _prevalent(work: Customization, part: dict[str, Any], code: str) -> None:
    """Give a condition the prevalence of the population of each person's place."""
    primary = (part.get("primary") or {}).get("code", "")
    measure, all_have = MEASURES.get(code), code.startswith(work.everyone or ("no code",))
    fact = ("prevalent", code)
    if measure is None or all_have or primary[:3] == code[:3]:
        work.refuse(
            "no figures are known, say a share" if measure is None else "everybody has it here",
            fact,
        )
        return
    _drop(part, code)
    share = {"type": "population", "measure": measure}
    part["comorbidities"].append({"code": code, "share": share})
    note = f"{name_of(code)} as in the population ({measure})"
    work.settle(f"clinical.comorbidities[{code}]", note, fact)


def _primary(work: Customization, part: dict[str, Any], code: str) -> None:
    """Give everybody a condition: the template's own if it is of that kind."""
    when = ""
    if not part.get("primary"):
        onset = _onset(part["comorbidities"], code)
        _drop(part, code)
        part["primary"] = {"code": code}
        if code not in CONDITIONS:
            when = ", found on the journey's first day"
        elif not work.request.newly:
            part["primary"]["onset"] = onset
            when = f", diagnosed years before (assumed: {_years(onset)})"
    elif work.request.newly:
        part["primary"]["onset"] = "journey"
        when = ", found on the journey's first day"
    own = part["primary"]["code"]
    if own != code and code not in CONDITIONS:
        part["primary"]["code"] = own = code  # the code itself was written
    work.settle("clinical.primary", f"{own} {name_of(code)}{when}", ("conditions", code))
    if work.request.newly:
        work.bound["newly", None] = ("clinical.primary", "newly diagnosed")


def _onset(comorbidities: list[dict[str, Any]], code: str) -> dict[str, Any]:
    """Return when people who "have" a condition got it: as the template says, or years before."""
    onsets = (item.get("onset") for item in comorbidities if item.get("code", "")[:3] == code[:3])
    return next(filter(None, onsets), dict(YEARS_BEFORE))


def _years(onset: dict[str, Any]) -> str:
    spread = onset.get("years_before") or {}
    return f"{spread['mean']:g} years on average" if "mean" in spread else "as the template says"


def _drop(part: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """Remove a condition wherever it stands, also among alternatives; return what it was."""
    removed = _parted(part["comorbidities"], code)
    single = part.get("one_of") or ()
    for group in single if single and isinstance(single[0], list) else (single,):
        removed += _parted(group, code) if group else []
    if "one_of" in part:
        alternatives = list(filter(None, part["one_of"]))
        part["one_of"] = alternatives
        if not alternatives:
            del part["one_of"]
    return removed


def _parted(items: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    """Remove the conditions of a kind from a list, and return them."""
    removed = [item for item in items if item.get("code", "")[:3] == code[:3]]
    items[:] = [item for item in items if item.get("code", "")[:3] != code[:3]]
    return removed


def _without(work: Customization, part: dict[str, Any], code: str) -> None:
    if _drop(part, code) or code not in work.request.conditions:
        work.settle("clinical.comorbidities", f"nobody has {name_of(code)}", ("without", code))
    else:
        work.refuse("everybody has it", ("without", code))


def _control(work: Customization) -> None:
    control = work.request.control
    if control is None:
        return
    labels = work.profile.get("attributes", {}).get("control")
    if isinstance(labels, dict) and control in labels.get("weights", labels):
        others = dict.fromkeys(labels.get("weights", labels), 0.0)
        weights = others | {control: 1.0}
        work.put("attributes.control", weights, f"all {control}", ("control", control))
    else:
        work.refuse("the draft has no attribute control", ("control", control))
