#!/bin/sh
# A role and a database for each service, which nobody else may connect to. Run once when the
# data directory is made; run again (docs/operations.md: Rotating secrets) it takes changed passwords over.
set -eu
# Told by the image's entrypoint, which the second run does not come from.
administrator=${POSTGRES_USER:-postgres}
for service in intake placement aftercare reporting; do
    psql --quiet --set ON_ERROR_STOP=1 --username "$administrator" --dbname postgres \
        --set service="$service" <<'SQL'
\setenv service :service
\set password `cat "/run/secrets/database-$service"`
SELECT format('CREATE ROLE %I LOGIN', :'service')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') \gexec
ALTER ROLE :"service" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'service', :'service')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \gexec
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
psql --quiet --set ON_ERROR_STOP=1 --username "$administrator" --dbname postgres <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
