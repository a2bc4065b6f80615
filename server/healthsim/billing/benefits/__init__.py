"""What plans and the law pay: services, limits, Part A and D, and when."""
