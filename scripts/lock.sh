#!/usr/bin/env bash
# Writes the requirements-*.txt lock files from the .in files beside them: exact
# versions with SHA-256 hashes, for every platform and Python 3.10 or later.
# Needs uv (`pip install uv`). Options go to `uv pip compile`: --upgrade, for
# example. Run it after changing a .in file and commit both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export UV_CUSTOM_COMPILE_COMMAND="scripts/lock.sh"

lock() {
	local name=$1
	shift
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
		"$@" --output-file "requirements-$name.txt" "requirements-$name.in"
}

lock headless "$@"
lock lab "$@"
# Only a file inside these two is wanted, so what they depend on is left out.
lock xla --no-deps "$@"
lock smollm2 --no-deps "$@"
