"""Azure's doors to OpenAI's endpoints: deployments in the path, its own key header and errors."""
