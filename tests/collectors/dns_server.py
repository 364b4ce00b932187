"""A small name server on loopback, over UDP and TCP: answers a table, fails, keeps silent or cuts short."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Table = Mapping[str, "list[str] | str"]
"""By "name KIND": records in a zone file's words; or "!servfail", "!refused", "!silent", "!garbage"."""


class NameServer:
    """Answers from `table`; `asked` are the questions, with the transport."""

    def __init__(self, table: Table, proven: bool = False) -> None:
        self.table, self.proven = table, proven
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    def reply(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = (
            question.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append((f"{name} {kind}", transport))
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA | (dns.flags.AD if self.proven else 0)
        told = self._follow(answer, name, kind)
        if told == "!silent":
            return None
        if told == "!garbage":
            return wire[:2] + b"\x81"
        if told in ("!servfail", "!refused"):
            answer.set_rcode(dns.rcode.SERVFAIL if told == "!servfail" else dns.rcode.REFUSED)
        elif told is None and not any(key.split()[0] == name for key in self.table):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        # max_size 0 is the query's own payload; what does not fit is cut off, as RFC 2181, section 9, has it.
        whole = answer.to_wire(max_size=65535)
        if transport == "udp" and len(whole) > max(query.payload, 512):
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            return answer.to_wire()
        return whole

    def _follow(self, answer: dns.message.Message, name: str, kind: str) -> str | list[str] | None:
        """Put the records into the answer, aliases first."""
        alias = self.table.get(f"{name} CNAME")
        if isinstance(alias, list):
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "CNAME", *alias))
            return self._follow(answer, alias[0].rstrip("."), kind)
        told = self.table.get(f"{name} {kind}")
        if isinstance(told, list) and told:
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", kind, *told))
        return told


@contextmanager
def serving(table: Table, proven: bool = False) -> Iterator[NameServer]:
    """A name server that answers until the block ends."""
    server = NameServer(table, proven)

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            if (reply := server.reply(wire, "udp")) is not None:
                sock.sendto(reply, self.client_address)

    class Tcp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            length = self.request.recv(2, socket.MSG_WAITALL)
            wire = self.request.recv(struct.unpack("!H", length)[0], socket.MSG_WAITALL)
            if (reply := server.reply(wire, "tcp")) is not None:
                self.request.sendall(struct.pack("!H", len(reply)) + reply)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp) as tcp:
        server.port = tcp.server_address[1]
        with socketserver.ThreadingUDPServer(("127.0.0.1", server.port), Udp) as udp:
            tcp.daemon_threads = udp.daemon_threads = True
            for one in (tcp, udp):
                threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield server
            finally:
                for one in (tcp, udp):
                    one.shutdown()
