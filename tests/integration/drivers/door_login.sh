#!/bin/sh
# psql: logs in by each of the URLs given and says, in a line for each, who it has become there, or why it could not.
#   door_login.sh PSQL URL...
psql=$1
shift
question="select current_user || ' ' || ssl from pg_stat_ssl where pid = pg_backend_pid()"
for url; do
  "$psql" -XAtw -d "$url" -c "$question" 2>&1 | tr '\n' ' '
  echo
done
