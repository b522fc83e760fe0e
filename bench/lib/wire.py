"""Just enough of the PostgreSQL protocol for clients that sit idle, throw a large result away, or ask for one value."""

import collections
import socket
import ssl
import struct
import time

from .processes import BenchError

READY = b"Z\x00\x00\x00\x05I"


class Client:
    def __init__(self, port, user, database, tls=False):
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        if tls:
            self._encrypt()
        parameters = b"".join(text.encode() + b"\x00" for text in ("user", user, "database", database)) + b"\x00"
        self._socket.sendall(struct.pack("!II", 8 + len(parameters), 196608) + parameters)
        self._until_ready()

    def _encrypt(self):
        self._socket.sendall(struct.pack("!II", 8, 80877103))
        if self._socket.recv(1) != b"S":
            raise BenchError("there is no TLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._socket = context.wrap_socket(self._socket)

    def close(self):
        self._socket.close()

    def query(self, sql, pause=0):
        """Reads the answer and throws it away, with a pause after each piece: (bytes, the last of them)."""
        body = sql.encode() + b"\x00"
        self._socket.sendall(b"Q" + struct.pack("!I", 4 + len(body)) + body)
        return self._until_ready(pause)

    def _until_ready(self, pause=0):
        # Nothing that is asked for here ends in these bytes except an answer, so frames need not be taken apart.
        buffer, tail, total = bytearray(1 << 20), b"", 0
        while not tail.endswith(READY):
            count = self._socket.recv_into(buffer, 1 << 18 if pause else 0)
            if count == 0:
                raise BenchError(f"the connection was closed after {total} bytes: {tail!r}")
            total += count
            tail = (tail + bytes(buffer[max(0, count - 256):count]))[-256:]
            if pause:
                time.sleep(pause)
        if tail.startswith(b"E") and total < 256:
            raise BenchError(f"error: {tail!r}")
        return total, tail


Answer = collections.namedtuple("Answer", "value tag error")  # of the first row, or None; SQLSTATE, or None


class Asking(Client):
    """Waits for each answer and looks at it."""

    def ask(self, sql):
        body = sql.encode() + b"\x00"
        self._socket.sendall(b"Q" + struct.pack("!I", 4 + len(body)) + body)
        value = tag = error = None
        buffer = b""
        while True:
            more = self._socket.recv(65536)
            if not more:
                raise BenchError("the connection was closed")
            buffer += more
            while len(buffer) >= 5:
                size = 1 + struct.unpack("!I", buffer[1:5])[0]
                if len(buffer) < size:
                    break
                kind, content, buffer = buffer[:1], buffer[5:size], buffer[size:]
                if kind == b"D" and value is None:
                    length = struct.unpack("!i", content[2:6])[0]
                    value = content[6:6 + length].decode() if length >= 0 else None
                elif kind == b"C":
                    tag = content[:-1].decode()
                elif kind == b"E":
                    error = next(field[1:] for field in content.decode().split("\0") if field.startswith("C"))
                elif kind == b"Z":
                    return Answer(value, tag, error)
