"""Anthropic's endpoints: strict about requests as the vendor is, exact about events and usage."""
