"""Clinical notes, composed of the rows of finished tables."""
