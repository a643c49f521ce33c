#!/usr/bin/env bash
# Opens JupyterLab on this machine, its Go kernel ready and the first notebook in
# front. PORT chooses the port; ARGS adds options of `jupyter lab`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh" lab
source "$here/env.sh"
cd "$ROOT"

options=(--ServerApp.root_dir="$ROOT")
# An option given twice is an error to Jupyter.
case " ${ARGS:-}" in
*" --ip"* | *" --ServerApp.ip"*) ;;
*) options+=(--ip=localhost) ;;
esac
for first in notebooks/*.ipynb; do
	if [ -f "$first" ]; then options+=(--LabApp.default_url="/lab/tree/$first"); fi
	break
done
# A port that was asked for is used or refused; otherwise the next free one.
if [ -n "${PORT:-}" ]; then options+=(--port="$PORT" --ServerApp.port_retries=0); fi
if [ "$(id -u)" = 0 ]; then options+=(--allow-root); fi
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then options+=(--no-browser); fi

# ARGS is a list of words.
# shellcheck disable=SC2086
exec "$VENV/bin/python" -m jupyterlab "${options[@]}" ${ARGS:-}
