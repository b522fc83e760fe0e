"""A result of a gigabyte, streamed through: it must not pile up in the proxy."""

import time

from . import contenders
from .cluster import Cluster
from .processes import BenchError, PeakRss
from .tables import markdown, save
from .wire import Client

ROWS = 1 << 20
SELECT = f"SELECT repeat('x', 1000) FROM generate_series(1, {ROWS})"
QUERIES = (("SELECT", SELECT), ("COPY TO STDOUT", f"COPY ({SELECT}) TO STDOUT"))
COLUMNS = ("", "result", "MB", "seconds", "MB/s", "CPU s", "RSS before MiB", "peak RSS MiB", "growth MiB")


def _measure(cluster, contender, kind, sql, slow):
    client = Client(contender.port, cluster.user, cluster.database)
    client.query("SELECT 1")
    used, started = contender.process.cpu_seconds(), time.monotonic()
    with PeakRss(contender.process) as memory:
        total, tail = client.query(sql, pause=0.002 if slow else 0)
    client.close()
    if f" {ROWS}".encode() not in tail or total < ROWS * 1000:
        raise BenchError(f"{contender.name}: {kind} gave {total} bytes, ending in {tail[-40:]!r}")
    return {"contender": contender.name, "result": kind + (", slow reader" if slow else ""), "bytes": total,
            "seconds": time.monotonic() - started, "cpu_seconds": contender.process.cpu_seconds() - used,
            "before_kib": memory.before, "peak_kib": memory.peak}


def _row(one):
    megabytes = one["bytes"] / 1e6
    return (one["contender"], one["result"], f"{megabytes:.0f}", f"{one['seconds']:.1f}",
            f"{megabytes / one['seconds']:.0f}", f"{one['cpu_seconds']:.2f}", f"{one['before_kib'] / 1024:.1f}",
            f"{one['peak_kib'] / 1024:.1f}", f"{(one['peak_kib'] - one['before_kib']) / 1024:.1f}")


def run(settings):
    makers = [contenders.pgbouncer] + ([settings.highwater.start] if settings.highwater else [])
    figures = []
    with Cluster(delay="0") as cluster:
        for make in makers:
            for kind, sql in QUERIES:
                for slow in (False, True):
                    with make(cluster) as contender:
                        figures.append(_measure(cluster, contender, kind, sql, slow))
    settings.say(markdown("A result of 1 GB", COLUMNS, [_row(one) for one in figures]))
    save(settings.results, "large", {"runs": figures})
    return True
