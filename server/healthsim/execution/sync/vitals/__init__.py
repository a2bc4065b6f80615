"""Vital signs that no journey states."""
