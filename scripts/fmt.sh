#!/usr/bin/env bash
# Formats the Go files of this checkout; with --check, lists those that are not
# formatted and fails. Folders that begin with a dot hold nothing of ours.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
files=()
while IFS= read -r -d '' file; do files+=("$file"); done \
	< <(find . -name '.?*' -prune -o -name '*.go' -type f -print0)
if [ "${1:-}" != --check ]; then
	gofmt -l -w "${files[@]}"
	exit
fi
unformatted=$(gofmt -l "${files[@]}")
if [ -n "$unformatted" ]; then
	printf 'not formatted (run make fmt):\n%s\n' "$unformatted"
	exit 1
fi
