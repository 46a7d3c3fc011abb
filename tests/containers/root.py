"""The files of a box: a shell script that makes them, and becomes the service's user in them."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from containers.composed import ROOT, Service

USERS = {"mdml": 10001, "postgres": 999}
"""Whom the images run as."""

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))

NO_NAME_SERVER = "nameserver 127.0.0.1\n"
"""Refuses at once. Docker's own has an answer for every name, too; one out of reach costs minutes."""

FIRST_START = """
if ! test -e "$PGDATA/PG_VERSION"; then
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    initdb --username="$POSTGRES_USER" --pwfile=/tmp/password $POSTGRES_INITDB_ARGS
    rm /tmp/password
    echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
fi
exec "$@"
"""
"""What the entrypoint of PostgreSQL's image does before it becomes the command."""


def command_of(service: Service) -> list[str]:
    """The service's command line, begun in its folder."""
    line = service.command
    if not service.ours:
        line = ["sh", "-euc", FIRST_START, "entrypoint", *line]
    return ["sh", "-c", f'cd {service.directory} && exec "$@"', "box", *line]


def user_of(service: Service) -> list[str]:
    """Become the service's user, for good, with its environment and no other."""
    user = USERS[service.said.get("user", "mdml")]
    environment = {
        "PATH": f"{sys.prefix}/bin:{POSTGRES[-1]}:/usr/local/bin:/usr/bin:/bin",
        "PGDATA": "/var/lib/postgresql/data",
        **service.environment,
    }
    return [
        "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all",
        "--bounding-set=-all", "--no-new-privs",
        "env", "-i", *(f"{name}={value}" for name, value in environment.items()),
    ]  # fmt: skip


def script(service: Service, folder: Path, hosts: str, volumes: Iterable[tuple[Path, str, bool]]) -> str:  # fmt: skip
    """To be run as root, in a mount and a process namespace of its own."""
    etc = {
        "hosts": hosts,
        "resolv.conf": NO_NAME_SERVER,
        "passwd": "".join(f"{name}:x:{id_}:{id_}::/home/{name}:/bin/bash\n" for name, id_ in USERS.items()),
    }  # fmt: skip
    for name, text in etc.items():
        (folder / name).write_text(text)
    programs = dict.fromkeys(
        Path(path) for path in ("/usr", "/etc", ROOT, sys.prefix, sys.base_prefix)
    )
    lines = [
        "set -euo pipefail",
        "mount --make-rprivate /",
        f"root={folder}/root; mkdir $root; mount -t tmpfs -o mode=755 none $root",
        "for name in bin sbin lib lib64; do cp -P /$name $root/$name; done",
        *(_tmpfs(said) for said in service.said["tmpfs"]),
        *(_bound(path, str(path)) for path in programs),  # over a /tmp that would hide them, too
        *(_bound(folder / name, f"/etc/{name}") for name in etc),
        "mkdir -p $root/dev/shm $root/proc $root/sys $root/opt/mdml",
        "for name in null zero full random urandom tty; do"
        " touch $root/dev/$name; mount --bind /dev/$name $root/dev/$name; done",
        "ln -s /proc/self/fd $root/dev/fd",
        _tmpfs(f"/dev/shm:mode=1777,size={service.said.get('shm_size', '64m')}"),  # noqa: S108
        "mount -t proc proc $root/proc",
        "mount --rbind /sys $root/sys",
        f"cp {ROOT}/docker/mlflow_auth.ini {ROOT}/docker/join_and_search.sh $root/opt/mdml",
        *(_bound(source, target, read_only) for source, target, read_only in volumes),
        *(["mount -o remount,bind,ro $root"] if service.said.get("read_only") else []),
        f"exec chroot $root {shlex.join([*user_of(service), *command_of(service)])}",
    ]
    return "\n".join(lines) + "\n"


def _bound(source: Path, target: str, read_only: bool = True) -> str:  # noqa: FBT001, FBT002
    made = f"mkdir -p $root{target}; " if source.is_dir() else ""
    bound = f"{made}mount --bind {source} $root{target}"
    return bound + (f"; mount -o remount,bind,ro $root{target}" if read_only else "")


def _tmpfs(said: str) -> str:
    """With the flags that Docker adds."""
    target, _, options = said.partition(":")
    flags = f"nosuid,nodev,noexec,{options}"
    return f"mkdir -p $root{target}; mount -t tmpfs -o {flags} none $root{target}"
