#!/usr/bin/env bash
# Join the Ray cluster at MDML_RAY_HEAD as a node that runs no trial, and search from here. The exit
# code is the search's own; the node leaves when the container ends.
set -euo pipefail

join() {
    said=$(ray start --address="$MDML_RAY_HEAD" --num-cpus=0 --num-gpus=0 \
        --object-store-memory=268435456 --disable-usage-stats 2>&1)
}

join_late() { # Ray gives itself 30 s to start, and a busy host may take longer
    [[ $said == *"timed out during startup"* ]] && join
}

if ! { join || join_late || join_late; }; then
    printf '%s\n' "$said" >&2
    echo "error: no Ray cluster answers at $MDML_RAY_HEAD, or it has another token (MDML_RAY_TOKEN). Is it up? docker compose ps" >&2
    exit 3
fi
exec mdml-tune search --address auto "$@"
