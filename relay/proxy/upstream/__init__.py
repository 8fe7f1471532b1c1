"""The HTTP/1.1 client towards Upstreams. `port` is what the rest of the data plane knows of it,
`errors` what it may meet, `client` what the composition root builds."""
