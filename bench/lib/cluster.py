"""The throwaway PostgreSQL cluster of a run."""

import os
import shlex
import signal
import subprocess
import time

from .processes import BenchError

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "throwaway_cluster.sh")


class Cluster:
    """One primary, one replica that is current (or paused by turns), one that is late."""

    def __init__(self, delay="40ms", pause=False, user="app", database="bench"):
        self.user, self.database = user, database
        command = [SCRIPT, "start", "--delay", delay] + (["--pause"] if pause else [])
        settings = dict(line.split("=", 1) for line in shlex.split(self._start(command)))
        self.folder = settings["CLUSTER_DIR"]
        self.primary = int(settings["PRIMARY_PORT"])
        self.replicas = [int(settings["REPLICA1_PORT"]), int(settings["REPLICA2_PORT"])]

    @staticmethod
    def _start(command):
        # In a session of its own: Ctrl-C must not end the script half-way, but make it take back what it did.
        script = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            said, _ = script.communicate()
        except BaseException:
            script.terminate()
            script.wait()
            raise
        if script.returncode != 0:
            raise BenchError("the throwaway cluster did not start")
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        impatient = signal.signal(signal.SIGINT, signal.SIG_IGN)
        subprocess.run([SCRIPT, "stop", self.folder], check=False, start_new_session=True)
        signal.signal(signal.SIGINT, impatient)

    @property
    def nodes(self):
        return [self.primary, *self.replicas]

    def conninfo(self, port):
        return f"host=127.0.0.1 port={port} user={self.user} dbname={self.database}"

    def sql(self, port, statement):
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U",
                               "postgres", "-d", self.database, "-c", statement],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise BenchError(f"{statement}: {done.stdout.strip()}")
        return done.stdout.strip()

    def fill_pgbench(self, scale):
        subprocess.run(["pgbench", "-i", "-q", "-s", str(scale), "-h", "127.0.0.1", "-p", str(self.primary), "-U",
                        self.user, self.database], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.sql(self.primary, "CHECKPOINT")
        self.wait_for_replicas()

    def wait_for_replicas(self, seconds=60):
        position = self.sql(self.primary, "SELECT pg_current_wal_flush_lsn()")
        deadline = time.monotonic() + seconds
        for port in self.replicas:
            while self.sql(port, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") != "t":
                if time.monotonic() > deadline:
                    raise BenchError("a replica does not catch up")
                time.sleep(0.1)
