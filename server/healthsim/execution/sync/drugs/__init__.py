"""Prescriptions and fills: doses, what for, renewals."""
