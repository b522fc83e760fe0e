"""One table: the same workload as applications send it today, and through Highwater at four levels."""

import signal

from .checker import latency_text, share_text
from .cluster import Cluster
from .tables import markdown, save

LEVELS = ("eventual", "session", "causal", "strong")
COLUMNS = ("", "reads", "own writes not seen", "reads that went back", "older than others were told", "by replicas",
           "p50 / p99 ms")


def _row(counts, share):
    found = counts["violations"]
    return (counts["label"], counts["reads"], found["own_write"], found["went_back"], found["causal"], share,
            latency_text(counts["read"]))


def _workload(settings, cluster, proxy):
    """Yields a row's label and figures, one run after the other."""
    time = ("--duration", settings.seconds, "--clients", 8, "--write-percent", 30)
    readers = [text for port in cluster.replicas for text in ("--read-target", cluster.conninfo(port))]
    round_robin = settings.checker.run("round-robin over the replicas", *readers, "--write-target",
                                       cluster.conninfo(cluster.primary), *time)
    yield round_robin, "100.0 %"
    for level in LEVELS if proxy else ():
        counts = settings.checker.run(f"Highwater, {level}", "--target", cluster.conninfo(proxy.port), "--level", level,
                                      "--share-from", proxy.metrics_url, *time, expect=level)
        yield counts, share_text(counts)


def _show(settings, cluster, proxy):
    settings.say("A primary and two replicas are up, one of them 40 ms behind; 8 clients read (70 %) and write (30 %).")
    runs = []
    for counts, share in _workload(settings, cluster, proxy):
        settings.say(f"  {counts['label']}: {counts['reads']} reads")
        runs.append((counts, share))
    settings.say("\n" + markdown("Reads that were too old", COLUMNS, [_row(*one) for one in runs]))
    for counts, _ in runs:
        if not counts["kept"]:
            settings.say(counts["details"])
    save(settings.results, "demo", {"runs": [counts for counts, _ in runs]})
    return all(counts["kept"] for counts, _ in runs)


def _wait_for_the_user(settings, cluster, proxy):
    settings.say(f"Still running; Ctrl-C ends it.\n  psql '{cluster.conninfo(proxy.port)}'\n  {proxy.metrics_url}")
    signal.pause()


def run(settings):
    with Cluster(delay="40ms") as cluster:
        if not settings.highwater:
            return _show(settings, cluster, None)
        with settings.highwater.start(cluster) as proxy:
            kept = _show(settings, cluster, proxy)
            if settings.keep:
                _wait_for_the_user(settings, cluster, proxy)
            return kept
