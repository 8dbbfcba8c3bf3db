#!/bin/bash
# Runs once, when the data folder is new. SERVICE_DATABASES holds "name:password" words: each becomes a role and a
# database that the role owns. A service is no superuser, cannot make roles or databases, and cannot connect to the
# database of another one, also where several share a server to save memory.
set -e
sql() { psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres "$@"; }

for entry in $SERVICE_DATABASES; do
  sql -v name="${entry%%:*}" -v password="${entry#*:}" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 40;
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
sql <<'SQL'
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL
