"""Runs highwater-checker and reads what it says."""

import json
import os
import subprocess

from .processes import BenchError


class Checker:
    def __init__(self, binary):
        if not os.access(binary, os.X_OK):
            raise BenchError(f"{binary} is not there: build it first (target highwater-checker)")
        self._binary = binary

    def run(self, label, *arguments, expect=None):
        """One run's counts; `kept` says whether the promise of the level `expect` held."""
        command = [self._binary, "--json", "--label", label, *map(str, arguments)]
        if expect:
            command += ["--expect", expect]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1):
            raise BenchError(f"{label}: {done.stderr.strip()}")
        counts = json.loads(done.stdout)
        counts["kept"] = done.returncode == 0
        counts["expect"] = expect
        counts["details"] = done.stderr.strip()
        return counts


def errors_text(counts):
    return ", ".join(f"{code}: {count}" for code, count in sorted(counts["errors"].items())) or "0"


def latency_text(latency):
    return f"{latency['p50_ms']:.2f} / {latency['p99_ms']:.2f}"


def share_text(counts):
    return f"{100 * counts['replica_share']:.1f} %" if "replica_share" in counts else "–"
