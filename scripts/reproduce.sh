#!/usr/bin/env bash
# Runs every notebook in order, writes the outputs into it, then prints the table
# of claims they judged and writes it to RESULTS.md. Options go to run_notebooks.py.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh" headless
source "$here/env.sh"
cd "$ROOT"

"$VENV/bin/python" "$here/run_notebooks.py" --in-place --jobs 2 "$@"
go run ./notebooks/claims/cmd/claims
go run ./notebooks/claims/cmd/claims -md
