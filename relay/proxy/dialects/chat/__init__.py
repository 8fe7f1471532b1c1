"""OpenAI chat completions: requests, answers and streams, to and from the common form."""
