#!/usr/bin/env bash
# Serve MLflow on the head node: to this machine alone, with a password, and again whenever it dies.
#
#   bash serve_mlflow.sh          start it, wait until it answers, and tell ~/.mdml-tune/environment
#   bash serve_mlflow.sh --stop   end it
#
# A second call leaves the server as it is, and replaces one that was started otherwise.
# From the environment:
#
#   MDML_MLFLOW_STORE        the database, such as postgresql://USER:PASSWORD@HOST/DATABASE; kept (0600)
#                            for later calls. Without it a sqlite file in ~/.mdml-tune/mlflow.
#   MDML_SHARED              folder that all nodes share, /mnt/mdml; the artifacts go below it
#   MDML_STORAGE             folder of studies, $MDML_SHARED/runs
#   MDML_MLFLOW_PORT         5000
#   MDML_MLFLOW_PATIENCE_S   seconds to wait for an answer, 120
set -euo pipefail
umask 077 # secrets, databases and logs are nobody else's business

script=$(realpath "${BASH_SOURCE[0]}")
readonly script
readonly state="$HOME/.mdml-tune"
readonly home="$state/mlflow"
readonly environment="$state/environment"
readonly log="$home/server.log"
readonly log_bytes=10000000
readonly user="mdml"

fail() {
    echo "error: $*" >&2
    exit 1
}

# --- What is kept on the disk: whole or not there ---

write() { # FILE < CONTENT
    cat > "$1.new"
    mv "$1.new" "$1"
}

make_secret() { # FILE
    [[ -s $1 ]] || od -An -tx1 -N24 /dev/urandom | tr -d ' \n' | write "$1"
}

make_secrets() {
    if [[ ! -s $home/password ]]; then
        rm -f "$home/users.db" # it knows another password, which nobody knows any more
    fi
    make_secret "$home/password"
    make_secret "$home/secret_key"
    write "$home/basic_auth.ini" << END
[mlflow]
default_permission = READ
database_uri = sqlite:///$home/users.db
admin_username = $user
auth_cache_ttl_seconds = 60
END
}

tell_environment() {
    local line name
    {
        if [[ -f $environment ]]; then
            while IFS= read -r line || [[ -n $line ]]; do
                name=${line#export }
                case ${name%%=*} in
                    MDML_STORAGE | MLFLOW_TRACKING_URI | MLFLOW_TRACKING_USERNAME | MLFLOW_TRACKING_PASSWORD) ;;
                    *) echo "$line" ;;
                esac
            done < "$environment"
        fi
        printf 'export MDML_STORAGE=%q\n' "${MDML_STORAGE:-$shared/runs}"
        echo "export MLFLOW_TRACKING_URI=http://127.0.0.1:$port"
        echo "export MLFLOW_TRACKING_USERNAME=$user"
        echo "export MLFLOW_TRACKING_PASSWORD=$(< "$home/password")"
    } | write "$environment"
}

# --- Processes: the keeper starts the server anew whenever it ends ---

runs() { # PID WORDS: whether that process is alive and has these words in its command line
    [[ -r /proc/$1/cmdline && "$(tr '\0' ' ' < "/proc/$1/cmdline")" == *"$2"* ]]
}

keeper() { # its pid, while it is alive
    local pid
    pid=$(cat "$home/keeper.pid" 2> /dev/null) && runs "$pid" "$script --keep $home" && echo "$pid"
}

end_server() { # with all that it has started; they are a process group
    local pid
    pid=$(cat "$home/server.pid" 2> /dev/null) || return 0
    if [[ ! -e /proc/$pid ]] || runs "$pid" "mlflow server --host 127.0.0.1"; then
        kill -KILL -- "-$pid" 2> /dev/null || true
    fi
    rm -f "$home/server.pid"
}

stop() {
    local pid
    if pid=$(keeper); then
        kill -KILL "$pid" # first, or it would start another server
    fi
    rm -f "$home/keeper.pid"
    end_server
}

bound_log() { # its writers append, so that it can be cut under their hands
    if (($(stat -c %s "$log") > log_bytes)); then
        tail -c $((log_bytes / 2)) "$log" > "$log.old"
        : > "$log"
    fi
}

keep() {
    local server timer began delay=1
    set +e # a disk that is full for a while must not end it
    set -m # every server is a process group of its own
    echo $$ > "$home/keeper.pid"
    export MLFLOW_BACKEND_STORE_URI MLFLOW_AUTH_ADMIN_PASSWORD MLFLOW_FLASK_SERVER_SECRET_KEY
    MLFLOW_AUTH_ADMIN_PASSWORD=$(< "$home/password")
    MLFLOW_FLASK_SERVER_SECRET_KEY=$(< "$home/secret_key")
    export MLFLOW_AUTH_CONFIG_PATH="$home/basic_auth.ini"
    export MLFLOW_AUTH_ADMIN_USERNAME="$user"
    export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false # five more processes, for nothing of ours
    export MLFLOW_DISABLE_TELEMETRY=true
    cd "$home" || exit
    while [[ "$(cat keeper.pid)" == "$$" ]]; do # else another call has taken over
        began=$SECONDS
        python -m mlflow server --host 127.0.0.1 --port "$port" --workers 2 \
            --app-name basic-auth --allowed-hosts 'localhost:*,127.0.0.1:*' \
            --serve-artifacts --artifacts-destination "$artifacts" &
        server=$!
        echo "$server" > server.pid
        while kill -0 "$server" 2> /dev/null; do
            sleep 30 &
            timer=$!
            wait -n "$server" "$timer"
            kill "$timer" 2> /dev/null
            bound_log
        done
        kill -KILL -- "-$server" 2> /dev/null # what it has left behind would hold the port
        ((SECONDS - began > 60)) && delay=1
        echo "The server has ended; the next one starts in $delay s."
        sleep "$delay"
        delay=$((delay < 32 ? 2 * delay : 60))
    done
}

start_keeper() { # in a session of its own, with no descriptor of ours: nobody waits for it
    python - "$log" "$home/keeper.pid" bash "$script" --keep "$home" << 'END'
import subprocess
import sys

log, pid, *command = sys.argv[1:]
with open(log, "ab") as said:
    keeper = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
    )
with open(pid, "w") as file:
    print(keeper.pid, file=file)
keeper.returncode = 0  # it outlives us, and Python need not complain
END
}

# --- Whether it is there ---

port_stays_taken() { # for more than the moment that a killed server takes to go
    for _ in {1..50}; do
        (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || return 1
        sleep 0.1
    done
}

answers() { # to our password, and not without
    python - "$port" "$user" "$home/password" << 'END'
import base64
import sys
import urllib.error
import urllib.request

port, user, password = sys.argv[1:]
where = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search?max_results=1"
login = base64.b64encode(f"{user}:{open(password).read()}".encode()).decode()
here = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def status(headers):
    try:
        return here.open(urllib.request.Request(where, headers=headers), timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


sys.exit((status({"Authorization": f"Basic {login}"}), status({})) != (200, 401))
END
}

wait_for_answer() {
    local deadline=$((SECONDS + ${MDML_MLFLOW_PATIENCE_S:-120}))
    until answers; do
        if ((SECONDS >= deadline)) || ! keeper > /dev/null; then
            stop
            tail -n 20 "$log" >&2
            fail "MLflow does not answer on port $port. Above are the last lines of $log."
        fi
        sleep 1
    done
}

# --- How it is to be served ---

store() {
    case $1 in
        # Which driver a bare "postgresql" means depends on the version of SQLAlchemy.
        postgresql://*) echo "postgresql+psycopg2://${1#postgresql://}" ;;
        *) echo "$1" ;;
    esac
}

serve() {
    local version settings
    version=$(python -c 'from importlib.metadata import version; print(version("mlflow"))' 2> /dev/null) ||
        fail "The python of the PATH has no MLflow. Run install.sh first."
    [[ -d $shared && -w $shared ]] ||
        fail "There is no folder $shared that can be written to. Mount the folder that all nodes share there, or name another with MDML_SHARED."
    mkdir -p "$home" "$artifacts"
    if [[ -n ${MDML_MLFLOW_STORE:-} ]]; then
        echo "$MDML_MLFLOW_STORE" | write "$home/store"
    fi
    make_secrets
    MLFLOW_BACKEND_STORE_URI=$(store "$(cat "$home/store" 2> /dev/null || echo "sqlite:///$home/mlflow.db")")
    settings="$MLFLOW_BACKEND_STORE_URI $artifacts $port $(command -v python) $version"
    if keeper > /dev/null && [[ $settings == "$(cat "$home/settings" 2> /dev/null)" ]]; then
        : # it is served already, or will be in a moment
    else
        stop
        ! port_stays_taken ||
            fail "Port $port is taken by another program. End that, or choose another port with MDML_MLFLOW_PORT."
        echo "$settings" | write "$home/settings"
        export MLFLOW_BACKEND_STORE_URI
        start_keeper
    fi
    wait_for_answer
    tell_environment
    echo "MLflow is served on http://127.0.0.1:$port; user and password are in $environment."
}

readonly port=${MDML_MLFLOW_PORT:-5000}
readonly shared=${MDML_SHARED:-/mnt/mdml}
readonly artifacts="$shared/mlflow-artifacts"

case ${1:-} in
    "") serve ;;
    --keep) keep ;;
    --stop) stop ;;
    *) fail "$1 is unknown. Give nothing, or --stop." ;;
esac
