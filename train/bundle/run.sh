#!/bin/sh
# ./run.sh -minutes 10 -out FOLDER: see README, or ./run.sh -help
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
HOME=${HOME:-/} FIRSTTOKEN_HOME=$here exec "$here/bin/first-token" run "$@"
