#!/usr/bin/env bash
# Install those of these packages that Debian or Ubuntu lacks.
#
#   apt_install.sh PACKAGE ...
#
# A new machine brings itself up to date meanwhile and holds apt's locks. Waiting for the lock of the
# package lists is nothing that apt can do itself: it is tried again, for some minutes. Needs sudo.
set -euo pipefail

missing=()
for package; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null) || true
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

apt() {
    sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@"
}
for attempt in $(seq 30); do
    apt update && apt install -y "${missing[@]}" && exit 0
    echo "apt-get has failed ($attempt of 30)" >&2
    sleep 10
done
echo "error: ${missing[*]} could not be installed. Above is what apt-get says." >&2
exit 1
