"""Visits become bills: `build.py` puts together what `professional.py` and `facility.py` list."""
