"""OpenAI's Responses: create, whole or in events, and what is kept of it for later calls."""
