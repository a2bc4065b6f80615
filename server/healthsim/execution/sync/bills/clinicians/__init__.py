"""Bills of clinicians (837P)."""
