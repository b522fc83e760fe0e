"""What stands between the clients and the cluster: Highwater and its peers, each as one running process."""

import os
import shutil

from .processes import BenchError, Process, free_port, server_user


def _folder(cluster, name):
    path = os.path.join(cluster.folder, name)
    os.makedirs(path, exist_ok=True)
    if server_user():
        shutil.chown(path, server_user())
    return path


def _write(path, text):
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o644)
    return path


def _program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise BenchError(f"{name} is not installed")
    return found


class Contender:
    """A process with a PostgreSQL port; ends with the block."""

    def __init__(self, name, process, metrics_url=None):
        self.name, self.process, self.metrics_url = name, process, metrics_url

    @property
    def port(self):
        return self.process.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()


class Highwater:
    """Makes highwater processes of one binary."""

    def __init__(self, binary):
        if not os.access(binary, os.X_OK):
            raise BenchError(f"{binary} is not there: build it first (cmake --preset release && cmake --build --preset "
                             "release), or leave it out with --without-highwater")
        self._binary = os.path.abspath(binary)

    def start(self, cluster, name="Highwater", level="session", on_stale="[{wait: auto}, primary]", workers=2, pool=20,
              nodes=None, max_clients=10000, tls=None):
        port, http = free_port(), free_port()
        folder = _folder(cluster, f"highwater{port}")
        members = "\n".join(f"    - {{name: {'primary' if i == 0 else f'replica{i}'}, host: 127.0.0.1, port: {node}}}"
                            for i, node in enumerate(nodes or cluster.nodes))
        config = _write(os.path.join(folder, "highwater.yaml"), f"""\
listen: {{address: 127.0.0.1, port: {port}{f', tls: {{mode: require, certificate: {tls[0]}, key: {tls[1]}}}' if tls else ''}}}
http: {{address: 127.0.0.1, port: {http}}}
workers: {workers}
auth: {{method: trust}}
cluster:
  nodes:
{members}
  monitor: {{user: highwater, database: postgres}}
pool: {{mode: transaction, size: {pool}}}
consistency: {{level: {level}, on_stale: {on_stale}}}
limits: {{max_clients: {max_clients}}}
""")
        process = Process(name, [self._binary, config], port, os.path.join(folder, "log"))
        return Contender(name, process, f"http://127.0.0.1:{http}/metrics")


def pgbouncer(cluster, pool_mode="transaction", pool=20, max_clients=10000, tls=None):
    """PgBouncer in front of the primary: it knows one server per database."""
    folder, port = _folder(cluster, f"pgbouncer-{pool_mode}-{pool}"), free_port()
    config = _write(os.path.join(folder, "pgbouncer.ini"), f"""\
[databases]
{cluster.database} = host=127.0.0.1 port={cluster.primary} dbname={cluster.database} user={cluster.user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {pool_mode}
default_pool_size = {pool}
max_client_conn = {max_clients}
max_db_connections = 0
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits
{f'''client_tls_sslmode = require
client_tls_cert_file = {tls[0]}
client_tls_key_file = {tls[1]}''' if tls else ''}
""")
    process = Process("pgbouncer", [_program("pgbouncer"), config], port, os.path.join(folder, "log"),
                      unprivileged=True)
    return Contender(f"PgBouncer, {pool_mode} pooling", process)


def pgpool(cluster, on_write="transaction", per_statement=False, children=40):
    """Debian's pgpool2, streaming replication mode with load balancing over the three nodes."""
    folder, port = _folder(cluster, f"pgpool-{on_write}-{per_statement}"), free_port()
    backends = "".join(f"""\
backend_hostname{i} = '127.0.0.1'
backend_port{i} = {node}
backend_weight{i} = {0 if i == 0 else 1}
backend_flag{i} = 'DISALLOW_TO_FAILOVER'
""" for i, node in enumerate(cluster.nodes))
    config = _write(os.path.join(folder, "pgpool.conf"), f"""\
backend_clustering_mode = 'streaming_replication'
listen_addresses = '127.0.0.1'
port = {port}
pcp_listen_addresses = '127.0.0.1'
pcp_port = {free_port()}
socket_dir = '{folder}'
pcp_socket_dir = '{folder}'
pid_file_name = '{folder}/pgpool.pid'
logdir = '{folder}'
work_dir = '{folder}'
{backends}
enable_pool_hba = off
pool_passwd = ''
num_init_children = {children}
max_pool = 1
load_balance_mode = on
statement_level_load_balance = {'on' if per_statement else 'off'}
disable_load_balance_on_write = '{on_write}'
sr_check_period = 1
sr_check_user = 'postgres'
sr_check_database = 'postgres'
health_check_period = 0
""")
    process = Process("pgpool", [_program("pgpool"), "-n", "-f", config], port, os.path.join(folder, "log"),
                      unprivileged=True)
    return Contender(f"pgpool2, {'per statement' if per_statement else 'per session'}, "
                     f"disable_load_balance_on_write = {on_write}", process)
