"""Where a soak happens: a cluster with Highwater in front of it, whose configuration changes, and what is counted of both."""

import asyncio
import collections
import os
import random
import re
import signal
import time

from figures import MISTAKE, Figures, complaints
from lib.cluster import Cluster
from lib.processes import BenchError, Process, free_port
from lib.tls import certificate
from wire import Connection, fetch

SANITIZERS = {
    # A small quarantine, so that what is freed does not look like growth.
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=16",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
TABLES = """CREATE TABLE soak (tag text); CREATE INDEX ON soak (tag); CREATE TABLE soak_numbers (n int);
GRANT ALL ON soak, soak_numbers TO PUBLIC"""

# Of each, one is in force at a time.
LEVELS = ("session", "causal", "strong", "read_your_writes", "primary")
LIMITS = ("{}", "{max_clients: 150}", "{server_connections: 12}", "{max_logins: 5}",
          '{per_user: {anna: {clients: 20, pool: {size: 2}}, "*": {server_connections: 6}}}',
          "{per_user: {bert: {timeouts: {query: 1s, idle_in_transaction: 200ms}}}}",
          "{per_database: {bench: {pool: {size: 4, queue_timeout: 1s}, clients: 120}}}")
TIMEOUTS = ("{}", "{}", "{query: 2s}", "{transaction: 500ms}", "{idle_in_transaction: 100ms}", "{client_idle: 1s}",
            "{stall: 300ms, cleaning: 200ms}")
POOLS = ("{}", "{size: 5}", "{size: 8, reserve: 3, reserve_after: 100ms}", "{size: 10, max_lifetime: 2s}",
         "{size: 10, idle_timeout: 500ms}", "{server_reset: always}", "{max_prepared_statements: 2}")
AT_REST = "{idle_timeout: 200ms}"


class World:
    database, password, users = "bench", "right", ("anna", "bert", "cleo")

    def __init__(self, binary, think):
        self.think, self.count, self.closing, self.round = think, collections.Counter(), False, 0
        self._in_force = collections.deque(maxlen=2)  # what the last two configurations have in their limits and timeouts
        self.few = asyncio.Semaphore(4)  # who read large results at a time
        self.port, self.http = free_port(), free_port()
        os.environ.update(SANITIZERS)
        self.cluster = Cluster()
        try:
            self._fill()
            self.file = os.path.join(self.cluster.folder, "highwater.yaml")
            self.log = os.path.join(self.cluster.folder, "highwater.log")
            self.tls = certificate(self.cluster)
            self._write()
            self.process = Process("highwater", [binary, self.file], self.port, self.log)
        except BaseException:
            self.cluster.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
        self.cluster.__exit__()

    def _fill(self):
        for role in self.users + ("guesser", "operator"):
            self.cluster.sql(self.cluster.primary, f"CREATE ROLE {role} LOGIN")
        self.cluster.sql(self.cluster.primary, "CREATE ROLE streamer LOGIN REPLICATION")
        self.cluster.sql(self.cluster.primary, TABLES)
        self.cluster.wait_for_replicas()

    def _write(self, level="session", limits="{}", timeouts="{}", pool="{}"):
        self._in_force.append(limits + timeouts)
        names = self.users + ("guesser", "operator", "streamer")
        nodes = "\n".join(f"    - {{host: 127.0.0.1, port: {port}}}" for port in self.cluster.nodes)
        users = "\n".join(f"    - {{name: {name}, password: {self.password}}}" for name in names)
        with open(self.file, "w") as out:
            out.write(f"""\
listen: {{address: 127.0.0.1, port: {self.port}, tls: {{mode: prefer, certificate: {self.tls[0]}, key: {self.tls[1]}}}}}
http: {{address: 127.0.0.1, port: {self.http}}}
workers: 2
auth:
  method: scram-sha-256
  users:
{users}
cluster:
  nodes:
{nodes}
  monitor: {{user: highwater, database: postgres}}
admin: {{users: [operator]}}
consistency: {{level: {level}}}
limits: {limits}
timeouts: {timeouts}
pool: {pool}
""")

    async def operator(self):
        """A connection to the console, which counts as no client."""
        connection = await Connection.open(self.port)
        return await connection.login("operator", "highwater", self.password)

    def may_cut_off(self):
        return any(word in each for each in self._in_force for word in ("max_logins", "transaction", "client_idle", "stall"))

    def _said(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def _reloads(self):
        return len(re.findall("has been read anew|is not applied", self._said()))

    async def _reload(self):
        before = self._reloads()
        os.kill(self.process.pid, signal.SIGHUP)
        async with asyncio.timeout(60):
            while self._reloads() == before:
                await asyncio.sleep(0.05)
        self.count["reloads"] += 1

    async def change(self, pause):
        """Reloads every few seconds, some of them of a file that is wrong."""
        while True:
            await asyncio.sleep(pause * (0.5 + random.random()))
            self._write(random.choice(LEVELS), random.choice(LIMITS), random.choice(TIMEOUTS),
                        random.choice(POOLS + (MISTAKE,)))
            await self._reload()

    async def come_to_rest(self):
        """Until nobody is there and no server connection is left; what is there then."""
        self._write(pool=AT_REST)
        await self._reload()
        deadline = time.monotonic() + 60
        while left := await self._still_there():
            if time.monotonic() > deadline:
                raise BenchError(f"when all had gone there were left: {left}")
            await asyncio.sleep(0.2)
        return await self._figures()

    async def _still_there(self):
        _, page = await fetch(self.http, "/metrics")
        left = [line for line in page.splitlines() if re.match(
            r"highwater_(clients|replication_connections|server_connections|pinned_sessions|pool_queue_length"
            r"|freshness_waiting|gate_waiting)\b", line) and float(line.split()[-1])]
        for port in self.cluster.nodes:
            others = self.cluster.sql(port, "SELECT usename, state, left(query, 60) FROM pg_stat_activity WHERE backend_type "
                                      "IN ('client backend', 'walsender') AND usename NOT IN ('highwater', 'postgres')")
            left += [f"on {port}: {line}" for line in others.splitlines()]
        return left

    async def _show(self, view, keep):
        # By psql, whose descriptor is gone again when the figures are taken.
        asked = await asyncio.create_subprocess_exec(
            "psql", "-XAtc", f"SHOW {view}", f"host=127.0.0.1 port={self.port} user=operator password={self.password} "
            "dbname=highwater", stdout=asyncio.subprocess.PIPE)
        said, _ = await asked.communicate()
        return {row.split("|")[0]: row.split("|", 1)[1] for row in said.decode().splitlines() if re.match(keep, row)}

    async def _figures(self):
        # The fewest of a while: HTTP and psql are gone a moment later, and the catalogue is read now and then.
        descriptors = []
        for _ in range(30):
            descriptors.append(len(os.listdir(f"/proc/{self.process.pid}/fd")))
            await asyncio.sleep(0.1)
        lists = await self._show("LISTS", "(used_clients|login_clients|pools|used_servers|free_servers)")
        heap = await self._show("MEM", "")
        threads = len(os.listdir(f"/proc/{self.process.pid}/task"))
        return Figures(min(descriptors), threads, self.process.rss_kib(), lists, heap)

    def complaints(self):
        return complaints(self._said())
