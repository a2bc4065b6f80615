"""Visits as columns: when, where, by whom, coded how."""
