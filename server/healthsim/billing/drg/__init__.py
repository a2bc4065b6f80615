"""Diagnosis related groups: definitions as tables, grouping, and what a group is paid."""
