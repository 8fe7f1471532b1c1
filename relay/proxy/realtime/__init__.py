"""OpenAI's Realtime API over WebSockets, relayed event by event: every response is a Call."""
