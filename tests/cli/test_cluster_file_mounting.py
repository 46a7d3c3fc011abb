"""Which folders all nodes share, as far as the commands of a launcher file say it."""

from pathlib import Path

import pytest
from cluster_edits import edited, found_in, good, make_sources

from mdml_tune.cli.checking.checks import State
from mdml_tune.cli.checking.cluster_file.mounting import UNKNOWN, mounted

P, W = State.PROBLEM, State.WARNING
HOME = "/home/ubuntu"
NFS = "sudo mount -t nfs 192.0.2.9:/mdml /mnt/mdml"


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sources(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("command", "folders"),
    [
        (NFS, ["/mnt/mdml"]),
        ("mountpoint -q /srv/x || sudo mount host:/x /srv/x", ["/srv/x"]),
        ("sudo mount -o hard,nfsvers=4.1 -t nfs4 $HOST:/ /srv > /dev/null 2>&1 || exit 1", ["/srv"]),
        ("sudo mount -t efs -o tls,iam fs-0123abcd /mnt/efs", ["/mnt/efs"]),
        ("sudo /sbin/mount.nfs4 [2001:db8::1]:/x '/srv/x'", ["/srv/x"]),
        ("mount -t lustre fs-1.fsx.aws.com@tcp:/fsx /fsx", ["/fsx"]),
        ("echo 'fs-1:/ /mnt/efs efs _netdev 0 0' | sudo tee -a /etc/fstab; sudo mount -a", ["/mnt/efs"]),
        ('mounts:\n- ["fs-1.efs.aws.com:/", "/srv", "nfs4", "hard"]', ["/srv"]),
        ("sudo mount -t nfs4 \\\n  -o hard \\\n  h:/ \\\n  /srv", ["/srv"]),
        ("bash ~/mdml-tune/cluster/scripts/mount_shared.sh h:/x", ["/mnt/mdml"]),
        ("MDML_SHARED=/srv bash cluster/scripts/mount_shared.sh h:/x", ["/srv"]),
        ("#!/bin/sh\nsudo mount h:/x /srv # as in /etc/fstab", ["/srv"]),
        # from the home folder
        ("cd $HOME; mkdir efs; sudo mount -t efs fs-1:/ efs", [f"{HOME}/efs"]),
        ("mkdir -p efs && sudo mount -t efs fs-1:/ efs", [f"{HOME}/efs"]),
        ("sudo mount -t nfs4 fs-1:/ $HOME/efs", [f"{HOME}/efs"]),
        ('sudo mount -t nfs4 fs-1:/ "${HOME}/efs/"', [f"{HOME}/efs"]),
        ("sudo mount -t nfs4 fs-1:/ ~/efs", [f"{HOME}/efs"]),
        ("cd /mnt && sudo mount fs-1:/ mdml; cd; sudo mount h:/b b", ["/mnt/mdml", f"{HOME}/b"]),
        # where to cannot be read
        ("sudo mount -t efs fs-1:/ $FOLDER", [UNKNOWN]),
        ("cd $FOLDER; sudo mount -t efs fs-1:/ efs", [UNKNOWN]),
        ("sudo mount host:/x", [UNKNOWN]),
        # none that all nodes share
        ("sudo mount /dev/nvme1n1 /mnt/mdml", []),
        ("sudo mount --bind /data /mnt/mdml", []),
        ("sudo apt-get install -y nfs-common; sudo mkdir -p /mnt/mdml", []),
        ("mount-s3 bucket /mnt/mdml", []),
        ("s3fs bucket /mnt/mdml -o use_cache=/tmp", []),
        ("sudo mount -t fuse.sshfs me@host:/x /mnt/mdml", []),
        ("mountpoint -q /mnt/mdml", []),
        ("# sudo mount h:/x /mnt/mdml", []),
        ("grep -q /mnt/mdml /etc/fstab && sudo mount -a", []),
    ],
)  # fmt: skip
def test_what_a_command_mounts_from_elsewhere(command: str, folders: list[str]) -> None:
    assert list(mounted(command, HOME)) == folders


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["initialization_commands"], None),
        (["setup_commands"], None),
        (["head_setup_commands", "worker_setup_commands"], None),
        (["head_setup_commands"], "/mnt/mdml is not mounted on all nodes"),
        (["worker_setup_commands"], "/mnt/mdml is not mounted on all nodes"),
        (["head_start_ray_commands"], "/mnt/mdml is not mounted on all nodes"),
    ],
)
def test_every_node_must_mount_it(keys: list[str], said: str | None) -> None:
    documents = edited(good("aws"), "0>initialization_commands", [])
    for key in keys:
        already = documents[0].get(key) or []
        documents = edited(documents, f"0>{key}", [*already, NFS])
    found = found_in(documents)
    assert [(one.what, one.state) for one in found] == ([("storage", P)] if said else [])
    assert said is None or said in found[0].said


def test_a_type_s_own_commands_stand_in_for_the_others() -> None:
    worker = "0>available_node_types>spot>initialization_commands"
    (found,) = found_in(edited(good("aws"), worker, ["uptime"]))
    assert (found.what, found.state) == ("storage", P)
    assert found_in(edited(good("aws"), worker, [NFS])) == []


def test_machines_may_mount_it_when_they_start() -> None:
    documents = edited(good("aws"), "0>initialization_commands", [])
    for name in ("head", "spot", "lasting"):
        documents = edited(
            documents, f"0>available_node_types>{name}>node_config>UserData", f"#!/bin/sh\n{NFS}"
        )
    assert found_in(documents) == []


def test_a_place_that_cannot_be_read_is_a_warning() -> None:
    said = "sudo mount -t efs fs-1:/ $FOLDER"
    (found,) = found_in(edited(good("aws"), "0>initialization_commands>0", said))
    assert (found.what, found.state) == ("storage", W)
    assert "cannot be read" in found.said


@pytest.mark.parametrize("place", ["~/efs/runs", "$HOME/efs/runs", "/home/ubuntu/efs/runs"])
def test_storage_below_the_home_folder(place: str) -> None:
    mounts = "cd $HOME; mkdir -p efs; sudo mount -t efs fs-1:/ efs"
    documents = edited(good("aws"), "0>initialization_commands>0", mounts)
    (found,) = found_in(documents)
    assert "/mnt/mdml/runs is not below a shared folder (/home/ubuntu/efs)" in found.said
    names = f"export MDML_STORAGE={place}; bash ~/mdml-tune/cluster/scripts/serve_mlflow.sh"
    assert found_in(edited(documents, "0>head_start_ray_commands>1", names)) == []


def test_a_container_is_given_what_lies_below_the_home_folder() -> None:
    documents = edited(good("gcp"), "0>initialization_commands>0", "sudo mount h:/ ~/efs")
    start = documents[0]["head_start_ray_commands"][0].replace("/mnt/mdml/runs", "~/efs/runs")
    documents = edited(documents, "0>head_start_ray_commands>0", start)
    (found,) = found_in(documents)
    assert "/home/ubuntu/efs is mounted on the machine, and not given" in found.said
    given = ["-v", "$HOME/efs:$HOME/efs"]
    assert found_in(edited(documents, "0>docker>run_options", given)) == []
