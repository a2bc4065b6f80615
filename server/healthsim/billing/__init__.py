"""What payers, billers and pharmacies know: grouping, coding, edits, prices, benefits as data."""
