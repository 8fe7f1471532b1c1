"""The management API: the resources of relay."""
