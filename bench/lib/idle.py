"""What a client costs that is connected, has run a query, and now does nothing."""

import time

from . import contenders
from .cluster import Cluster
from .processes import allow_many_files
from .tables import markdown, save
from .wire import Client

COUNTS = (2000, 5000)
COLUMNS = ("", "clients", "RSS before MiB", "RSS with them MiB", "KiB per client", "RSS after they left MiB")


def _measure(cluster, contender, count):
    clients = []
    try:
        first = Client(contender.port, cluster.user, cluster.database)  # what the first costs, all share
        first.query("SELECT 1")
        clients.append(first)
        before = contender.process.rss_kib()
        for _ in range(count):
            clients.append(Client(contender.port, cluster.user, cluster.database))
            clients[-1].query("SELECT 1")
        time.sleep(2)
        during = contender.process.rss_kib()
    finally:
        for client in clients:
            client.close()
    time.sleep(2)
    return {"contender": contender.name, "clients": count, "before_kib": before, "during_kib": during,
            "after_kib": contender.process.rss_kib()}


def _row(one):
    return (one["contender"], one["clients"], f"{one['before_kib'] / 1024:.1f}", f"{one['during_kib'] / 1024:.1f}",
            f"{(one['during_kib'] - one['before_kib']) / one['clients']:.2f}", f"{one['after_kib'] / 1024:.1f}")


def run(settings):
    allow_many_files()
    makers = [contenders.pgbouncer] + ([settings.highwater.start] if settings.highwater else [])
    figures = []
    with Cluster(delay="0") as cluster:
        for count in COUNTS:
            for make in makers:  # a new process each time: memory that was once used does not come back
                with make(cluster) as contender:
                    figures.append(_measure(cluster, contender, count))
    settings.say(markdown("Idle clients", COLUMNS, [_row(one) for one in figures]))
    save(settings.results, "idle", {"runs": figures})
    return True
