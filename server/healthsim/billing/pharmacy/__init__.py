"""What pharmacies dispense, through which channel, at which price, for how long."""
