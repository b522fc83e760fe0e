"""A PostgreSQL client on asyncio's streams that may stop anywhere: it knows what it has sent and what has come, and nothing
of what either should have been. Streams only, so that a test can be rude."""

import asyncio
import base64
import functools
import hashlib
import hmac
import os
import ssl
import struct

PATIENCE = 60  # seconds for an answer; only a broken program needs as many
SSL_REQUEST = struct.pack("!II", 8, 80877103)


class Refused(Exception):
    """An error that ends the connection, or its login: (SQLSTATE, message)."""

    @property
    def state(self):
        return self.args[0]


class Lost(Exception):
    """The connection has ended without a word."""


def text(*parts):
    return b"".join(part.encode() + b"\x00" for part in parts)


def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", 4 + len(body)) + body


def query(sql):
    return message("Q", text(sql))


def parse(sql, name=""):
    return message("P", text(name, sql) + struct.pack("!H", 0))


def bind(values, name="", portal=""):
    fields = b"".join(struct.pack("!i", len(value.encode())) + value.encode() for value in values)
    return message("B", text(portal, name) + struct.pack("!HH", 0, len(values)) + fields + struct.pack("!H", 0))


def execute(limit=0, portal=""):
    return message("E", text(portal) + struct.pack("!I", limit))


SYNC, TERMINATE = message("S"), message("X")


def startup(user, database, **parameters):
    body = text(*[part for pair in {"user": user, "database": database, **parameters}.items() for part in pair]) + b"\x00"
    return struct.pack("!II", 8 + len(body), 196608) + body


def error_of(body):
    fields = {part[:1].decode(): part[1:].decode(errors="replace") for part in body.split(b"\x00") if part}
    return fields.get("S"), fields.get("C"), fields.get("M")


@functools.cache
def trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@functools.lru_cache(1000)
def salted(password, salt, rounds):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)


class Reader(asyncio.StreamReader):
    """When the other side has closed and we write, the kernel says so; what came before that is read first, as libpq does."""

    def set_exception(self, _):
        self.feed_eof()


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self._socket = writer.transport  # below TLS, whose transport cannot be aborted once it has ended
        self.key, self.notified = None, []

    @classmethod
    async def open(cls, port, tls=False):
        async with asyncio.timeout(PATIENCE):
            # A small buffer, so that a reader who waits makes the other side wait.
            reader, loop = Reader(limit=1 << 16), asyncio.get_running_loop()
            transport, protocol = await loop.create_connection(lambda: asyncio.StreamReaderProtocol(reader), "127.0.0.1", port)
            made = cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
            try:
                if tls:
                    made.writer.write(SSL_REQUEST)
                    if (answer := await made.reader.readexactly(1)) != b"S":
                        await made.refused_tls(answer)
                    await made.writer.start_tls(trusting())
            except BaseException:
                made.abort()
                raise
            return made

    async def refused_tls(self, answer):
        if answer != b"E":
            raise Lost("there is no TLS")
        size = struct.unpack("!I", await self.reader.readexactly(4))[0] - 4
        raise Refused(*error_of(await self.reader.readexactly(size))[1:])

    def abort(self):
        self._socket.abort()

    async def leave(self):
        self.writer.write(TERMINATE)
        self.writer.close()

    async def send(self, data):
        """That nobody takes it any more is seen by who reads."""
        self.writer.write(data)
        try:
            await self.writer.drain()
        except ConnectionError:
            self.reader.feed_eof()

    async def receive(self):
        """The next message, as (kind, body)."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readexactly(5)
            return chr(head[0]), await self.reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)

    async def login(self, user, database, password, **parameters):
        await self.send(startup(user, database, **parameters))
        proof = None
        while True:
            kind, body = await self.receive()
            if kind == "E":
                raise Refused(*error_of(body)[1:])
            if kind == "K":
                self.key = body
            elif kind == "Z":
                return self
            elif kind == "R":
                proof = await self._prove(struct.unpack("!I", body[:4])[0], body[4:], password, proof)

    async def _prove(self, step, said, password, first):
        if step == 10:
            first = "n=,r=" + base64.b64encode(os.urandom(18)).decode()
            answer = ("n,," + first).encode()
            await self.send(message("p", text("SCRAM-SHA-256") + struct.pack("!I", len(answer)) + answer))
        elif step == 11:
            await self.send(message("p", proof_of(password, first, said.decode()).encode()))
        return first

    async def items(self, pause=0):
        """What is answered up to ReadyForQuery or an invitation to COPY: rows as tuples, tags, and ("error", state, message).
        Whoever reads with a pause makes the other side wait."""
        while True:
            kind, body = await self.receive()
            if kind == "E":
                severity, state, words = error_of(body)
                if severity in ("FATAL", "PANIC"):
                    raise Refused(state, words)
                yield "error", state, words
            elif kind == "D":
                yield row_of(body)
            elif kind == "d":
                yield ("copied", body.decode().rstrip("\n"))
            elif kind == "C":
                yield body[:-1].decode()
            elif kind == "A":
                self.notified.append(body[4:-1].decode().split("\x00"))
            elif kind in "123sI":
                yield kind
            elif kind in "ZG":
                yield kind + body[:1].decode() if kind == "Z" else kind
                return
            elif kind not in "TtnSNHc":
                raise Lost(f"a message of kind {kind!r}")
            if pause:
                await asyncio.sleep(pause)


def row_of(body):
    (count,), at, fields = struct.unpack("!H", body[:2]), 2, []
    for _ in range(count):
        (length,) = struct.unpack("!i", body[at:at + 4])
        fields.append(None if length < 0 else body[at + 4:at + 4 + length].decode())
        at += 4 + max(length, 0)
    return tuple(fields)


def proof_of(password, first, challenge):
    given = dict(part.split("=", 1) for part in challenge.split(","))
    key = salted(password, base64.b64decode(given["s"]), int(given["i"]))
    client = hmac.digest(key, b"Client Key", "sha256")
    last = "c=biws,r=" + given["r"]
    signature = hmac.digest(hashlib.sha256(client).digest(), f"{first},{challenge},{last}".encode(), "sha256")
    return last + ",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(client, signature))).decode()


async def cancel(port, key, tls):
    """Returns when the other side has closed, as PostgreSQL does once the signal is sent: whether it has done so without a
    word, and so has taken the request. Where limits.max_logins is small, somebody else may need the place first."""
    asking = None
    try:
        asking = await Connection.open(port, tls)
        await asking.send(struct.pack("!II", 16, 80877102) + key)
        async with asyncio.timeout(PATIENCE):
            return await asking.reader.read() == b""
    except (Refused, ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        if asking:
            asking.abort()


async def fetch(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()
    finally:
        writer.transport.abort()
