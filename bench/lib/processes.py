"""Starting, measuring and ending the processes of a run; never any other."""

import os
import pwd
import resource
import signal
import socket
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The run cannot go on; the message says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def allow_many_files(wanted=20000):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def server_user():
    """PostgreSQL and PgBouncer refuse to run as root: whom to become, or None."""
    return "postgres" if os.geteuid() == 0 else None


class Process:
    """A daemon that stays in the foreground, its log in a file, its port open before the constructor returns."""

    def __init__(self, name, command, port, log, unprivileged=False):
        self.name, self.port, self.log = name, port, log
        identity = {}
        if unprivileged and server_user():
            account = pwd.getpwnam(server_user())
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with open(log, "ab") as out:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
                                           start_new_session=True, **identity)
        self._wait_for_port()

    @property
    def pid(self):
        return self._child.pid

    def _wait_for_port(self, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                raise BenchError(f"{self.name} ended at once:\n{self.log_tail()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise BenchError(f"{self.name} does not listen on port {self.port}:\n{self.log_tail()}")

    def log_tail(self, lines=15):
        with open(self.log, errors="replace") as text:
            return "".join(text.readlines()[-lines:])

    def stop(self):
        if self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def cpu_seconds(self):
        """User and system time of all its threads so far; the resolution is a clock tick, 10 ms."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        raise BenchError(f"{self.name} has no VmRSS")


class PeakRss:
    """The highest resident set of a process while the block runs, looked at every 10 ms."""

    def __init__(self, process):
        self._process, self._done = process, threading.Event()
        self.before = self.peak = process.rss_kib()

    def _watch(self):
        while not self._done.wait(0.01):
            self.peak = max(self.peak, self._process.rss_kib())

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
