"""How many reads are too old: through each contender, with one replica late and one that pauses by turns."""

from . import contenders
from .checker import errors_text, latency_text, share_text
from .cluster import Cluster
from .tables import markdown, save

LEVELS = ("eventual", "read_your_writes", "monotonic_reads", "session", "causal", "strong")
STRICT = LEVELS[1:]
PROTOCOLS = ("simple", "extended")
CHECKED_READS = 500_000  # in each protocol
CLIENTS = 8
CLIENTS_IN_FULL = 32  # each waits most of its time for the replica that pauses: a million reads would take hours with 8
COLUMNS = ("", "reads", "writes", "own writes not seen", "reads that went back", "older than another session was told",
           "older than acknowledged anywhere", "reads by replicas", "read p50 / p99 ms", "errors", "promise")


def _row(counts):
    found = counts["violations"]
    promise = "–" if not counts["expect"] else "kept" if counts["kept"] else "BROKEN"
    return (counts["label"], counts["reads"], counts["writes"], found["own_write"], found["went_back"], found["causal"],
            found["strong"], share_text(counts), latency_text(counts["read"]), errors_text(counts), promise)


def _peers(settings, cluster, common):
    """Yields one run's counts after the other."""
    primary, endpoint = cluster.conninfo(cluster.primary), cluster.conninfo
    run, time = settings.checker.run, ("--duration", settings.seconds)
    yield run("the primary alone", "--target", primary, *time, *common, expect="strong")
    readers = [text for port in cluster.replicas for text in ("--read-target", endpoint(port))]
    yield run("round-robin over the replicas", *readers, "--write-target", primary, *time, *common)
    for on_write, per_statement in (("transaction", False), ("transaction", True), ("always", False)):
        with contenders.pgpool(cluster, on_write, per_statement) as peer:
            yield run(peer.name, "--target", endpoint(peer.port), *time, *common)


def _levels(settings, cluster, common):
    with settings.highwater.start(cluster) as proxy:
        for level in LEVELS:
            enough = ("--duration", settings.seconds)
            if settings.full and level in STRICT:
                enough = ("--duration", 0, "--reads", CHECKED_READS)
            yield settings.checker.run(f"Highwater, {level}", "--target", cluster.conninfo(proxy.port), "--level",
                                       level, "--share-from", proxy.metrics_url, *enough, *common, expect=level)


def run(settings):
    figures, kept = [], True
    clients = CLIENTS_IN_FULL if settings.full else CLIENTS
    with Cluster(delay="40ms", pause=True) as cluster:
        for protocol in PROTOCOLS:
            common = ("--protocol", protocol, "--clients", clients, "--write-percent", 30, "--side-writer",
                      cluster.conninfo(cluster.primary))
            counted = list(_peers(settings, cluster, common))
            if settings.highwater:
                counted += _levels(settings, cluster, common)
            for counts in counted:
                counts["protocol"] = protocol
                if not counts["kept"]:
                    kept = False
                    settings.say(f"{counts['label']}: {counts['details']}\n")
            settings.say(markdown(f"Consistency, {protocol} protocol", COLUMNS, [_row(counts) for counts in counted]))
            figures += counted
    save(settings.results, "consistency", {"runs": figures, "kept": kept})
    return kept
