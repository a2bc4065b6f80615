"""What clinicians bill, and the physician fee schedule."""
