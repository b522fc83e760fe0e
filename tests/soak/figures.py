"""What must be as it was when nobody is there, and what the log must not say: pure, and so tested by itself."""

import dataclasses
import re

REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")
# Some reloads are of a file with this mistake.
MISTAKE = "{size: many}"
EXPECTED = ("pool.size: found 'many'", "is not applied: the configuration stays as it was")


@dataclasses.dataclass
class Figures:
    descriptors: int
    threads: int
    rss_kib: int
    lists: dict  # of SHOW LISTS
    heap: dict   # of SHOW MEM; nothing with a sanitizer, which has an allocator of its own

    def __str__(self):
        lists = ", ".join(f"{name} {count}" for name, count in self.lists.items())
        return (f"{self.descriptors} descriptors, {self.threads} threads, {self.rss_kib / 1024:.1f} MB resident, "
                f"SHOW MEM {self.heap.get('heap')}, SHOW LISTS {lists}")


def differences(warm, now, growth):
    """What is not as it was after the warm-up; memory may have grown by that share of it."""
    found = [f"{what}: {getattr(now, what)} where {getattr(warm, what)} had been"
             for what in ("descriptors", "threads", "lists") if getattr(now, what) != getattr(warm, what)]
    if now.rss_kib > warm.rss_kib * (1 + growth):
        found.append(f"rss_kib: {now.rss_kib} where {warm.rss_kib} had been, which is more than {growth:.0%}")
    return found


def complaints(log):
    return [line for line in log.splitlines()
            if any(report in line for report in REPORTS)
            or re.match(r"\S+ \S+ (error|critical) ", line) and not any(known in line for known in EXPECTED)]
