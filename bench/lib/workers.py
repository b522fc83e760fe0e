"""What more workers bring where they, and not the processors, are what is scarce: each worker thread is held to a small
share of a processor, as many of them as there are."""

import os
import statistics

from . import contenders
from .cluster import Cluster
from .cpu import pgbench
from .processes import BenchError
from .tables import markdown, save

WORKERS = (1, 2, 4)
CLIENTS = 64
PERIOD_US, QUOTA_US = 10000, 1000
CPU_CONTROLLER = "/sys/fs/cgroup/cpu"  # version 1: the second one cannot hold single threads to a share everywhere
COLUMNS = ("", "queries/s", "to one worker", "latency ms")


class Share:
    """Threads that may use so much of a processor each, until the block ends."""

    def __init__(self, threads):
        self._threads, self._groups = threads, []

    def __enter__(self):
        try:
            for thread in self._threads:
                group = os.path.join(CPU_CONTROLLER, f"highwater-bench-{thread}")
                os.mkdir(group)
                self._groups.append(group)
                for name, value in (("cpu.cfs_period_us", PERIOD_US), ("cpu.cfs_quota_us", QUOTA_US),
                                    ("tasks", thread)):
                    with open(os.path.join(group, name), "w") as setting:
                        setting.write(str(value))
        except OSError as problem:
            self.__exit__()
            raise BenchError(f"threads cannot be held to a share of a processor: {problem}. It takes root, and the cpu "
                             f"controller of control groups, version 1, in {CPU_CONTROLLER}") from problem
        return self

    def __exit__(self, *_):
        for group in self._groups:
            with open(os.path.join(group, "tasks")) as tasks:
                left = tasks.read().split()
            for thread in left:
                with open(os.path.join(CPU_CONTROLLER, "tasks"), "w") as back:
                    back.write(thread)
            os.rmdir(group)


def _threads(pid, name):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm") as comm:
            if comm.read().startswith(name):
                found.append(int(thread))
    return found


def _start_all(settings, cluster):
    started = [(contenders.pgbouncer(cluster, "transaction", CLIENTS), "pgbouncer")]
    if settings.highwater:
        started += [(settings.highwater.start(cluster, f"Highwater, {count} worker{'s' if count > 1 else ''}",
                                              workers=count, pool=CLIENTS), "worker") for count in WORKERS]
    return started


def _rounds(settings, cluster, contestants):
    figures = {one.name: [] for one, _ in contestants}
    for one, _ in contestants:
        pgbench(cluster, one.port, "simple", CLIENTS, 1)
    for number in range(settings.rounds):
        first = number % len(contestants)
        for one, thread in contestants[first:] + contestants[:first]:
            with Share(_threads(one.process.pid, thread)):
                figures[one.name].append(pgbench(cluster, one.port, "simple", CLIENTS, max(1, round(settings.seconds))))
    return figures


def _row(name, rounds, one_worker):
    ratio = statistics.median(a["tps"] / b["tps"] for a, b in zip(rounds, one_worker))
    return (name, f"{statistics.median(one['tps'] for one in rounds):.0f}", f"{ratio:.2f}",
            f"{statistics.median(one['latency_ms'] for one in rounds):.2f}")


def run(settings):
    with Cluster(delay="0") as cluster:
        cluster.fill_pgbench(10)
        contestants = _start_all(settings, cluster)
        try:
            figures = _rounds(settings, cluster, contestants)
        finally:
            for one, _ in contestants:
                one.process.stop()
    reference = figures.get("Highwater, 1 worker") or next(iter(figures.values()))
    settings.say(markdown(f"Workers: pgbench -S, {CLIENTS} clients; each worker, and PgBouncer, held to "
                          f"{100 * QUOTA_US // PERIOD_US} % of a processor; medians of {settings.rounds} rounds", COLUMNS,
                          [_row(name, rounds, reference) for name, rounds in figures.items()]))
    save(settings.results, "workers", {"clients": CLIENTS, "share": QUOTA_US / PERIOD_US, "contenders": figures})
    return True
