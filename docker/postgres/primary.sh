#!/bin/bash
# Runs once, when the primary's data folder is new: roles, a database, and leave to replicate.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION;
CREATE ROLE highwater LOGIN;
GRANT pg_monitor TO highwater;
CREATE ROLE app LOGIN;
CREATE DATABASE app OWNER app;
SQL

echo 'host replication replicator all trust' >>"$PGDATA/pg_hba.conf"
