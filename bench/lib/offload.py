"""How much of the reading the replicas take, what it costs in latency, and how many samples a write costs."""

from .checker import errors_text, latency_text, share_text
from .cluster import Cluster
from .tables import markdown, save

STEPS = ("[{wait: 20ms}, primary]", "[primary]")
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


def run(settings):
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
    every = runs + [counts for _, counts in samples]
    kept = all(counts["kept"] for counts in every)
    for counts in every:
        if not counts["kept"]:
            settings.say(f"{counts['label']}: {counts['details']}\n")
    save(settings.results, "offload", {"runs": runs, "samples": samples, "kept": kept})
    return kept
