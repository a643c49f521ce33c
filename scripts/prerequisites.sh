# Sourced by setup.sh: find_prerequisites finds what must be there before set-up
# can begin and names everything that is missing, each with how to install it.
#
# Sets PYTHON (a Python with venv), GO_VERSION, and GO_BUILD_ID (what compiled
# packages depend on besides their sources).

PYTHON_MINIMUM=3.10

# missing WHAT DEBIAN FEDORA MACOS
missing() {
	printf 'missing: %s\n' "$1" >&2
	printf '    Debian, Ubuntu:  %s\n    Fedora:          %s\n    macOS:           %s\n' "$2" "$3" "$4" >&2
	missing_count=$((missing_count + 1))
}

# at_least HAVE WANT: compares versions of the form 1.26.5, rc1 and the like cut off.
at_least() {
	awk -v have="$1" -v want="$2" 'BEGIN {
		sub(/[^0-9.].*/, "", have)
		split(have, h, "."); n = split(want, w, ".")
		for (i = 1; i <= n; i++) if (h[i] + 0 != w[i] + 0) exit !(h[i] + 0 > w[i] + 0)
	}'
}

find_go() {
	local wanted how_linux answer complaint
	wanted=$(awk '$1 == "go" { print $2; exit }' "$ROOT/go.mod")
	how_linux="from https://go.dev/dl: unpack into /usr/local, add /usr/local/go/bin to PATH"
	if ! command -v go >/dev/null 2>&1; then
		missing "Go $wanted or later" "$how_linux" "$how_linux" "brew install go"
		return
	fi
	# Asked inside the module, a go command may fetch the newer one that go.mod wants, and says so on standard error.
	complaint=$(mktemp)
	if ! answer=$(cd "$ROOT" && go env GOVERSION GOOS GOARCH GOCACHE CGO_ENABLED CC 2>"$complaint"); then
		missing "Go $wanted or later; $(command -v go) says: $(cat "$complaint")" "$how_linux" "$how_linux" "brew upgrade go"
		rm -f "$complaint"
		return
	fi
	rm -f "$complaint"
	{
		read -r GO_VERSION
		read -r GO_OS
		read -r GO_ARCH
		read -r GO_CACHE
		read -r cgo_enabled
		read -r cc
	} <<<"$answer"
	GO_BUILD_ID="$GO_VERSION $GO_OS $GO_ARCH $GO_CACHE"
	if ! at_least "${GO_VERSION#go}" "$wanted"; then
		missing "Go $wanted or later; $(command -v go) is $GO_VERSION" "$how_linux" "$how_linux" "brew upgrade go"
	fi
	if [ "$cgo_enabled" != 1 ] && [ "${CGO_ENABLED:-}" = 0 ]; then
		echo "missing: cgo, which XLA is called through: CGO_ENABLED=0 is set; unset it" >&2
		missing_count=$((missing_count + 1))
	fi
}

find_c_compiler() {
	# The headers are a package of their own on some systems: try one.
	# The compiler may be a command with options, so it is split on purpose.
	# shellcheck disable=SC2086
	if ! printf '#include <stdlib.h>\n' | ${cc:-gcc} -E - >/dev/null 2>&1; then
		missing "a C compiler that works with its headers (tried: ${cc:-gcc})" \
			"sudo apt-get install gcc libc6-dev" "sudo dnf install gcc glibc-devel" "xcode-select --install"
	fi
}

find_python() {
	local candidate
	local fit="import sys, venv, ensurepip; sys.exit(sys.version_info < tuple(map(int, '$PYTHON_MINIMUM'.split('.'))))"
	for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
		if "$candidate" -c "$fit" >/dev/null 2>&1; then
			PYTHON=$candidate
			return
		fi
	done
	missing "Python $PYTHON_MINIMUM or later with its venv module" \
		"sudo apt-get install python3 python3-venv" "sudo dnf install python3" "brew install python3"
}

find_prerequisites() {
	local missing_count=0 cgo_enabled='' cc=''
	find_go
	find_c_compiler
	find_python
	if [ "$missing_count" -gt 0 ]; then
		echo "setup: install what is missing above, then run the same command again" >&2
		return 1
	fi
}
