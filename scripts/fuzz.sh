#!/usr/bin/env bash
# Runs every fuzz target of this checkout for the given number of seconds, 60 unless said:
# `make fuzz SECONDS=600`. An input that fails is written to testdata/fuzz beside the
# target, where `go test` runs it from then on: mend the code and commit it. What else is
# worth keeping goes to Go's cache, and the next run starts from it. All targets run,
# whatever fails; the last line counts.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$here/env.sh"
cd "$ROOT"

time=${1:-60}
passed=0 failed=()
# One target a call: the go command wants it so.
while IFS=: read -r file line; do
	target=${line#func }
	target=${target%%(*}
	printf '%s %s: ' "$(dirname "$file")" "$target"
	# Minimising what is merely new would take most of the time.
	if output=$(go test -run '^$' -fuzz "^$target\$" -fuzztime "${time}s" -fuzzminimizetime 20x "./$(dirname "$file")" 2>&1); then
		printf '%s\n' "$output" | sed -n 's/^fuzz: elapsed: [^,]*, \(execs: [0-9]*\).*\(total: [0-9]*\).*/\1, inputs kept \2/p' | tail -n 1
		passed=$((passed + 1))
	else
		printf 'FAILED\n%s\n' "$output"
		failed+=("$target")
	fi
done < <(grep -rE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*\(' internal notebooks plots sinks train | sort)

printf '%d passed, %d failed%s\n' "$passed" "${#failed[@]}" "${failed[*]:+: ${failed[*]}}"
[ "${#failed[@]}" = 0 ]
