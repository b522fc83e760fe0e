#!/bin/bash
# A throwaway PostgreSQL cluster on free ports: one primary, one replica that is current, one that replays commits late.
#
#   eval "$(bench/throwaway_cluster.sh start [--delay 40ms] [--pause] [--replicas 2])"   # prints shell assignments
#   bench/throwaway_cluster.sh stop "$CLUSTER_DIR"
#
# start prints CLUSTER_DIR, PRIMARY_PORT, REPLICA1_PORT, REPLICA2_PORT, ... and writes the same to $CLUSTER_DIR/env.
#   --delay TIME   recovery_min_apply_delay of the last replica (default 40ms; 0: none)
#   --pause        the first replica stops replaying for half of every second
#   --replicas N   how many (default 2)
#
# The servers are as Debian ships them: fsync on, synchronous_commit on, no synchronous standby. Logins are not checked
# (trust) and everything listens on 127.0.0.1 only. Called by root, the servers run as the user postgres.
set -Eeuo pipefail

say() { echo "throwaway_cluster: $*" >&2; }
fail() { say "$*"; exit 1; }

server_binaries() {
    local folder
    for folder in "${PG_BIN:-}" /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
        if [[ -n $folder && -x $folder/initdb ]]; then
            echo "$folder"
            return
        fi
    done
    fail "no PostgreSQL server found; set PG_BIN to the folder of its binaries"
}

# PostgreSQL refuses to run as root.
as_server_user() {
    if [[ $EUID -eq 0 ]]; then
        (cd / && runuser -u postgres -- "$@")
    else
        (cd / && "$@")
    fi
}

free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PYTHON
}

sql() { # port, statement
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$1" -U postgres -d "${3:-postgres}" -c "$2"
}

launch() { # folder, port
    as_server_user "$bin/pg_ctl" -D "$1" -o "-p $2" -l "$1.log" -w -t 60 start >/dev/null ||
        { tail -n 20 "$1.log" >&2; fail "the server in $1 did not start"; }
}

make_primary() { # port
    as_server_user "$bin/initdb" -D "$dir/primary" -U postgres -A trust -E UTF8 --locale=C >/dev/null
    as_server_user tee -a "$dir/primary/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 400
max_wal_senders = 20
wal_keep_size = 256MB
shared_buffers = 256MB
max_wal_size = 4GB
CONF
    launch "$dir/primary" "$1"
    sql "$1" "CREATE ROLE highwater LOGIN; GRANT pg_monitor TO highwater"
    sql "$1" "CREATE ROLE app LOGIN"
    sql "$1" "CREATE DATABASE bench OWNER app"
}

make_replica() { # number, port, delay
    as_server_user "$bin/pg_basebackup" -h 127.0.0.1 -p "$primary_port" -U postgres -D "$dir/replica$1" -R -c fast
    echo "recovery_min_apply_delay = '$3'" | as_server_user tee -a "$dir/replica$1/postgresql.auto.conf" >/dev/null
    launch "$dir/replica$1" "$2"
}

# Runs in the background until it is stopped or its server is gone.
pause_and_resume() { # port
    trap - ERR INT
    trap 'exit 0' TERM
    while sql "$1" "SELECT pg_wal_replay_pause()" >/dev/null 2>&1; do
        sleep 0.5 & wait $! || true
        sql "$1" "SELECT pg_wal_replay_resume()" >/dev/null 2>&1 || break
        sleep 0.5 & wait $! || true
    done
}

start() {
    local delay=40ms pause=no replicas=2
    while [[ $# -gt 0 ]]; do
        case $1 in
            --delay) delay=$2; shift 2 ;;
            --pause) pause=yes; shift ;;
            --replicas) replicas=$2; shift 2 ;;
            *) fail "start knows --delay TIME, --pause and --replicas N, not '$1'" ;;
        esac
    done
    bin=$(server_binaries)
    dir=$(mktemp -d "${TMPDIR:-/tmp}/highwater-cluster.XXXXXX")
    [[ $EUID -ne 0 ]] || chown postgres "$dir"
    trap 'stop "$dir"; exit 1' ERR INT TERM

    local ports number
    read -r -a ports <<<"$(free_ports $((replicas + 1)))"
    primary_port=${ports[0]}
    { echo "CLUSTER_DIR=$dir"; echo "PRIMARY_PORT=$primary_port"; } >"$dir/env"
    say "starting a primary and $replicas replicas in $dir"
    make_primary "$primary_port"
    for ((number = 1; number <= replicas; number++)); do
        local late=0
        [[ $number -lt $replicas ]] || late=$delay
        make_replica "$number" "${ports[number]}" "$late"
        echo "REPLICA${number}_PORT=${ports[number]}" >>"$dir/env"
    done
    if [[ $pause == yes ]]; then
        pause_and_resume "${ports[1]}" </dev/null >/dev/null 2>&1 &
        echo $! >"$dir/pause.pid"
    fi
    cat "$dir/env"
}

stop() { # folder
    local folder=$1 server
    [[ -f $folder/env && $folder == */highwater-cluster.* ]] || fail "'$folder' is no throwaway cluster"
    if [[ -f $folder/pause.pid ]]; then
        kill "$(<"$folder/pause.pid")" 2>/dev/null || true
    fi
    bin=$(server_binaries)
    for server in "$folder"/replica* "$folder"/primary; do
        [[ -f $server/postmaster.pid ]] || continue
        as_server_user "$bin/pg_ctl" -D "$server" -m immediate -w stop >/dev/null 2>&1 || true
    done
    rm -rf "$folder"
}

case ${1:-} in
    start) shift; start "$@" ;;
    stop) [[ $# -eq 2 ]] || fail "stop needs the folder that start printed"; stop "$2" ;;
    *) fail "use: throwaway_cluster.sh start [--delay TIME] [--pause] [--replicas N] | stop FOLDER" ;;
esac
