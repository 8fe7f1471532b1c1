"""The management API: who calls, what a call looks like, and the resources of accounts."""
