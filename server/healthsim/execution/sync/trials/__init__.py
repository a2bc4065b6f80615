"""Rows of trials: subjects, visits, adverse events, tumors."""
