#!/usr/bin/env bash
# Measures anew, by today's code, what comes with the checkout because the weights it takes do not, and puts it into
# notebooks/results/measured: run it after a change of code that these values depend on, and commit what changes. The cells that
# use such a value after a change of code say so. With the weights at hand only what is of other code is measured.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh" headless
source "$here/env.sh"
cd "$ROOT"

go run ./train/cmd/runs fetch
"$VENV/bin/python" "$here/run_notebooks.py" --in-place notebooks/03b-what-a-sink-is-worth.ipynb notebooks/04-packing.ipynb notebooks/04b-where-heads-rest.ipynb
go run ./notebooks/keep/cmd/ship
