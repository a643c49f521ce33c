#!/usr/bin/env bash
# Measures anew, by today's code, what comes with the checkout because the weights it takes do not, and puts it into
# notebooks/results/measured: run it after a change of code that these values depend on, and commit what changes. The cells that
# use such a value after a change of code say so. With the weights at hand only what is of other code is measured. What 07 and 09
# end with is among it, although anybody could measure it, so that their first figure is there at once.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh" headless
source "$here/env.sh"
cd "$ROOT"

go run ./train/cmd/runs fetch
"$VENV/bin/python" "$here/run_notebooks.py" --in-place notebooks/03b-what-a-sink-is-worth.ipynb notebooks/04-packing.ipynb notebooks/04b-where-heads-rest.ipynb \
    notebooks/07-no-op-heads.ipynb notebooks/09-over-squashing.ipynb
go run ./notebooks/keep/cmd/ship
