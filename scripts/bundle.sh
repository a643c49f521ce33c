#!/usr/bin/env bash
# Makes a bundle that trains where there is neither Go nor a network: .bundle/first-token
# and .bundle/first-token.tar.gz. GRID is a grid's file or a preset (default: the grids for
# a GPU); CUDA=1 (or 12, 13) brings XLA's plugin and NVIDIA's libraries along, some GB.
#
# The programs call XLA through C, so they need a C library. Zig's compiler links them
# against that of systems older than this one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh" headless
source "$here/env.sh"
source "$here/prerequisites.sh"
source "$here/steps.sh"

ZIG=$TOOLS/zig

# The compiler is called by a name without options, which is what go takes.
step_zig() {
	"$VENV/bin/python" -m pip install --quiet --no-input --retries 2 --no-deps \
		--only-binary :all: --require-hashes --requirement "$here/requirements-zig.txt" --target "$WORK/zig"
	cat >"$WORK/zig/cc" <<-'END'
		#!/bin/sh
		here=$(dirname "$0")
		export ZIG_GLOBAL_CACHE_DIR="$here/cache" ZIG_LOCAL_CACHE_DIR="$here/cache"
		exec "$here/ziglang/zig" cc -target x86_64-linux-gnu.2.28 "$@"
	END
	chmod +x "$WORK/zig/cc"
	rm -rf "$ZIG"
	mv "$WORK/zig" "$ZIG"
}

# In a shell of its own, which ends with the lock of the set-up given back.
(
	find_prerequisites
	begin
	step zig "C compiler for older systems (Zig, 100 MB)" step_zig \
		"$(key '' "$here/requirements-zig.txt" "$here/bundle.sh")" "$ZIG/cc"
	finish
)

args=(-cc "$ZIG/cc")
if [ -n "${GRID:-}" ]; then args+=(-grid "$GRID"); fi
case ${CUDA:-} in '' | 0) ;; *) args+=(-cuda "$TOOLS/xla/cuda") ;; esac
cd "$ROOT"
exec go run ./train/cmd/bundle "${args[@]}"
