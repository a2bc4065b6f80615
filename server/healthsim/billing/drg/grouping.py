"""A stay's diagnosis related group, derived from its diagnoses and procedures.

The tables are those of the MS-DRG definitions (decision 0048); a group that they do not give is
not guessed: the stay is not grouped, and the reason is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from healthsim.billing.drg.definitions import (
    MEDICAL,
    Complication,
    Diagnosis,
    Family,
    clusters_with,
    complication,
    diagnosis,
    excluding,
    families,
    holds_in,
    procedure,
    statuses,
)

_BEFORE, _TRAUMA, _HIV, _PREGNANCY = "PRE", "24", "25", "14"
_SEX = {"12": "M", "13": "F"}
_NO_GROUP = frozenset({"998", "999"})  # what the definitions call a stay that cannot be grouped
_UNRELATED = {True: ("981", "982", "983"), False: ("987", "988", "989")}  # extensive, or not
_ROUNDS = 3  # a group may take away what counts as a complication, which may change the group


@dataclass(frozen=True)
class Stay:
    """What a stay is grouped by.

    Attributes:
        principal: ICD-10-CM code; "" where there is none.
        secondary: the other codes, in order.
        late: those of them that were not present on admission.
        procedures: ICD-10-PCS codes.
        sex: F or M; others have no group where the definitions ask.
        status: patient discharge status (UB-04 FL17).
        version: position of the version in `drg_versions.csv`.
    """

    principal: str
    secondary: tuple[str, ...] = ()
    late: frozenset[str] = frozenset()
    procedures: tuple[str, ...] = ()
    sex: str = ""
    status: str = "01"
    version: int = 0


@dataclass(frozen=True)
class Grouped:
    """The group of a stay.

    Attributes:
        drg: MS-DRG; None where the stay is not grouped.
        reason: why not; "" where it is.
        mdc: major diagnostic category; "" without one.
        severity: M with an MCC, C with a CC, "" without both.
    """

    drg: str | None
    reason: str = ""
    mdc: str = ""
    severity: str = ""


@lru_cache(maxsize=65_536)
def group(stay: Stay) -> Grouped:
    """Return the group of a stay.

    >>> group(Stay("I11.0", ("I50.23", "N17.9"), version=4)).drg
    '291'
    >>> group(Stay("I50.9", version=4)).drg
    '293'
    >>> group(Stay("")).reason
    'it has no principal diagnosis'
    """
    if not stay.principal:
        return Grouped(None, "it has no principal diagnosis")
    principal = diagnosis(stay.principal, stay.version)
    if principal is None or not principal.mdc:
        return Grouped(None, f"{stay.principal} is in no major diagnostic category")
    codes = tuple(code for code in dict.fromkeys(stay.secondary) if code != stay.principal)
    roles = _roles(stay, principal, codes)
    found = Grouped(None, "no rule of its category applies", principal.mdc)
    suppressed_by = ""
    for _ in range(_ROUNDS):
        severity = _severity(stay, codes, suppressed_by)
        found = _choose(stay, principal, roles, severity)
        if found.drg is None or found.drg == suppressed_by:
            break
        suppressed_by = found.drg
    return found


def complications(stay: Stay) -> dict[str, str]:
    """Return the stay's secondary diagnoses that count, with their level: M or C."""
    drg = group(stay).drg or ""
    return {code: counted.level for code in dict.fromkeys(stay.secondary)
            if (counted := _counted(stay, code, drg)) is not None}  # fmt: skip


def _roles(stay: Stay, principal: Diagnosis, codes: tuple[str, ...]) -> Counter[str]:
    """Return how often each role and each fact of a stay is there, severity apart."""
    roles = Counter(principal.principal)
    usual = True
    sited = 0
    for code in codes:
        other = diagnosis(code, stay.version)
        secondary = other.secondary if other is not None else {}
        roles.update(secondary)
        sited += any(role.startswith("24.") for role in secondary)
        usual &= "795.minor" in secondary
    sited += any(role.startswith("24.") and role != "24.principal" for role in principal.principal)
    sites = {role for role in roles if role.startswith("24.") and role != "24.principal"}
    roles["24.sites"] = len(sites) if sited > 1 else 0
    _add_procedures(stay, roles)
    said = statuses().get(stay.status, "")
    facts = {
        "alive": said != "died",
        "left": said == "left",
        "died_or_transferred": said in {"died", "transferred"},
        "unusual": not usual,
        "major": roles["extensive"] > roles["003.or"],
        "other_operation": roles["or"] > roles["768.except"],
    }
    roles.update({fact: int(holds) for fact, holds in facts.items()})
    return roles


def _add_procedures(stay: Stay, roles: Counter[str]) -> None:
    """Add the roles of the procedures: together first, then by themselves."""
    done = frozenset(stay.procedures)
    joined = {
        (cluster, role)
        for code in done
        for cluster, role, versions in clusters_with(code)
        if cluster <= done and holds_in(versions, stay.version)
    }
    roles.update(role for _, role in joined)
    revised = {code for cluster, role in joined if role == "466.operation" for code in cluster}
    for code in sorted(done):
        own = procedure(code, stay.version)
        roles.update({role: times for role, times in own.items()
                      if code not in revised or role in {"or", "extensive"}})  # fmt: skip


def _severity(stay: Stay, codes: tuple[str, ...], drg: str) -> str:
    levels = {counted.level for code in codes if (counted := _counted(stay, code, drg)) is not None}
    return "M" if "M" in levels else "C" if "C" in levels else ""


def _counted(stay: Stay, code: str, drg: str) -> Complication | None:
    """Return the complication that a secondary diagnosis counts as; None if as none."""
    found = complication(code, stay.version)
    if found is None or found.collection in excluding(stay.principal, stay.version):
        return None
    acquired = found.hospital_acquired and code in stay.late
    dead = found.alive_only and statuses().get(stay.status) == "died"
    return None if acquired or dead or drg in found.suppressed else found


def _choose(stay: Stay, principal: Diagnosis, roles: Counter[str], severity: str) -> Grouped:
    """Return the group, given the severity."""
    facts = {**roles, "mcc": int(severity == "M")}
    first = _best(families(_BEFORE), facts, stay.version)
    if first is not None:
        return _grouped(first, _BEFORE, severity)
    mdc = _category(principal, roles)
    if mdc in _SEX and stay.sex != _SEX[mdc]:
        return Grouped(None, f"{stay.principal} does not fit the patient's sex", mdc)
    best = _best(families(mdc), facts, stay.version)
    operations = roles["or"] - (roles["768.except"] if mdc == _PREGNANCY else 0)
    if operations > 0 and (best is None or best.ranks[stay.version] >= MEDICAL):
        drg = _of_severity(_UNRELATED[roles["extensive"] > 0], severity)
        return Grouped(drg, "", mdc, severity)
    if best is None:
        return Grouped(None, f"no rule of category {mdc} applies", mdc)
    return _grouped(best, mdc, severity)


def _category(principal: Diagnosis, roles: Mapping[str, int]) -> str:
    """Return the major diagnostic category: injuries of several sites and HIV come first."""
    if roles.get("24.principal") and roles.get("24.sites", 0) > 1:
        return _TRAUMA
    if roles.get("25.principal") and roles.get("974.hiv"):
        return _HIV
    return principal.mdc


def _best(rules: tuple[Family, ...], facts: Mapping[str, int], version: int) -> Family | None:
    """Return the rule of the lowest rank that applies."""
    applying = [rule for rule in rules if any(
        all(term.least <= facts.get(term.name, 0) <= term.most for term in terms)
        for terms in rule.when)]  # fmt: skip
    return min(applying, key=lambda rule: rule.ranks[version], default=None)


def _grouped(rule: Family, mdc: str, severity: str) -> Grouped:
    drg = _of_severity(rule.groups, severity)
    if drg in _NO_GROUP:
        return Grouped(None, "its principal diagnosis is none of a stay", mdc)
    return Grouped(drg, "", mdc, severity)


def _of_severity(groups: tuple[str, str, str], severity: str) -> str:
    return groups[("M", "C", "").index(severity)]
