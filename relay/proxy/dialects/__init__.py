"""A package per dialect, and the common form over which any of them reaches any other."""
