"""The TLS settings towards Upstreams: always verified, never older than 1.2, HTTP/1.1 only."""

import ssl


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A context that checks chain and name. Reads the CA bundle: build one per process.

    `ca_file` replaces the system's authorities, for a deployment with its own.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without ALPN some front ends guess HTTP/2.
    context.set_alpn_protocols(["http/1.1"])
    return context
