#!/usr/bin/env bash
# Starts the Go kernel for Jupyter: start.sh CONNECTION_FILE, as kernel.json says.
#
# Cells are built in a workspace with this checkout, so they import its packages
# as they are now and everything else at the versions of its go.mod.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/env.sh"

if [ ! -x "$TOOLS/bin/gonb" ]; then
	echo "The Go kernel is not built yet: run \`make setup\` in $ROOT" >&2
	exit 1
fi

# The backend for cells that ask GoMLX for its default: the absolute path of a
# plugin, since for a bare "xla" it would try to download one. The same choice is
# made by firsttoken/train/local/backend for programs outside notebooks.
if [ -z "${GOMLX_BACKEND:-}" ]; then
	cuda=$TOOLS/xla/cuda/nvidia/pjrt_c_api_cuda_plugin.so
	cpu=$TOOLS/xla/pjrt_c_api_cpu_plugin.so
	if [ -f "$cuda" ] && [ -e /dev/nvidiactl ]; then
		export GOMLX_BACKEND=xla:$cuda,tf32=false # float32 is float32 on a GPU, too
	elif [ -f "$cpu" ]; then
		export GOMLX_BACKEND=xla:$cpu
	fi
fi

# gonb logs to stderr, which JupyterLab would show between its own lines.
log=$TOOLS/log/kernel.log
mkdir -p "$TOOLS/log"
if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 5000000 ]; then mv -f "$log" "$log.1"; fi
exec 2>>"$log"

unset GOWORK # gonb makes a go.work of its own
options=(-go_work="$ROOT")
# Compiler errors as HTML are for browsers.
if [ -n "${FIRSTTOKEN_HEADLESS:-}" ]; then options+=(-raw_error=true); fi
exec "$TOOLS/bin/gonb" --kernel "$1" "${options[@]}"
