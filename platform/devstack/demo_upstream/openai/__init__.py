"""OpenAI's endpoints: what their requests may say, and their answers as bytes and frames."""
