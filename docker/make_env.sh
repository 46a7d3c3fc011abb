#!/bin/sh
# Write docker/.env with fresh random secrets; one that is there stays as it is.
set -eu
cd "$(dirname "$0")"
if [ -e .env ]; then
    echo "docker/.env is there already: nothing changed"
    exit 0
fi
umask 077
secret() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
{
    cat env.example
    echo "MDML_POSTGRES_PASSWORD=$(secret)"
    echo "MDML_MLFLOW_PASSWORD=$(secret)"
    echo "MDML_MLFLOW_SECRET_KEY=$(secret)"
    echo "MDML_RAY_TOKEN=$(secret)"
} > .env.new
mv .env.new .env
echo "docker/.env written: keep it to yourself (mode 0600)"
