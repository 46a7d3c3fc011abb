#!/usr/bin/env bash
# Mount an NFS export on /mnt/mdml, now and after each reboot, for the user who calls.
#
#   mount_shared.sh ADDRESS:/EXPORT
#
# Run again, it changes nothing. Needs sudo and nfs-common (apt_install.sh).
set -euo pipefail

export_=${1:?usage: mount_shared.sh ADDRESS:/EXPORT}
folder=${MDML_SHARED:-/mnt/mdml}
# hard: a server that is away is waited for; a half-written checkpoint is never called whole.
version=${MDML_NFS_VERSION:-4.1}
options=nfsvers=$version,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,_netdev,nofail
# As Amazon recommends for EFS: a lost connection comes back from another port. Filestore admits the low ones alone.
[ "$version" = 3 ] || options=$options,noresvport

# Root's while nothing is mounted: nobody then fills the machine's own disk in its place.
mountpoint -q "$folder" || { sudo mkdir -p "$folder" && sudo chmod 555 "$folder"; }
line="$export_ $folder nfs $options 0 0"
grep -qxF "$line" /etc/fstab || {
    sudo sed -i "\\|[[:space:]]${folder}[[:space:]]|d" /etc/fstab
    echo "$line" | sudo tee -a /etc/fstab > /dev/null
}
# Its name is known some minutes after a file system is made, and its machine may still be starting.
for attempt in $(seq 30); do
    mountpoint -q "$folder" && break
    sudo mount "$folder" && break
    echo "waiting for $export_ ($attempt of 30)" >&2
    sleep 10
done
mountpoint -q "$folder" || {
    echo "error: $export_ could not be mounted on $folder. Is its address right, and does its firewall admit NFS (port 2049) from this machine?" >&2
    exit 1
}
[ -w "$folder" ] || sudo chown "$(id -u):$(id -g)" "$folder"
