"""The gate: atomic admission and settlement of Calls in Redis. Knows no Django, no ORM, no HTTP."""
