"""What a chart holds beyond codes, results and drugs; each table follows from finished tables."""
