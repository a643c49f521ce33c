# Sourced by setup.sh: steps that run once for the same inputs, leave nothing half
# done, and say why they failed.

STAMPS=$TOOLS/stamps
LOGS=$TOOLS/log
LOCK=$TOOLS/setup.lock

# stamp_of STEP: the file that holds the key of what the step last finished. An
# environment carries its own, so that it moves aside and back with it.
stamp_of() {
	if [ "$1" = venv ]; then echo "$VENV/.stamp"; else echo "$STAMPS/$1"; fi
}

hash_of_stdin() {
	if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# key TEXT FILE...: the hash of the text and of the files' contents.
key() {
	local text=$1
	shift
	{
		printf '%s\n' "$text"
		[ $# -eq 0 ] || cat "$@"
	} | hash_of_stdin
}

# Locks what this shell has open as 9. Not every system has flock(1).
TAKE_LOCK='
import fcntl, os, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    owner = open(sys.argv[1]).read().strip()
    print(f"setup: waiting for another set-up of this checkout, process {owner}", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
try:
    os.ftruncate(9, 0)
    os.write(9, b"%d\n" % os.getppid())
except OSError:
    pass # a full disk: who waits is not told for whom
'

# begin takes the lock, so that two set-ups at once do not build over each other,
# and clears away what an interrupted one left.
begin() {
	mkdir -p "$STAMPS" "$LOGS" || explain "cannot write in $ROOT" ''
	{ exec 9>>"$LOCK"; } 2>/dev/null || explain "cannot write in $TOOLS" ''
	# The kernel gives the lock back when this shell ends, however it ends.
	"$PYTHON" -c "$TAKE_LOCK" "$LOCK" || explain "cannot lock $LOCK" ''
	trap 'rm -rf "$WORK"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	WORK=$TOOLS/work
	rm -rf "$WORK"
	if [ -e "$VENV.old" ]; then
		if [ -e "$VENV/.stamp" ]; then
			rm -rf "$VENV.old"
		else
			rm -rf "$VENV"
			mv "$VENV.old" "$VENV"
		fi
	fi
	STEPS_RUN=0
}

# done_before STEP KEY FILE...: whether the step was finished from these inputs and
# what it made is still there.
done_before() {
	local file stamp
	stamp=$(stamp_of "$1")
	[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$2" ] || return 1
	shift 2
	for file in "$@"; do
		[ -s "$file" ] || return 1
	done
}

# step [-or MESSAGE] NAME TITLE FUNCTION KEY FILE...: runs FUNCTION, which works in
# $WORK and makes FILE..., unless that was done from the same KEY. A failure ends
# the set-up; with -or, it is reported with MESSAGE and tried again next time.
step() {
	local instead='' name title function key stamp output status started=$SECONDS
	if [ "$1" = -or ]; then
		instead=$2
		shift 2
	fi
	name=$1 title=$2 function=$3 key=$4
	shift 4
	if done_before "$name" "$key" "$@"; then return; fi
	stamp=$(stamp_of "$name")
	printf 'setup: %s ...' "$title"
	rm -rf "$WORK"
	rm -f "$STAMPS/$name"
	# Not inside an if: bash would then ignore set -e in the function.
	set +e
	output=$(set -e && exec 2>&1 9>&- && mkdir -p "$WORK" && "$function")
	status=$?
	set -e
	rm -rf "$WORK"
	{ printf '%s\n' "$output" >"$LOGS/setup-$name.log"; } 2>/dev/null || true
	if [ "$status" = 0 ] && { echo "$key" >"$stamp"; } 2>/dev/null; then
		printf ' %d s\n' $((SECONDS - started))
		STEPS_RUN=$((STEPS_RUN + 1))
		return
	fi
	printf ' failed\n'
	printf '%s\n' "$output" | tail -n 15 | cut -c 1-300 | sed 's/^/    /' >&2
	if [ -z "$instead" ]; then
		explain "$title: failed" "$output"
	fi
	echo "setup: $instead" >&2
}

# explain WHAT OUTPUT: ends the set-up with the likely cause and what to do.
explain() {
	local again="Then run the same command again: finished steps are kept."
	echo "setup: $1." >&2
	if full_disk || printf '%s' "$2" | grep -qiE 'no space left|errno 28|disk quota exceeded'; then
		echo "The disk is full; make room. Free (MB): checkout $(free_mb "$ROOT"), Go's build cache" \
			"$(free_mb "$GO_CACHE"), temporary files $(free_mb "${TMPDIR:-/tmp}"); a whole set-up" \
			"takes about 3,000. $again" >&2
	elif printf '%s' "$2" | grep -qiE 'do not match the hashes|checksum mismatch|SHA-256'; then
		echo "What was fetched is not what the lock file pins: a damaged download, or another file under" \
			"the same name. Nothing of it was kept. Try again; if it stays so, do not use that source." >&2
	elif printf '%s' "$2" | grep -qiE 'dial tcp|no such host|name resolution|network is unreachable|connection (refused|reset|broken)|newconnectionerror|max retries|time-?out|timed out|no matching distribution|module lookup disabled'; then
		echo "It could not be fetched: no way to the network, or to the package index or Go module proxy." \
			"Check the connection, and the proxies your network needs (https_proxy, GOPROXY, PIP_INDEX_URL). $again" >&2
	else
		echo "See the lines above. $again" >&2
	fi
	exit 1
}

# free_mb FOLDER: the space left where the folder is, or will be.
free_mb() {
	local folder=$1
	until [ -d "$folder" ]; do folder=$(dirname "$folder"); done
	df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1024) }'
}

full_disk() {
	[ "$(free_mb "$ROOT")" -lt 20 ]
}

finish() {
	if [ "$STEPS_RUN" -gt 0 ]; then echo "setup: done in $SECONDS s"; fi
}
