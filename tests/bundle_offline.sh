#!/usr/bin/env bash
# The whole way of a bundle: filled here, then installed, checked and used where there is no network at all.
#   tests/bundle_offline.sh PYTHON FOLDER     PYTHON: another environment's interpreter, such as python3.12; FOLDER: empty
# It needs Linux, the right to make a network namespace, and netpol-lab in the environment of $NETPOL_LAB (a program).
set -euo pipefail
python=$1 place=$(realpath -m "$2") clone=$(cd "$(dirname "$0")/.." && pwd)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

if [ "${3-}" != inside ]; then
    "${NETPOL_LAB:-netpol-lab}" bundle --for "linux-$(uname -m)" --python "$version" --into "$place/stick"
    exec unshare --user --map-root-user --net "$0" "$python" "$place" inside
fi

ip link set lo up  # kernels talk over it
"$python" -c 'import socket; socket.create_connection(("192.0.2.1", 443), 3)' 2>/dev/null && { echo "There is a network."; exit 1; }
programs=$(dirname "$("$python" -c 'import sys; print(sys.executable)')")
export HOME=$place/home PATH=$programs:/usr/bin:/bin PIP_CONFIG_FILE=/dev/null
unset PIP_FIND_LINKS PYTHONPATH
mkdir -p "$HOME" && cd "$HOME"
sh "$place/stick/install.sh" "$HOME/env"
./env/bin/python -m pip check
./env/bin/netpol-lab lab mine --no-open
./env/bin/jupyter nbconvert --to notebook --execute --output ran.ipynb mine/00-start-here.ipynb
grep -c 'image/svg+xml\|<svg' mine/ran.ipynb
"$python" -m venv from-clone
./from-clone/bin/python -m pip install --quiet --no-index --find-links "$place/stick/wheels" "$clone"
./from-clone/bin/netpol-lab --version
./from-clone/bin/python -m pip install --quiet --no-index --find-links "$place/stick/wheels" --editable "$clone"
echo "The bundle works without a network."
