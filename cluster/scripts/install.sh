#!/usr/bin/env bash
# What every node of a cluster needs: this clone, editable, and the pinned packages that it asks for, in
# the `python` of the PATH. Where that is missing, too old, or the operating system's own, an environment is
# made with MDML_PYTHON (python3) and put on the PATH. Run again, it is quick where nothing has changed.
#
#   install.sh [EXTRA ...]    extras of pyproject.toml, beside cluster and server: aws, gcp
set -euo pipefail
umask 077

clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ours=$HOME/.mdml-tune
environment=$ours/environment
mkdir -p "$ours"
touch "$environment"

fits() {
    python -c '
import pathlib, sys, sysconfig
ours = sys.prefix != sys.base_prefix  # an environment
kept = pathlib.Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()
sys.exit(sys.version_info < (3, 11) or (kept and not ours))' 2> /dev/null
}

# Ray runs each command in an interactive login shell. First in the file: some end early otherwise.
line="[ ! -f ~/.mdml-tune/environment ] || . ~/.mdml-tune/environment"
touch ~/.bashrc
grep -qxF "$line" ~/.bashrc || { printf '%s\n' "$line" | cat - ~/.bashrc > ~/.bashrc.new && mv ~/.bashrc.new ~/.bashrc; }
grep -q RAY_AUTH_MODE= "$environment" || echo 'export RAY_AUTH_MODE=token' >> "$environment"
[ ! -f ~/.ray/auth_token ] || chmod 600 ~/.ray/auth_token  # Ray itself makes it readable for all

if ! fits; then
    [ -x "$ours/python/bin/python" ] || "${MDML_PYTHON:-python3}" -m venv "$ours/python"
    # shellcheck disable=SC2016 # to be expanded by the shells that read it
    grep -q '^export PATH=' "$environment" || echo 'export PATH=$HOME/.mdml-tune/python/bin:$PATH' >> "$environment"
    export PATH=$ours/python/bin:$PATH
    fits || { echo "error: Python 3.11 or newer is needed, $(python --version) is there. Install one, and name it: MDML_PYTHON=python3.12" >&2; exit 1; }
fi

extras=$(IFS=,; echo "cluster,server${*:+,$*}")
stamp=$(python -c 'import sys; print(sys.prefix, sys.version)'; cat "$clone/requirements.lock" "$clone/pyproject.toml")
stamp=$(printf '%s %s %s' "$clone" "$extras" "$stamp" | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$ours/installed" 2> /dev/null)" != "$stamp" ]; then
    pinned() {
        python -m pip install --quiet --disable-pip-version-check --constraint "$clone/requirements.lock" "$@"
    }
    pinned setuptools  # which builds the package: the pinned one, as all the rest
    pinned --no-build-isolation --editable "$clone[$extras]"
    printf '%s\n' "$stamp" > "$ours/installed"
fi
mdml-tune --version
