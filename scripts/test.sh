#!/usr/bin/env bash
# Everything that must hold before a change is merged: formatting, vet,
# staticcheck, the Go tests, the scripts' tests, every notebook. All of it runs,
# whatever fails; the last line counts. With --short, the fast part of it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh" headless
source "$here/env.sh"
cd "$ROOT"
exec "$VENV/bin/python" "$here/run_tests.py" "$@"
