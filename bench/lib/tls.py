"""TLS towards clients, beside PgBouncer's in interleaved rounds: CPU per query, a large result, handshakes, idle clients.
Both speak to the primary in the clear, so that what differs is the clients' side."""

import os
import shutil
import statistics
import subprocess
import time

from . import contenders
from .cluster import Cluster
from .cpu import pgbench
from .processes import allow_many_files, server_user
from .tables import markdown, save
from .wire import Client

CLIENTS = (8, 64)
IDLE = 1000
MEGABYTES = 400
SELECT = f"SELECT repeat('x', 1000) FROM generate_series(1, {MEGABYTES * 1000})"


def certificate(cluster):
    """An ECDSA certificate and its key, readable by whoever runs the peers."""
    made = [os.path.join(cluster.folder, name) for name in ("tls.crt", "tls.key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=localhost", "-out", made[0], "-keyout", made[1]], check=True, capture_output=True)
    os.chmod(made[1], 0o600)
    if server_user():
        shutil.chown(made[1], server_user())
    return made


def _psql(cluster, contender):
    """Seconds, and the proxy's CPU seconds, for a result that is thrown away."""
    used, started = contender.process.cpu_seconds(), time.monotonic()
    subprocess.run(["psql", "-XAtqc", f"\\copy ({SELECT}) to /dev/null", f"host=127.0.0.1 port={contender.port} "
                    f"user={cluster.user} dbname={cluster.database}"], check=True, stdout=subprocess.DEVNULL)
    return {"seconds": time.monotonic() - started, "cpu_s": contender.process.cpu_seconds() - used}


def _queries(cluster, contender, protocol, clients, seconds):
    before = contender.process.cpu_seconds()
    figures = pgbench(cluster, contender.port, protocol, clients, seconds)
    return {"cpu_us": (contender.process.cpu_seconds() - before) * 1e6 / figures["queries"], "tps": figures["tps"]}


def _handshakes(cluster, contender, seconds):
    before = contender.process.cpu_seconds()
    figures = pgbench(cluster, contender.port, "simple", 8, seconds, "-C")
    return {"cpu_us": (contender.process.cpu_seconds() - before) * 1e6 / figures["queries"], "tps": figures["tps"]}


def _rounds(settings, contestants, measure):
    figures = {one.name: [] for one in contestants}
    for number in range(settings.rounds):
        first = number % len(contestants)
        for one in contestants[first:] + contestants[:first]:
            figures[one.name].append(measure(one))
    return figures


def _table(settings, title, figures, columns):
    """columns: (heading, key, format); each beside its ratio to the first contender's of the same round."""
    reference = next(iter(figures.values()))
    rows = []
    for name, rounds in figures.items():
        row = [name]
        for _, key, form in columns:
            row.append(form.format(statistics.median(one[key] for one in rounds)))
            row.append(f"{statistics.median(one[key] / other[key] for one, other in zip(rounds, reference)):.2f}")
        rows.append(row)
    heads = [""]
    for heading, _, _ in columns:
        heads += [heading, "to PgBouncer"]
    settings.say(markdown(title, heads, rows))


def _idle(cluster, contender):
    clients = []
    try:
        clients.append(Client(contender.port, cluster.user, cluster.database, tls=True))
        before = contender.process.rss_kib()
        for _ in range(IDLE):
            clients.append(Client(contender.port, cluster.user, cluster.database, tls=True))
            clients[-1].query("SELECT 1")
        time.sleep(2)
        return {"kib": (contender.process.rss_kib() - before) / IDLE}
    finally:
        for client in clients:
            client.close()


def run(settings):
    allow_many_files()
    results = {}
    with Cluster(delay="0") as cluster:
        cluster.fill_pgbench(10)
        tls = certificate(cluster)
        os.environ["PGSSLMODE"] = "require"  # of pgbench and psql, from here on

        def start():
            started = [contenders.pgbouncer(cluster, tls=tls)]
            if settings.highwater:
                started.append(settings.highwater.start(cluster, "Highwater, 1 worker", workers=1, nodes=[cluster.primary],
                                                        tls=tls))
            return started

        contestants = start()
        seconds = max(1, round(settings.seconds))
        query_columns = [("CPU µs per query", "cpu_us", "{:.1f}"), ("queries/s", "tps", "{:.0f}")]
        try:
            for protocol in ("simple", "extended"):
                for clients in CLIENTS:
                    figures = _rounds(settings, contestants,
                                      lambda one: _queries(cluster, one, protocol, clients, seconds))
                    _table(settings, f"pgbench -S -M {protocol} over TLS, {clients} clients, medians of {settings.rounds} "
                                     "rounds", figures, query_columns)
                    results[f"{protocol} {clients}"] = figures
            results["large"] = _rounds(settings, contestants, lambda one: _psql(cluster, one))
            _table(settings, f"A result of {MEGABYTES} MB over TLS", results["large"],
                   [("seconds", "seconds", "{:.2f}"), ("CPU s", "cpu_s", "{:.2f}")])
            results["handshakes"] = _rounds(settings, contestants, lambda one: _handshakes(cluster, one, seconds))
            _table(settings, "A new TLS connection for each query (pgbench -C), 8 clients", results["handshakes"],
                   [("CPU µs per connection", "cpu_us", "{:.0f}"), ("connections/s", "tps", "{:.0f}")])
        finally:
            del os.environ["PGSSLMODE"]
            for one in contestants:
                one.process.stop()
        idle = {}
        for one in start():
            with one:
                idle[one.name] = [_idle(cluster, one)]
        _table(settings, f"{IDLE} idle TLS clients", idle, [("KiB per client", "kib", "{:.1f}")])
        results["idle"] = idle
    save(settings.results, "tls", results)
    return True
