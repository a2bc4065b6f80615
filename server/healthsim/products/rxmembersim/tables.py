"""RxMemberSim: pharmacy coverage and fills, as columns."""

from __future__ import annotations

from healthsim.tables import Column, Table

RX_MEMBERS = Table(
    name="rx_members",
    product="rxmembersim",
    grain="one row per person",
    key=("person_id",),
    columns=(
        Column("person_id", "BIGINT", "One person over all products.",
               references="patients.person_id", required=True),
        Column("cardholder_id", "VARCHAR", "Number on the pharmacy card: the subscriber's.",
               source="NCPDP D.0 302-C2", required=True),
        Column("person_code", "VARCHAR", "01 subscriber, 02 spouse, 03… child.",
               source="NCPDP D.0 303-C3", required=True),
        Column("bin", "VARCHAR", "Always 999999, which routes nowhere.",
               source="NCPDP D.0 101-A1", required=True),
        Column("pcn", "VARCHAR", "Processor control number.", source="NCPDP D.0 104-A4",
               required=True),
        Column("rx_group", "VARCHAR", "Group, one per plan.", source="NCPDP D.0 301-C1",
               required=True),
        Column("ssn", "VARCHAR", "The same number as in the chart.", required=True),
    ),
)  # fmt: skip

FILLS = Table(
    name="fills",
    product="rxmembersim",
    grain="one row per fill at a pharmacy",
    key=("fill_id",),
    columns=(
        Column("fill_id", "BIGINT", "Address of the fill.", required=True),
        Column("person_id", "BIGINT", "Who it is for.", references="rx_members.person_id",
               required=True),
        Column("prescription_id", "BIGINT", "The prescription it fills.",
               references="prescriptions.prescription_id", required=True),
        Column("plan_id", "VARCHAR", "The plan that paid.", references="plans.plan_id",
               required=True),
        Column("rx_number", "VARCHAR", "The pharmacy's number of the prescription.",
               source="NCPDP D.0 402-D2", required=True),
        Column("fill_number", "INTEGER", "0 first fill, then refills.",
               source="NCPDP D.0 403-D3", required=True),
        Column("status", "VARCHAR", "paid, reversed or rejected.", required=True),
        Column("written_date", "DATE", "Day the prescription was written.",
               source="NCPDP D.0 414-DE", required=True),
        Column("fill_date", "DATE", "Day of service.", source="NCPDP D.0 401-D1", required=True),
        Column("reversed_date", "DATE", "Day it was reversed; null otherwise."),
        Column("ndc", "VARCHAR", "Product dispensed.", source="NCPDP D.0 407-D7", required=True),
        Column("quantity", "DOUBLE", "Units dispensed.", decimals=2, source="NCPDP D.0 442-E7",
               required=True),
        Column("days_supply", "INTEGER", "Days it lasts.", source="NCPDP D.0 405-D5",
               required=True),
        Column("daw", "VARCHAR", "Why this product: 0 no reason needed, 1 the prescriber asks for "
               "the brand, 2 the patient, 9 the plan.", source="NCPDP D.0 408-D8", required=True),
        Column("generic", "BOOLEAN", "A generic product.", required=True),
        Column("channel", "VARCHAR", "retail, mail or specialty: the kind of pharmacy.",
               required=True),
        Column("pharmacy_npi", "BIGINT", "Where it was filled.", references="pharmacies.npi",
               required=True),
        Column("prescriber_npi", "BIGINT", "Who prescribed it.", references="providers.npi",
               required=True),
        Column("ingredient_cost_usd", "DECIMAL(12,2)", "Cost of the drug.",
               source="NCPDP D.0 506-F6", required=True),
        Column("dispensing_fee_usd", "DECIMAL(12,2)", "The pharmacy's fee.",
               source="NCPDP D.0 507-F7", required=True),
        Column("tax_usd", "DECIMAL(12,2)", "Sales tax.", required=True),
        Column("deductible_usd", "DECIMAL(12,2)", "Member's deductible.",
               source="NCPDP D.0 517-FH", required=True),
        Column("copay_usd", "DECIMAL(12,2)", "Member's copay by tier.",
               source="NCPDP D.0 518-FI", required=True),
        Column("plan_paid_usd", "DECIMAL(12,2)", "Paid by the plan.",
               source="NCPDP D.0 509-F9", required=True),
        Column("other_payer_usd", "DECIMAL(12,2)", "Paid by another payer.", required=True),
        Column("coupon_usd", "DECIMAL(12,2)", "Paid by a manufacturer's coupon.", required=True),
        Column("usual_and_customary_usd", "DECIMAL(12,2)", "What a customer without a plan would "
               "have paid; no fill costs more.", source="NCPDP D.0 426-DQ", required=True),
        Column("reimbursement_basis", "VARCHAR", "4 usual and customary, 6 maximum allowable cost "
               "of a generic, 8 contract price.", source="NCPDP D.0 522-FM", required=True),
        Column("tier", "INTEGER", "Formulary tier, 1 to 5.", required=True),
        Column("benefit_phase", "VARCHAR", "deductible, initial or catastrophic.",
               source="CMS Part D", required=True),
        Column("reversed_cost_usd", "DECIMAL(12,2)", "Price of a fill that was reversed, as it was "
               "paid at first; 0 of others. The other columns of money are 0 of such a fill.",
               required=True),
        Column("reversed_member_usd", "DECIMAL(12,2)", "What of it the member owed.",
               required=True),
        Column("reversed_plan_paid_usd", "DECIMAL(12,2)", "What of it the plan paid.",
               required=True),
        Column("reject_code", "VARCHAR", "Why it was rejected; null otherwise.",
               source="NCPDP reject code"),
        Column("event_id", "BIGINT", "The event that prescribed it; null where the profile did.",
               references="events.event_id"),
    ),
)  # fmt: skip

PRESCRIPTION_DRUG_EVENTS = Table(
    name="prescription_drug_events",
    product="rxmembersim",
    grain="one row per paid fill of Part D since 2025: what the plan reports to CMS",
    key=("fill_id",),
    columns=(
        Column("fill_id", "BIGINT", "The fill.", references="fills.fill_id", required=True),
        Column("person_id", "BIGINT", "Who it is for.", references="rx_members.person_id",
               required=True),
        Column("plan_id", "VARCHAR", "The plan.", references="plans.plan_id", required=True),
        Column("fill_date", "DATE", "Day of service.", source="CMS PDE DOS", required=True),
        Column("below_threshold_usd", "DECIMAL(12,2)", "Gross drug cost below the out-of-pocket "
               "threshold: deductible and initial phase.", source="CMS PDE GDCB", required=True),
        Column("above_threshold_usd", "DECIMAL(12,2)", "Gross drug cost above it: catastrophic "
               "phase.", source="CMS PDE GDCA", required=True),
        Column("patient_pay_usd", "DECIMAL(12,2)", "Paid by the member.",
               source="CMS PDE patient pay amount", required=True),
        Column("low_income_subsidy_usd", "DECIMAL(12,2)", "Paid of the member's share by the "
               "low-income subsidy.", source="CMS PDE LICS", required=True),
        Column("true_out_of_pocket_usd", "DECIMAL(12,2)", "What counts towards the threshold.",
               source="42 USC 1395w-102(b)(4)(C)", required=True),
        Column("manufacturer_discount_usd", "DECIMAL(12,2)", "The manufacturer's discount, which "
               "the plan pays at the counter and gets back.", source="42 USC 1395w-114c",
               required=True),
        Column("plan_paid_usd", "DECIMAL(12,2)", "Paid by the plan for good, reinsurance included.",
               source="CMS PDE CPP", required=True),
        Column("reinsurance_usd", "DECIMAL(12,2)", "Of it, what Medicare pays back.",
               source="42 USC 1395w-115(b)", required=True),
        Column("catastrophic_code", "VARCHAR", "A: the fill reaches the threshold; C: it is above "
               "it; null below.", source="CMS PDE catastrophic coverage code"),
    ),
)  # fmt: skip

TABLES = (RX_MEMBERS, FILLS, PRESCRIPTION_DRUG_EVENTS)
