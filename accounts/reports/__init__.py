"""What pages show of accounts, read in few queries."""
