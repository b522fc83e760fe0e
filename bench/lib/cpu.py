"""CPU time of the proxy per query, beside PgBouncer's, in interleaved rounds: pgbench -S, scale 10."""

import re
import statistics
import subprocess

from . import contenders
from .cluster import Cluster
from .processes import BenchError
from .tables import markdown, save

CLIENTS = (8, 64)
POOL = {"simple": 20, "extended": 20, "prepared": 64}
# PgBouncer 1.18 cannot carry prepared statements from one server connection to another: it pools sessions then.
PGBOUNCER_MODE = {"simple": "transaction", "extended": "transaction", "prepared": "session"}
# What a binary of any age understands.
BASELINE_OPTIONS = {"on_stale": "primary"}
COLUMNS = ("", "CPU µs per query", "to PgBouncer", "queries/s", "to PgBouncer", "latency ms")


def pgbench(cluster, port, protocol, clients, seconds, *more):
    done = subprocess.run(["pgbench", "-n", "-S", "-M", protocol, "-c", str(clients), "-j", "2", "-T", str(seconds),
                           *more, "-h", "127.0.0.1", "-p", str(port), "-U", cluster.user, cluster.database],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    count = re.search(r"transactions actually processed: (\d+)", done.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if done.returncode != 0 or not count or (failed and int(failed[1])):
        raise BenchError(f"pgbench through port {port}:\n{done.stdout}")
    return {"queries": int(count[1]), "tps": float(re.search(r"tps = ([\d.]+) \((?:without|including)", done.stdout)[1]),
            "latency_ms": float(re.search(r"latency average = ([\d.]+) ms", done.stdout)[1])}


def _measure(cluster, contender, protocol, clients, seconds):
    before = contender.process.cpu_seconds()
    figures = pgbench(cluster, contender.port, protocol, clients, seconds)
    figures["cpu_us"] = (contender.process.cpu_seconds() - before) * 1e6 / figures["queries"]
    return figures


def _start_all(settings, cluster, protocol):
    pool = POOL[protocol]
    started = [contenders.pgbouncer(cluster, PGBOUNCER_MODE[protocol], pool)]
    if settings.highwater:
        for name, workers, nodes in (("Highwater, 1 worker", 1, None), ("Highwater, 2 workers", 2, None),
                                     ("Highwater, 1 worker, the primary alone", 1, [cluster.primary])):
            started.append(settings.highwater.start(cluster, name, workers=workers, pool=pool, nodes=nodes))
    if settings.baseline:
        started.append(settings.baseline.start(cluster, "Baseline, 1 worker", workers=1, pool=pool, **BASELINE_OPTIONS))
    return started


def _rounds(settings, cluster, contestants, protocol, clients):
    """Figures per contender, one entry a round; every round starts with the next contender."""
    figures = {one.name: [] for one in contestants}
    for one in contestants:  # connections are made, caches are filled
        pgbench(cluster, one.port, protocol, clients, 1)
    for number in range(settings.rounds):
        first = number % len(contestants)
        for one in contestants[first:] + contestants[:first]:
            figures[one.name].append(_measure(cluster, one, protocol, clients, max(1, round(settings.seconds))))
    return figures


def _row(name, rounds, reference):
    def median(key):
        return statistics.median(one[key] for one in rounds)

    def ratio(key):
        return statistics.median(one[key] / other[key] for one, other in zip(rounds, reference))

    return (name, f"{median('cpu_us'):.1f}", f"{ratio('cpu_us'):.2f}", f"{median('tps'):.0f}", f"{ratio('tps'):.2f}",
            f"{median('latency_ms'):.2f}")


def _compare(settings, cluster, contestants, protocol):
    for clients in CLIENTS:
        figures = _rounds(settings, cluster, contestants, protocol, clients)
        reference = figures[contestants[0].name]
        settings.say(markdown(f"CPU: pgbench -S -M {protocol}, {clients} clients, pool of {POOL[protocol]}, medians of "
                              f"{settings.rounds} rounds", COLUMNS,
                              [_row(name, rounds, reference) for name, rounds in figures.items()]))
        yield {"protocol": protocol, "clients": clients, "contenders": figures}


def run(settings):
    results = []
    with Cluster(delay="0") as cluster:
        cluster.fill_pgbench(10)
        for protocol in POOL:
            contestants = _start_all(settings, cluster, protocol)
            try:
                results += _compare(settings, cluster, contestants, protocol)
            finally:
                for one in contestants:
                    one.process.stop()
    save(settings.results, "cpu", {"comparisons": results})
    return True
