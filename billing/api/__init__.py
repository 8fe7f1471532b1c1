"""The management API: the resources of billing."""
