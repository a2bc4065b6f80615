"""PatientSim: what goes with care: devices, goals, vaccines not given, beds, drugs given."""

from __future__ import annotations

from healthsim.products.patientsim.tables import PERSON
from healthsim.tables import Column, Table

_UDI = "FHIR Device.udiCarrier"

DEVICES = Table(
    name="devices",
    product="patientsim",
    grain="one row per device that is implanted, worn or used",
    key=("device_id",),
    columns=(
        Column("device_id", "BIGINT", "Address of the device.", required=True),
        PERSON,
        Column("type_code", "VARCHAR", "What it is.", source="FHIR Device.type", required=True),
        Column("type_system", "VARCHAR", "FDA product code.",
               source="FDA product classification", required=True),
        Column("type", "VARCHAR", "Text of the code.", source="FDA product classification",
               required=True),
        Column("udi_di", "VARCHAR", "Device identifier: a GTIN-14 of the prefix 952, which is for "
               "demonstrations; null where it is from before UDIs.",
               source=f"{_UDI}.deviceIdentifier"),
        Column("udi_hrf", "VARCHAR", "The whole UDI as it is printed; null as udi_di.",
               source=f"{_UDI}.carrierHRF"),
        Column("lot", "VARCHAR", "Number of the lot; made up.", source="FHIR Device.lotNumber"),
        Column("serial", "VARCHAR", "Serial number; made up.", source="FHIR Device.serialNumber"),
        Column("manufacturer", "VARCHAR", "Maker; invented.", source="FHIR Device.manufacturer",
               required=True),
        Column("manufacture_date", "DATE", "Day it was made.",
               source="FHIR Device.manufactureDate", required=True),
        Column("expiration_date", "DATE", "Last day of its shelf life; null where it has none.",
               source="FHIR Device.expirationDate"),
        Column("start_date", "DATE", "First day that the person has it.",
               source="FHIR DeviceUseStatement.timing", required=True),
        Column("implanted_date", "DATE", "Day it was implanted; null of what is worn or used.",
               source="FHIR Procedure.performed"),
        Column("removed_date", "DATE", "Day it was taken out or given back; null while it is "
               "there.", source="FHIR DeviceUseStatement.timing"),
        Column("status", "VARCHAR", "active, or inactive where it is removed or the person dead.",
               source="FHIR Device.status", required=True),
        Column("body_site", "VARCHAR", "Where, in words.",
               source="FHIR DeviceUseStatement.bodySite"),
        Column("procedure_id", "BIGINT", "The procedure that put it in; null where it is from "
               "before, worn or used.", references="procedures.procedure_id"),
    ),
)  # fmt: skip

TABLES = (DEVICES,)
