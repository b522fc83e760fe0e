"""How much of the reading the replicas take, what it costs in latency, and how many samples a write costs."""

import concurrent.futures

from .checker import errors_text, latency_text, share_text
from .cluster import Cluster
from .contenders import pgbouncer
from .tables import markdown, save

DEFAULT_STEPS = "[{wait: auto}, primary]"
STEPS = (DEFAULT_STEPS, "[{wait: 20ms}, primary]", "[primary]")
LEVELS = ("eventual", "session", "causal")
WRITERS = (8, 64, 128)
COLUMNS = ("", "reads", "reads by replicas", "reads/s", "read p50 / p99 ms", "write p50 / p99 ms", "errors")
SAMPLE_COLUMNS = ("clients", "writes", "writes/s", "samples of the primary per write", "write p50 / p99 ms", "errors")


def _row(counts):
    return (counts["label"], counts["reads"], share_text(counts), f"{counts['reads_per_second']:.0f}",
            latency_text(counts["read"]), latency_text(counts["write"]), errors_text(counts))


def _workload(settings, clients, write_percent):
    return ("--clients", clients, "--write-percent", write_percent, "--duration", settings.seconds)


def _baselines(settings, cluster):
    primary, workload = cluster.conninfo(cluster.primary), _workload(settings, 8, 30)
    yield settings.checker.run("the primary alone", "--target", primary, *workload)
    readers = [text for port in cluster.replicas for text in ("--read-target", cluster.conninfo(port))]
    yield settings.checker.run("round-robin over the replicas (stale reads and all)", *readers, "--write-target",
                               primary, *workload)


def _through(settings, cluster):
    for steps in STEPS:
        with settings.highwater.start(cluster, on_stale=steps) as proxy:
            for level in LEVELS:
                yield settings.checker.run(f"Highwater, {level}, on_stale {steps}", "--target",
                                           cluster.conninfo(proxy.port), "--level", level, "--share-from",
                                           proxy.metrics_url, *_workload(settings, 8, 30), expect=level)


def _samples(settings, cluster):
    with settings.highwater.start(cluster, pool=max(WRITERS)) as proxy:
        for clients in WRITERS:
            # As many registers as writers, or they would wait for each other's row locks instead of writing at once.
            counts = settings.checker.run(f"{clients} clients", "--target", cluster.conninfo(proxy.port), "--level",
                                          "session", "--share-from", proxy.metrics_url, "--keys", 4 * clients,
                                          *_workload(settings, clients, 80), expect="session")
            yield clients, counts


# What sessions meet that write and read without a pause, beside others, with the configuration as it comes.
TURN_COLUMNS = ("", "writes", "reads", "reads by replicas", "read p50 / p99 ms",
                "the same sessions on the primary itself: p50 / p99 ms", "ratio of medians",
                "through PgBouncer to the primary: p50 / p99 ms", "ratio", "write p50 / p99 ms", "errors")
SHARES_OF_WRITES = (10, 30, 50)


def _turning(settings, cluster, proxy, peer, label, writes):
    """Eight sessions, beside two other writers: through Highwater, then the same on the primary itself, and through a
    proxy that decides nothing and waits for nothing."""
    primary = cluster.conninfo(cluster.primary)
    common = ("--write-percent", writes, "--clients", 8, "--duration", settings.seconds)

    def beside(target, *more, **expected):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            others = pool.submit(settings.checker.run, label, "--target", primary, "--write-percent", 95, "--clients", 2,
                                 "--think-ms", 2, "--duration", settings.seconds)
            found = settings.checker.run(label, "--target", target, *common, *more, **expected)
            others.result()
        return found

    through = beside(cluster.conninfo(proxy.port), "--share-from", proxy.metrics_url, expect="session")
    return through, beside(primary), beside(cluster.conninfo(peer.port))


# The median of the rounds.
def _turns(settings, cluster):
    found = []
    settings.checker.run("makes the table", "--target", cluster.conninfo(cluster.primary), "--duration", 0.2)
    cluster.wait_for_replicas()
    for commit in ("on", "off"):
        cluster.sql(cluster.primary, f"ALTER SYSTEM SET synchronous_commit = {commit}")
        cluster.sql(cluster.primary, "SELECT pg_reload_conf()")
        with settings.highwater.start(cluster, on_stale=DEFAULT_STEPS) as proxy, pgbouncer(cluster) as peer:
            for writes in SHARES_OF_WRITES:
                rounds = [_turning(settings, cluster, proxy, peer, f"synchronous_commit = {commit}", writes)
                          for _ in range(settings.rounds)]
                rounds.sort(key=_ratio)
                found.append((commit, writes, *rounds[len(rounds) // 2]))
    cluster.sql(cluster.primary, "ALTER SYSTEM RESET synchronous_commit")
    cluster.sql(cluster.primary, "SELECT pg_reload_conf()")
    return found


def _to(direct, other):
    return other["read"]["p50_ms"] / direct["read"]["p50_ms"]


def _ratio(of):
    through, direct, _ = of
    return _to(direct, through)


def _turn_row(commit, writes, through, direct, peer):
    return (f"synchronous_commit = {commit}", f"{writes} %", through["reads"], share_text(through),
            latency_text(through["read"]), latency_text(direct["read"]), f"{_to(direct, through):.2f}",
            latency_text(peer["read"]), f"{_to(direct, peer):.2f}", latency_text(through["write"]), errors_text(through))


def run(settings):
    turns = []
    if settings.highwater:
        with Cluster(delay="0") as cluster:
            turns = _turns(settings, cluster)
        settings.say(markdown("Reading what one has just written: 8 sessions without a pause, beside two other writers",
                              TURN_COLUMNS, [_turn_row(*each) for each in turns]))
    with Cluster(delay="40ms") as cluster:
        runs = list(_baselines(settings, cluster))
        samples = []
        if settings.highwater:
            runs += _through(settings, cluster)
            samples = list(_samples(settings, cluster))
    settings.say(markdown("Offload: 8 clients, 30 % writes, one replica current, one 40 ms late", COLUMNS,
                          [_row(counts) for counts in runs]))
    if samples:
        settings.say(markdown("Samples per write: 80 % writes, level session", SAMPLE_COLUMNS, [
            (clients, counts["writes"], f"{counts['writes_per_second']:.0f}", f"{counts['samples_per_write']:.3f}",
             latency_text(counts["write"]), errors_text(counts)) for clients, counts in samples]))
    every = runs + [counts for _, counts in samples] + [through for _, _, through, *_ in turns]
    kept = all(counts["kept"] for counts in every)
    for counts in every:
        if not counts["kept"]:
            settings.say(f"{counts['label']}: {counts['details']}\n")
    save(settings.results, "offload", {"runs": runs, "samples": samples, "turns": turns, "kept": kept})
    return kept
