"""MemberSim: coverage and medical claims, as columns."""

from __future__ import annotations

from healthsim.tables import Column, Table

_PERSON = Column(
    "person_id", "BIGINT", "Who it is about.", references="members.person_id", required=True
)
_CLAIM = Column("claim_id", "BIGINT", "The claim.", references="claims.claim_id", required=True)

MONEY = (
    Column("charge_usd", "DECIMAL(12,2)", "Billed: allowed + contractual + denied.",
           source="X12 837 CLM02 / SV102", required=True),
    Column("allowed_usd", "DECIMAL(12,2)", "Allowed by the plan; the sum of who pays what.",
           source="X12 835 AMT*B6", required=True),
    Column("contractual_usd", "DECIMAL(12,2)", "Written off under the contract, or included in "
           "another line.", source="X12 835 CAS CO-45, CO-97", required=True),
    Column("denied_usd", "DECIMAL(12,2)", "Charge of what the plan refused.", required=True),
    Column("plan_paid_usd", "DECIMAL(12,2)", "Paid by this plan.", source="X12 835 CLP04",
           required=True),
    Column("other_payer_paid_usd", "DECIMAL(12,2)", "Paid by another payer.", required=True),
    Column("deductible_usd", "DECIMAL(12,2)", "Member's deductible.", source="X12 835 CAS PR-1",
           required=True),
    Column("coinsurance_usd", "DECIMAL(12,2)", "Member's coinsurance.",
           source="X12 835 CAS PR-2", required=True),
    Column("copay_usd", "DECIMAL(12,2)", "Member's copay.", source="X12 835 CAS PR-3",
           required=True),
    Column("other_adjustment_usd", "DECIMAL(12,2)", "Any other adjustment of the allowed amount.",
           required=True),
)  # fmt: skip
"""The ten money columns of every claim and line."""

MEMBERS = Table(
    name="members",
    product="membersim",
    grain="one row per person",
    key=("person_id",),
    columns=(
        Column("person_id", "BIGINT", "One person over all products.",
               references="patients.person_id", required=True),
        Column("member_number", "VARCHAR", "The payer's number; MBI-shaped (S in second place) "
               "in Medicare.", source="X12 837 2010BA NM109", required=True),
        Column("ssn", "VARCHAR", "The same number as in the chart.", required=True),
        Column("subscriber_id", "BIGINT", "Person who holds the coverage; null where it is a "
               "parent who is not in the data.", references="members.person_id"),
        Column("person_code", "VARCHAR", "01 subscriber, 02 spouse, 03… child.", required=True),
        Column("relationship_code", "VARCHAR", "18 self, 01 spouse, 19 child.",
               source="X12 834 INS02", required=True),
        Column("household_id", "BIGINT", "The unit the person lives in.", required=True),
        Column("given_name", "VARCHAR", "First name.", required=True),
        Column("family_name", "VARCHAR", "Surname.", required=True),
        Column("birth_date", "DATE", "Day of birth.", required=True),
        Column("gender", "VARCHAR", "M, F, or U where the chart has other or unknown.",
               source="X12 834 DMG03", required=True),
        Column("county_fips", "VARCHAR", "County of residence.", source="Census FIPS",
               required=True),
        Column("state", "VARCHAR", "State of residence.", required=True),
        Column("zip", "VARCHAR", "ZIP code of residence.", required=True),
        Column("subscriber_number", "VARCHAR", "The payer's number of who holds the coverage.",
               source="X12 837 2010BA NM109", required=True),
        Column("subscriber_given_name", "VARCHAR", "First name of who holds the coverage.",
               source="X12 837 2010BA NM104", required=True),
        Column("subscriber_family_name", "VARCHAR", "Surname of who holds the coverage.",
               source="X12 837 2010BA NM103", required=True),
        Column("subscriber_birth_date", "DATE", "Day of birth of who holds the coverage.",
               source="X12 837 2010BA DMG02", required=True),
        Column("subscriber_gender", "VARCHAR", "Gender of who holds the coverage.",
               source="X12 837 2010BA DMG03", required=True),
    ),
)  # fmt: skip

PLANS = Table(
    name="plans",
    product="membersim",
    grain="one row per plan named by the profile; amounts of the first year of the data",
    key=("plan_id",),
    columns=(
        Column("plan_id", "VARCHAR", "Name of the plan.", required=True),
        Column("kind", "VARCHAR", "medicare_advantage, medicare_original, commercial, medicaid.",
               required=True),
        Column("benefit_year", "INTEGER", "Month in which the benefit year begins.",
               required=True),
        Column("deductible_usd", "DECIMAL(12,2)", "Medical deductible a person and year.",
               required=True),
        Column("family_deductible_usd", "DECIMAL(12,2)", "Deductible of a family; 0 where none.",
               required=True),
        Column("oop_max_usd", "DECIMAL(12,2)", "Medical out-of-pocket maximum a person and year; "
               "0 where the plan has none.", required=True),
        Column("family_oop_max_usd", "DECIMAL(12,2)", "Medical out-of-pocket maximum of a family; "
               "0 where none.", required=True),
        Column("coinsurance_share", "DOUBLE", "Member's share after the deductible.",
               required=True),
        Column("drug_deductible_usd", "DECIMAL(12,2)", "Pharmacy deductible a person and year.",
               required=True),
        Column("drug_oop_max_usd", "DECIMAL(12,2)", "Pharmacy out-of-pocket maximum; 0 where none.",
               required=True),
        Column("preventive_free", "BOOLEAN", "Preventive services cost the member nothing.",
               required=True),
        Column("nominal_copays", "BOOLEAN", "Medicaid's: minors and pregnant women owe none.",
               source="42 CFR 447.56", required=True),
        Column("hdhp", "BOOLEAN", "A high-deductible health plan: drugs meet its deductible, "
               "copays are owed after it.", source="26 USC 223(c)(2)", required=True),
        Column("family_limits", "VARCHAR", "embedded: a person's own deductible counts beside the "
               "family's; aggregate: in a family only the family's does.", required=True),
        Column("drug_limits", "VARCHAR", "separate: drugs have limits of their own; joint: they "
               "use up the medical ones.", required=True),
        Column("low_income_subsidy", "VARCHAR", "Level of the members' Part D copays: none, full, "
               "dual or institutional.", source="42 USC 1395w-114", required=True),
        Column("coverage_dates", "VARCHAR", "Coverage begins on the first and ends with a month "
               "(month), or on any day (day).", required=True),
        Column("premium_usd", "DECIMAL(12,2)", "Monthly premium of who holds the plan.",
               required=True),
        Column("in_network_share", "DOUBLE", "Share of organisations that the plan asks for in its "
               "network.", required=True),
        Column("outside_weight", "DOUBLE", "How readily members go outside of it, relative to "
               "inside; 0: only in an emergency.", required=True),
    ),
)  # fmt: skip

PLAN_YEARS = Table(
    name="plan_years",
    product="membersim",
    grain="one row per plan and year of the data; null where a plan has no such limit",
    key=("plan_id", "year"),
    columns=(
        Column("plan_id", "VARCHAR", "The plan.", references="plans.plan_id", required=True),
        Column("year", "INTEGER", "Calendar year in which the benefit year begins.",
               required=True),
        Column("deductible_usd", "DECIMAL(12,2)", "Medical deductible of a person."),
        Column("family_deductible_usd", "DECIMAL(12,2)", "Medical deductible of a family."),
        Column("oop_max_usd", "DECIMAL(12,2)", "Medical out-of-pocket maximum of a person."),
        Column("family_oop_max_usd", "DECIMAL(12,2)", "Medical out-of-pocket maximum of a family."),
        Column("out_of_network_deductible_usd", "DECIMAL(12,2)", "Deductible of a person out of "
               "network, where that has limits of its own."),
        Column("out_of_network_family_deductible_usd", "DECIMAL(12,2)", "Deductible of a family "
               "out of network."),
        Column("out_of_network_oop_max_usd", "DECIMAL(12,2)", "Out-of-pocket maximum of a person "
               "out of network."),
        Column("out_of_network_family_oop_max_usd", "DECIMAL(12,2)", "Out-of-pocket maximum of a "
               "family out of network."),
        Column("drug_deductible_usd", "DECIMAL(12,2)", "Drug deductible of a person; null where "
               "drugs use up the medical limits."),
        Column("drug_oop_max_usd", "DECIMAL(12,2)", "Drug out-of-pocket maximum of a person."),
    ),
)  # fmt: skip

PLAN_NETWORKS = Table(
    name="plan_networks",
    product="membersim",
    grain="one row per plan and organisation that the scenario uses",
    key=("plan_id", "organisation_npi"),
    columns=(
        Column("plan_id", "VARCHAR", "The plan.", references="plans.plan_id", required=True),
        Column("organisation_npi", "BIGINT", "Group practice or facility, as it bills.",
               required=True),
        Column("network", "VARCHAR", "in or out.", required=True),
    ),
)  # fmt: skip

ENROLLMENTS = Table(
    name="enrollments",
    product="membersim",
    grain="one row per person and coverage span",
    key=("enrollment_id",),
    columns=(
        Column("enrollment_id", "BIGINT", "Address of the span.", required=True),
        _PERSON,
        Column("plan_id", "VARCHAR", "The plan.", references="plans.plan_id", required=True),
        Column("effective_date", "DATE", "First covered day.", source="X12 834 DTP*348",
               required=True),
        Column("term_date", "DATE", "Last covered day; null while covered.",
               source="X12 834 DTP*349"),
        Column("reason", "VARCHAR", "Why the span ended, or null."),
        Column("added_date", "DATE", "Day on which the payer entered the span: after the first "
               "covered day where it was added in retrospect; null if after the data.",
               source="X12 834 BGN03, DTP*303"),
        Column("ended_date", "DATE", "Day on which the payer entered the end: after the last "
               "covered day where it was ended in retrospect; null if none, or after the data.",
               source="X12 834 DTP*303"),
        Column("payer_order", "INTEGER", "1 primary.", required=True),
        Column("premium_usd", "DECIMAL(12,2)", "Monthly premium; 0 of those who are covered by "
               "somebody else's.", required=True),
        Column("event_id", "BIGINT", "The event that opened it, where one did.",
               references="events.event_id"),
    ),
)  # fmt: skip

CLAIMS = Table(
    name="claims",
    product="membersim",
    grain="one row per claim",
    key=("claim_id",),
    columns=(
        Column("claim_id", "BIGINT", "Address of the claim.", required=True),
        _PERSON,
        Column("encounter_id", "BIGINT", "The encounter that was billed.",
               references="encounters.encounter_id"),
        Column("plan_id", "VARCHAR", "The plan it was sent to.", references="plans.plan_id",
               required=True),
        Column("form", "VARCHAR", "837P or 837I.", required=True),
        Column("bill_type", "VARCHAR", "Type of bill, 837I only.", source="UB-04 FL4"),
        Column("frequency_code", "VARCHAR", "1 original.", source="X12 837 CLM05-3",
               required=True),
        Column("original_claim_id", "BIGINT", "The claim that this one replaces or voids.",
               references="claims.claim_id"),
        Column("payer_order", "INTEGER", "1 primary.", required=True),
        Column("from_date", "DATE", "First service day.", required=True),
        Column("through_date", "DATE", "Last service day.", required=True),
        Column("received_date", "DATE", "Day the plan received it.", required=True),
        Column("decided_date", "DATE", "Day the plan decided it; accumulators follow this order.",
               required=True),
        Column("paid_date", "DATE", "Day of the payment run that it is in.",
               source="X12 835 BPR16", required=True),
        Column("status", "VARCHAR", "paid or denied.", required=True),
        Column("network", "VARCHAR", "in or out: whether the plan has a contract with who is paid.",
               required=True),
        Column("billing_npi", "BIGINT", "Who is paid.", required=True),
        Column("rendering_npi", "BIGINT", "Who did it, 837P; null of a laboratory's.",
               references="providers.npi"),
        Column("attending_npi", "BIGINT", "Who attended, 837I.", references="providers.npi"),
        Column("facility_npi", "BIGINT", "Where, when in a facility or a laboratory.",
               references="facilities.npi"),
        Column("referring_npi", "BIGINT", "Primary care clinician who referred the person to a "
               "specialist.", references="providers.npi", source="X12 837P 2310A, 837I 2310F"),
        Column("supervising_npi", "BIGINT", "Who supervised an assistant at an operation or a "
               "practice's staff, 837P.", references="providers.npi", source="X12 837P 2310D"),
        Column("operating_npi", "BIGINT", "Surgeon, 837I.", references="providers.npi",
               source="X12 837I 2310B"),
        Column("other_operating_npi", "BIGINT", "A second surgeon, or who assisted, 837I.",
               references="providers.npi", source="X12 837I 2310C"),
        Column("clia_number", "VARCHAR", "Certificate of the laboratory or practice that did the "
               "tests, 837P.", source="X12 837P 2300 REF*X4"),
        Column("prior_auth", "VARCHAR", "Prior authorisation number; null where none."),
        Column("drg", "VARCHAR", "MS-DRG of an inpatient claim."),
        Column("admit_date", "DATE", "Day of admission to a hospital, nursing facility or home "
               "health.", source="X12 837I DTP*435"),
        Column("admit_type", "VARCHAR", "Priority of admission or visit, 837I only.",
               source="UB-04 FL14, X12 837I CL101"),
        Column("admit_source", "VARCHAR", "Point of origin, 837I only.",
               source="UB-04 FL15, X12 837I CL102"),
        Column("admit_hour", "INTEGER", "Hour of admission, 0 to 23; stays only.",
               source="UB-04 FL13"),
        Column("discharge_hour", "INTEGER", "Hour of discharge, 0 to 23; stays only.",
               source="UB-04 FL16"),
        Column("covered_days", "INTEGER", "Days of the stay that are billed as covered: nights, "
               "at least 1; stays only.", source="NUBC value code 80"),
        Column("discharge_status", "VARCHAR", "Patient discharge status, 837I only."),
        *MONEY,
        Column("event_id", "BIGINT", "The event that caused it.", references="events.event_id",
               required=True),
    ),
)  # fmt: skip

CLAIM_DIAGNOSES = Table(
    name="claim_diagnoses",
    product="membersim",
    grain="one row per claim and diagnosis",
    key=("claim_id", "sequence"),
    columns=(
        _CLAIM,
        Column("sequence", "INTEGER", "1 is the principal diagnosis; at most 12 on an 837P, 25 on "
               "an 837I.", source="X12 837 HI", required=True),
        _PERSON,
        Column("code", "VARCHAR", "ICD-10-CM code, the encounter's.", required=True),
        Column("poa", "VARCHAR", "Present on admission: Y, N, U undocumented, W "
               "undetermined, 1 if exempt; inpatient 837I only."),
    ),
)  # fmt: skip

CLAIM_CODES = Table(
    name="claim_codes",
    product="membersim",
    grain="one row per 837I and condition, occurrence span or value code",
    key=("claim_id", "sequence"),
    columns=(
        _CLAIM,
        Column("sequence", "INTEGER", "Number within the claim, from 1.", required=True),
        _PERSON,
        Column("kind", "VARCHAR", "condition, occurrence_span or value.",
               source="X12 837I HI BG, BI, BE", required=True),
        Column("code", "VARCHAR", "Code of the National Uniform Billing Committee.",
               source="UB-04 FL18-41", required=True),
        Column("from_date", "DATE", "First day of a span."),
        Column("through_date", "DATE", "Last day of a span."),
        Column("amount", "DOUBLE", "What a value code says: days, grams, kg, cm, a county.",
               decimals=2),
    ),
)  # fmt: skip

CLAIM_LINES = Table(
    name="claim_lines",
    product="membersim",
    grain="one row per claim and service line",
    key=("claim_id", "line"),
    columns=(
        _CLAIM,
        Column("line", "INTEGER", "Line number from 1.", source="X12 837 LX01", required=True),
        _PERSON,
        Column("service_date", "DATE", "Day of the service.", source="X12 837 DTP*472",
               required=True),
        Column("pos", "VARCHAR", "Place of service, 837P only.", source="CMS POS"),
        Column("revenue_code", "VARCHAR", "Revenue centre, 837I only.", source="UB-04 FL42"),
        Column("procedure", "VARCHAR", "HCPCS or CPT code; null on a room line.",
               source="X12 837 SV101"),
        Column("modifier_1", "VARCHAR", "First modifier."),
        Column("modifier_2", "VARCHAR", "Second modifier."),
        Column("modifier_3", "VARCHAR", "Third modifier."),
        Column("modifier_4", "VARCHAR", "Fourth modifier."),
        Column("units", "INTEGER", "Units of service; minutes of anaesthesia.", required=True),
        Column("unit_basis", "VARCHAR", "UN units, MJ minutes, DA days of a room.",
               source="X12 837 SV103, SV204", required=True),
        Column("diagnosis_pointers", "VARCHAR", "Diagnoses that explain it, by sequence.",
               source="X12 837 SV107"),
        Column("ndc", "VARCHAR", "Drug given, of injected drugs whose product is known; labeler "
               "00000 is invented.", source="X12 837 2410 LIN03"),
        Column("ndc_quantity", "DOUBLE", "How much of the product it is.", decimals=3,
               source="X12 837 2410 CTP04"),
        Column("ndc_unit", "VARCHAR", "Unit of that: ML, or UN vials.",
               source="X12 837 2410 CTP05"),
        Column("ordering_npi", "BIGINT", "Who ordered a test, an image or equipment, 837P.",
               references="providers.npi", source="X12 837P 2420E"),
        *MONEY,
        Column("status", "VARCHAR", "paid or denied.", required=True),
        Column("event_id", "BIGINT", "The lab, procedure, … that it bills, or its encounter.",
               references="events.event_id", required=True),
    ),
)  # fmt: skip

CLAIM_ADJUSTMENTS = Table(
    name="claim_adjustments",
    product="membersim",
    grain="one row per line and reason why less was paid than charged",
    key=("claim_id", "line", "sequence"),
    columns=(
        _CLAIM,
        Column("line", "INTEGER", "The service line.", required=True),
        Column("sequence", "INTEGER", "Number within the line, from 1.", required=True),
        _PERSON,
        Column("group_code", "VARCHAR", "CO contract, PR patient.", source="X12 835 CAS01",
               required=True),
        Column("carc", "VARCHAR", "Claim adjustment reason code.", source="X12 835 CAS02",
               required=True),
        Column("rarc", "VARCHAR", "Remark code; null where none.", source="X12 835 MOA"),
        Column("amount_usd", "DECIMAL(12,2)", "Amount.", source="X12 835 CAS03", required=True),
    ),
)  # fmt: skip

ACCUMULATOR_EVENTS = Table(
    name="accumulator_events",
    product="membersim",
    grain="one row per claim or fill, and limit of its plan and year that it uses up or gives back",
    key=("person_id", "seq"),
    columns=(
        _PERSON,
        Column("seq", "INTEGER", "Order of processing in the household, from 1.", required=True),
        Column("plan_id", "VARCHAR", "The plan.", references="plans.plan_id", required=True),
        Column("year", "INTEGER", "Calendar year in which the benefit year begins.",
               required=True),
        Column("bucket", "VARCHAR", "Which limit: deductible, family_deductible, oop_max, "
               "family_oop_max; with out_of_network_ or drug_ before it where those have limits of "
               "their own.", required=True),
        Column("claim_id", "BIGINT", "The claim; null of a fill.", references="claims.claim_id"),
        Column("fill_id", "BIGINT", "The fill; null of a claim.", references="fills.fill_id"),
        Column("version", "INTEGER", "Version of the claim, 1 the original.", required=True),
        Column("decided_date", "DATE", "Day of the decision.", required=True),
        Column("delta_usd", "DECIMAL(12,2)", "What it uses up; negative where it is reversed.",
               required=True),
        Column("balance_usd", "DECIMAL(12,2)", "What is used up afterwards: of the person, plan "
               "and year; of the household where the bucket is the family's.", required=True),
    ),
)  # fmt: skip

TABLES = (
    MEMBERS, PLANS, PLAN_YEARS, PLAN_NETWORKS, ENROLLMENTS, CLAIMS, CLAIM_DIAGNOSES, CLAIM_CODES,
    CLAIM_LINES, CLAIM_ADJUSTMENTS, ACCUMULATOR_EVENTS,
)  # fmt: skip
