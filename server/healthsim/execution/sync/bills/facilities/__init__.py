"""Bills of facilities (837I)."""
