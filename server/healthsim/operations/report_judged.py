"""What a report says of requests and of an audit: a few lines, and the tables behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from healthsim.operations import auditing
from healthsim.operations.scored import Scored
from healthsim.report.facts import Grid, Part, Verdict
from healthsim.report.wording import counted

if TYPE_CHECKING:
    from healthsim.operations.auditing import AuditReport

_SCORED = ("figure", "published", "got", "tolerance", "verdict", "people", "source", "year")
_FATES = {
    "bound": "in the data",
    "changed": "changed later",
    "open": "left out",
    "not_built": "not built",
    "ignored": "left out",
}


def fates(wishes: Sequence[Mapping[str, Any]]) -> Grid | None:
    """Return the parts of the requests, and what became of each; a part said twice comes once."""
    rows = [
        (str(wish.get("words", "")), _FATES.get(str(wish.get("fate")), "left out"),
         _in_words(str(wish.get("note") or "")), str(wish.get("path") or ""))
        for wish in wishes
    ]  # fmt: skip
    told = [list(row) for row in dict.fromkeys(rows)]
    columns = ("words of the request", "fate", "as what, or why", "where in the specification")
    return Grid("What became of each part", columns, told, verdict=1) if told else None


def _in_words(note: str) -> str:
    """Return a note of the ledger; a value of the specification is said in words.

    >>> _in_words('{"type": "uniform", "low": 2, "high": 17}'), _in_words("as drafted")
    ('uniform: low 2, high 17', 'as drafted')
    >>> _in_words('{"cut": [1, 2...')
    'as the specification below says'
    """
    from healthsim.building import phrases  # noqa: PLC0415  it is needed here only

    if not note.startswith(("{", "[", '"')):
        return note
    try:
        value = json.loads(note)
    except (ValueError, RecursionError):
        return "as the specification below says" if note.endswith("...") else note
    parts = value if isinstance(value, list) else [value]
    return "; ".join(phrases.say(part) for part in parts)


def verdicts(audited: AuditReport) -> list[Verdict]:
    """Return the summary in a few lines: what must hold, what was asked, what was expected."""
    verdicts = [Verdict(not audited.findings, _held(audited)), _as_asked(audited.compared)]
    if audited.expected:
        met = sum(bool(row[-1]) for row in audited.expected)
        verdicts.append(Verdict(met == len(audited.expected), f"{met} of "
                        f"{counted(len(audited.expected), 'expectation')} met."))  # fmt: skip
    if audited.scored:
        verdicts.append(Verdict(None if audited.off else True, _sentence(audited.score)))
    left = {str(row[0]) for row in audited.not_got if row[1] != "changed"}
    changed = {str(row[0]) for row in audited.not_got if row[1] == "changed"}
    if left:
        missing = f"{counted(len(left), 'part')} of the request {'is' if len(left) == 1 else 'are'}"
        verdicts.append(Verdict(False, f"{missing} not in the data."))
    if changed:
        parts = f"{counted(len(changed), 'part')} of the request"
        verdicts.append(Verdict(None, f"{parts} {'was' if len(changed) == 1 else 'were'} changed "
                                      "after it was said."))  # fmt: skip
    if audited.note:
        verdicts.append(Verdict(None, _sentence(audited.note)))
    return verdicts


def _held(audited: AuditReport) -> str:
    held = audited.checked - len(audited.findings)
    return (f"{held:,} of {audited.checked:,} checks of links, dates, amounts, codes and "
            "identities hold.")  # fmt: skip


def _as_asked(compared: Sequence[Sequence[Any]]) -> Verdict:
    judged = [row[-1] for row in compared if row[-1] is not None]
    if not judged:
        return Verdict(None, "No stated figure could be judged.")
    return Verdict(all(judged), f"{sum(judged)} of {counted(len(judged), 'stated figure')} that "
                                "could be judged came out as asked, but for chance.")  # fmt: skip


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def asked(audited: AuditReport) -> Part:
    """Return what was asked against what was got: what is judged, worst first, then the rest."""
    columns = ("figure", "asked", "got", "expected from", "to", "verdict")
    judged = [[*row[:5], "as asked" if row[5] else "off"]
              for row in auditing.worst_first(audited.compared) if row[5] is not None]  # fmt: skip
    rest = [[row[0], row[1], row[2]] for row in audited.compared if row[5] is None]
    grids = [
        Grid("Figures that could be judged", columns, judged, verdict=5),
        Grid("Figures without one expected value", ("figure", "asked", "got"), rest),
    ]
    lead = (f"{_as_asked(audited.compared).text} A figure is off where chance alone would give "
            "it in fewer than 3 of 1,000 runs.")  # fmt: skip
    return Part(lead, [grid for grid in grids if grid.rows])


def checks(audited: AuditReport) -> Part:
    """Return what the audit found, and how expectations and published figures came out."""
    expected = [[*row[:-1], "met" if row[-1] else "not met"] for row in audited.expected]
    scored = [_scored(row) for row in audited.scored]
    grids = [
        Grid("Checks that do not hold", auditing.FINDING, audited.findings),
        Grid("What the specifications expect", auditing.EXPECTED, expected, verdict=4),
        Grid("Published figures that the specifications set out to reproduce",
             _SCORED, scored, verdict=4),
        Grid("Codes that no code book knows", auditing.UNLISTED, audited.unlisted),
    ]  # fmt: skip
    return Part(_held(audited), [grid for grid in grids if grid.rows])


def _scored(row: Sequence[Any]) -> list[Any]:
    """Return a published figure as a row of the page."""
    one = Scored.of(row)
    return [one.figure, one.amount(one.published), one.amount(one.observed), one.tolerance,
            one.verdict, one.n, one.source, one.year]  # fmt: skip
