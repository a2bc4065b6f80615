"""Tests that a practice does not do itself: the reference laboratory bills them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from healthsim.billing.professional.modifiers import office_tests
from healthsim.billing.professional.ordering import is_specimen_test
from healthsim.execution.sync.bills.lines import PROFESSIONAL, Bill
from healthsim.execution.sync.claim_addresses import SENDING, laboratory_address
from healthsim.execution.sync.context import SyncContext


def send_out(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with the tests that go to a laboratory on bills of its own.

    A practice has a laboratory, or sends out all but the tests that practices do themselves
    (`waived_tests.csv`). The laboratory is one in the network of the person's plan.
    """
    return [part for bill in bills for part in _parts(ctx, bill)]


def _parts(ctx: SyncContext, bill: Bill) -> Iterator[Bill]:
    visit = bill.visit
    own = f"{visit.occurrence.address}/{PROFESSIONAL}"
    tests = [line for line in bill.lines if _is_sent(line.code)]
    if bill.address != own or visit.details.encounter_class not in SENDING or not tests:
        yield bill
        return
    sends = ctx.directory.sends_tests_out[bill.provider]
    kept, sent = [], []
    for line in bill.lines:
        out = sends[visit.position_of(line.rows)] & _is_sent(line.code)
        kept.append(line if not out.any() else line.take(~out))
        if out.any():
            sent.append(line.take(out))
    yield replace(bill, lines=tuple(line for line in kept if len(line.rows)))
    if sent:
        address = laboratory_address(visit.occurrence.address)
        laboratory = ctx.network.facility("laboratory", visit.rows, visit.plan)
        yield replace(
            bill, address=address, number=ctx.numbering.number("claims", address),
            lines=tuple(sent), laboratory=laboratory,
        )  # fmt: skip


def _is_sent(code: str | None) -> bool:
    return code is not None and is_specimen_test(code) and code not in office_tests()
