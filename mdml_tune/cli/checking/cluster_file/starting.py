"""How a launcher file starts Ray on the nodes, and what Ray does where it does not say it."""

import re
from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file import versions
from mdml_tune.cli.checking.cluster_file.launcher import SETUP, START, Launcher
from mdml_tune.cli.checking.cluster_file.mounts import INSTALLER, token_is_brought

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_STARTS = re.compile(r"\bray start\b")
_MODE = re.compile(r"RAY_AUTH_MODE=[\"']?(\w+)")


def left_out(launcher: Launcher) -> Iterator[Check]:
    """Ray puts its own commands in the place of those that are not written."""
    meant = {
        "setup_commands": "install a nightly Ray for another Python where none is found",
        "head_start_ray_commands": "let the dashboard listen on every address, without a token",
        "worker_start_ray_commands": "start workers without a token",
    }
    if launcher.provider == "local":
        meant = dict.fromkeys(START, "start Ray without a token")
    for key, does in meant.items():
        if key not in launcher.values:
            remedy = f"write {key}, even if empty" if key in SETUP else f"write {key}"
            yield problem(key, f"left out: Ray's own commands {does}", remedy)
    if launcher.is_cloud and "head_setup_commands" not in launcher.values:
        said = "left out: Ray installs an old client of the cloud on the head"
        yield warning("head_setup_commands", said, "write head_setup_commands, even if empty")


def dashboard(launcher: Launcher) -> Iterator[Check]:
    for where, command in launcher.commands(*START):
        found = re.search(r"--dashboard-host[=\s]+(\S+)", command)
        if found and found[1].strip("'\"") not in LOOPBACK:
            said = f"the dashboard listens on {found[1]}: whoever reaches it runs code"
            remedy = "write --dashboard-host=127.0.0.1 and forward the port: ray dashboard FILE"
            yield problem(where, said, remedy)


def open_files(launcher: Launcher) -> Iterator[Check]:
    for where, command in launcher.commands(*START):
        if _STARTS.search(command) and "ulimit -n" not in command:
            said = "few open files: Ray and the trials share what the system allows, often 1024"
            yield warning(where, said, "put ulimit -n 65536; before ray start")


def starts(launcher: Launcher) -> Iterator[Check]:
    """The head as the head that makes workers, workers as its workers."""
    needed = (
        (START[0], "--head", "no ray start --head: there is no cluster"),
        (START[0], "--autoscaling-config", "without it no worker is ever started"),
        (START[1], "--address", "no ray start --address: workers do not join"),
    )
    for key, option, said in needed:
        started = [cmd for _, cmd in launcher.commands(key) if _STARTS.search(cmd)]
        if key in launcher.values and not any(option in command for command in started):
            example = {
                "--autoscaling-config": "--autoscaling-config=~/ray_bootstrap_config.yaml",
                "--address": "--address=$RAY_HEAD_IP:6379",
            }
            yield problem(key, said, f"add {example.get(option, option)} to ray start")


def ports_agree(launcher: Launcher) -> Iterator[Check]:
    head = re.search(r"\s--port[=\s]+(\d+)", launcher.said(START[0]))
    listens = "6379" if head is None else head[1]
    for where, command in launcher.commands(START[1]):
        found = re.search(r"RAY_HEAD_IP\}?:(\d+)", command)
        if found and found[1] != listens:
            said = f"workers knock at port {found[1]}, the head listens at {listens}"
            yield problem(where, said, "give both the same port")


def blocking(launcher: Launcher) -> Iterator[Check]:
    for where, command in launcher.commands(*START):
        if _STARTS.search(command) and re.search(r"\s--block\b", command):
            yield problem(where, "--block never returns: ray up waits for ever", "leave it out")


def token(launcher: Launcher) -> Iterator[Check]:
    """With a token alone may anyone run code; all nodes must have the same one."""
    modes = list(_modes(launcher))
    required = bool(modes) and all(mode for _, mode in modes)
    brought = token_is_brought(launcher)
    export = "put export RAY_AUTH_MODE=token; before ray start"
    mount = "make one (ray get-auth-token --generate), and add ~/.ray/auth_token to file_mounts"
    if other := [one for one in modes if one[1] not in ("", "token")]:
        for where, mode in other:
            said = f"RAY_AUTH_MODE={mode}: whoever reaches a port of Ray runs code on all nodes"
            yield problem(where, said, "write RAY_AUTH_MODE=token")
    elif not required and not brought:
        said = "no token: whoever reaches a port of Ray runs code on all nodes"
        yield problem("RAY_AUTH_MODE", said, f"{export}, {mount}")
    elif not brought:
        yield problem(
            "file_mounts", "a token is asked for, and none is brought to the nodes", mount
        )
    elif not required:
        said = "the token is brought, but that it is asked for is left to Ray's default"
        yield warning("RAY_AUTH_MODE", said, export)


def _modes(launcher: Launcher) -> Iterator[tuple[str, str]]:
    """What each `ray start` sees as RAY_AUTH_MODE; empty where nothing sets it."""
    elsewhere = ["", *_MODE.findall(" ".join(launcher.container_options))]
    if INSTALLER in launcher.everything:
        elsewhere.append("token")
    for where, command in launcher.commands(*START):
        if _STARTS.search(command):
            yield where, [*elsewhere, *_MODE.findall(command)][-1].lower()


def ray_versions(launcher: Launcher) -> Iterator[Check]:
    for where, command in launcher.commands(*SETUP, *START):
        yield from versions.in_command(where, command)
    for where, image in launcher.images():
        yield from versions.in_image(where, image)
    yield from versions.disagreeing(launcher.images())


RULES = (left_out, dashboard, open_files, starts, ports_agree, blocking, token, ray_versions)
