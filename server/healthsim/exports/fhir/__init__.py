"""A scenario as FHIR R4 resources that declare profiles of US Core 6.1.0."""
