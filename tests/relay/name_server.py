"""A DNS server on loopback that knows a few names: NXDOMAIN for any other, SERVFAIL where told."""

import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

TTL_S = 60
Zone = Mapping[tuple[str, str], Sequence[str] | None]  # None: the server cannot say


def answer(wire: bytes, zone: Zone) -> bytes:
    query = dns.message.from_wire(wire)
    asked = query.question[0]
    kind = "TXT" if asked.rdtype == 16 else "A" if asked.rdtype == 1 else "AAAA"
    name = asked.name.to_text(omit_final_dot=True).lower()
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    found = zone.get((name, kind), ())
    if found is None:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif found:
        texts = [f'"{text}"' if kind == "TXT" else text for text in found]
        response.answer.append(dns.rrset.from_text(asked.name, TTL_S, "IN", kind, *texts))
    elif not any(each == name for each, _kind in zone):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


@contextmanager
def name_server(zone: Zone) -> Iterator[str]:
    """Its `address:port`, as DNS_SERVERS takes it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            sock.sendto(answer(wire, zone), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield "{}:{}".format(*server.server_address)
        finally:
            server.shutdown()
            thread.join()
