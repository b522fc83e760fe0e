"""Sessions that act on the primary on what a replica has just shown them, beside writers: how often the primary does not
show it yet, and what it costs to wait until it does."""

import contextlib
import multiprocessing
import os
import subprocess
import threading
import time

from .cluster import Cluster
from .processes import BenchError
from .tables import markdown, save
from .wire import Asking

WRITERS = (4, 16)
SESSIONS = 8
COLUMNS = ("", "writers", "writes behind a read", "rows missing", "transactions behind a read", "older", "errors")
COST_COLUMNS = ("", "writers", "write p50 / p99 ms", "transaction p50 / p99 ms")
LAST = "SELECT max(id) FROM made"
# What each session does in turn. The first two turn round at once; the others are what that is compared with.
AT_ONCE, LATER, NEVER = "directly behind a replica's read", "150 ms behind it", "in sessions that read from no replica"


def _percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000 if values else float("nan")


def _cost(values):
    return f"{_percentile(values, 0.5):.2f} / {_percentile(values, 0.99):.2f}"


class _Tally:
    """What one session found; sent through a pipe."""

    def __init__(self):
        self.writes, self.missing, self.transactions, self.older, self.errors = 0, 0, 0, 0, 0
        self.write_took, self.transaction_took, self.codes = [], [], {}

    def failed(self, answer):
        self.errors += 1
        self.codes[answer.error] = self.codes.get(answer.error, 0) + 1

    def add(self, other):
        for name in ("writes", "missing", "transactions", "older", "errors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.write_took += other.write_took
        self.transaction_took += other.transaction_took
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count

    def figures(self):
        return {"writes": self.writes, "missing": self.missing, "transactions": self.transactions, "older": self.older,
                "errors": self.errors, "codes": self.codes, "write": _cost(self.write_took),
                "transaction": _cost(self.transaction_took)}


def _write(client, found, seen):
    begun = time.perf_counter()
    answer = client.ask(f"UPDATE made SET touched = touched + 1 WHERE id = {seen}")
    if answer.error:
        return found.failed(answer)
    found.write_took.append(time.perf_counter() - begun)
    found.writes += 1
    found.missing += answer.tag != "UPDATE 1"


def _transaction(client, found, seen):
    begun = time.perf_counter()
    client.ask("BEGIN")
    answer = client.ask(LAST)
    if answer.error:
        found.failed(answer)
    else:
        found.transaction_took.append(time.perf_counter() - begun)
        found.transactions += 1
        found.older += int(answer.value) < seen
    client.ask("ROLLBACK")


def _session(port, cluster_user, database, how, seconds, most, results):
    client, found = Asking(port, cluster_user, database), _Tally()
    read = "/* highwater: level=primary */ " + LAST if how == NEVER else LAST
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end and (not most or turn < most):
        answer = client.ask(read)
        if answer.error:
            found.failed(answer)
            continue
        if how == LATER:
            time.sleep(0.15)
        (_transaction if turn % 2 else _write)(client, found, int(answer.value))
        turn += 1
    client.close()
    results.send(found)


@contextlib.contextmanager
def _writers(cluster, count, seconds):
    script = os.path.join(cluster.folder, "insert.sql")
    with open(script, "w") as out:
        out.write("INSERT INTO made DEFAULT VALUES;\n")
    command = ["pgbench", "-n", "-h", "127.0.0.1", "-p", str(cluster.primary), "-U", cluster.user, "-c", str(count),
               "-T", str(int(seconds) + 5), "-f", script, cluster.database]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def _ask(cluster, port, writers, how, seconds, most=0):
    total, running = _Tally(), []
    with _writers(cluster, writers, 86_000 if most else seconds):
        for _ in range(SESSIONS):
            here, there = multiprocessing.Pipe(False)
            child = multiprocessing.Process(target=_session, args=(port, cluster.user, cluster.database, how,
                                                                   seconds, most // SESSIONS, there))
            child.start()
            running.append((child, here))
        for child, here in running:
            while not here.poll(0.1):
                if not child.is_alive() and not here.poll():
                    raise BenchError("a session ended in the middle")
            total.add(here.recv())
            child.join()
    return total


def _set_standby(cluster, names):
    cluster.sql(cluster.primary, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    cluster.sql(cluster.primary, "SELECT pg_reload_conf()")


class _Hanging:
    """A synchronous standby that is away for half of every second."""

    def __init__(self, cluster):
        self._cluster, self._done = cluster, threading.Event()

    def _toggle(self):
        names = "nobody"
        while not self._done.wait(0.5):
            _set_standby(self._cluster, names)
            names = "" if names else "nobody"

    def __enter__(self):
        self._thread = threading.Thread(target=self._toggle, daemon=True)
        self._thread.start()

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        _set_standby(self._cluster, "")


@contextlib.contextmanager
def _standby(cluster, names):
    _set_standby(cluster, names)
    try:
        yield
    finally:
        _set_standby(cluster, "")


def run(settings):
    if not settings.highwater:
        return True
    # With --full 10^5 of each for each kind of standby, half of them beside few writers and half beside many, however
    # long that takes.
    seconds, most = (3600, 100_000) if settings.full else (settings.seconds, 0)
    rows, costs, kept = [], [], True
    with Cluster(delay="0") as cluster:
        cluster.sql(cluster.primary, "CREATE TABLE made (id bigserial PRIMARY KEY, touched int NOT NULL DEFAULT 0)")
        cluster.sql(cluster.primary, "GRANT ALL ON ALL TABLES IN SCHEMA public TO app; "
                                     "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app; INSERT INTO made DEFAULT VALUES")
        cluster.wait_for_replicas()
        stands = (("no synchronous standby", lambda: _standby(cluster, "")),
                  ("a synchronous standby", lambda: _standby(cluster, "FIRST 1 (walreceiver)")),
                  ("one that is away for half of every second", lambda: _Hanging(cluster)))
        with settings.highwater.start(cluster, on_stale="[{wait: 2s}, primary]", pool=40) as proxy:
            for label, standby in stands:
                for writers in WRITERS:
                    with standby():
                        found = _ask(cluster, proxy.port, writers, AT_ONCE, seconds, most)
                    kept = kept and not found.missing and not found.older
                    rows.append((label, writers, found))
                    settings.say(f"{label}, {writers} writers: {found.missing} of {found.writes} writes and {found.older} "
                                 f"of {found.transactions} transactions acted on less than was shown\n")
            for how in (NEVER, LATER, AT_ONCE):
                for writers in WRITERS:
                    costs.append((how, writers, _ask(cluster, proxy.port, writers, how, settings.seconds)))
    settings.say(markdown("The gate: 8 sessions at session, beside writers that go to the primary", COLUMNS, [
        (label, writers, found.writes, found.missing, found.transactions, found.older, found.errors)
        for label, writers, found in rows]))
    settings.say(markdown("What a write and the beginning of a transaction take", COST_COLUMNS, [
        (how, writers, _cost(found.write_took), _cost(found.transaction_took)) for how, writers, found in costs]))
    save(settings.results, "gate", {
        "kept": kept, "runs": [{"label": label, "writers": writers, **found.figures()} for label, writers, found in rows],
        "costs": [{"label": how, "writers": writers, **found.figures()} for how, writers, found in costs]})
    return kept
