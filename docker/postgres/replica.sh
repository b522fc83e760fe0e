#!/bin/bash
# A replica of postgres-a: copies it when the data folder is empty, then streams.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  until pg_basebackup --host=postgres-a --username=replicator --pgdata="$PGDATA" --write-recovery-conf \
                      --checkpoint=fast --wal-method=stream; do
    find "$PGDATA" -mindepth 1 -delete
    sleep 1
  done
  chmod 700 "$PGDATA"
fi
# Not fewer connections than the primary: a replica does not start with fewer.
exec docker-entrypoint.sh postgres -c max_connections=200 -c max_wal_senders=10 -c wal_keep_size=512MB
