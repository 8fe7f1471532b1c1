"""OpenAI responses: requests, answers and streams, to and from the common form."""
