"""A deployment of 100,000 customers, 10,000 models and 10 million Calls, and how it is measured."""
