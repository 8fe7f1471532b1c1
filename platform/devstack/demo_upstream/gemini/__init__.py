"""Gemini's endpoints: Google's names and errors, JSON arrays and server-sent events."""
