"""What facilities bill, and what Medicare's payment systems pay them."""
