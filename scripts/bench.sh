#!/usr/bin/env bash
# Compares this toolkit with llama.cpp and PyTorch and prints one table; a full run
# also writes it to BENCH.md. `make bench ARGS=-quick` tries it with short texts.
# Options go to the program in internal/bench: -help lists them.
#
# The peers get a Python environment of their own, fetched by nothing else.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$here/env.sh"
source "$here/prerequisites.sh"
source "$here/steps.sh"

BENCH=$TOOLS/bench
GGUF=$MODELS/SmolLM2-135M-Instruct.Q4_1.gguf
GEMMA=$MODELS/gemma3/gemma-3-270m-q4_k_m.gguf
GB="2.8 GB to fetch, 5 GB of disk"

step_bench_venv() {
	rm -rf "$BENCH/venv"
	"$PYTHON" -m venv "$BENCH/venv"
	"$BENCH/venv/bin/python" -m pip install --quiet --no-input --retries 2 --no-deps \
		--only-binary :all: --require-hashes --requirement "$here/requirements-bench.txt"
}

# Dequantised once, so that all peers compute with the same float32 weights.
step_bench_weights() {
	"$BENCH/venv/bin/python" "$here/bench/weights.py" "$GGUF" "$WORK/weights"
	rm -rf "$BENCH/weights"
	mv "$WORK/weights" "$BENCH/weights"
}

step_bench_gemma() {
	"$BENCH/venv/bin/python" "$here/bench/weights.py" "$GEMMA" "$WORK/gemma3" gguf
	rm -rf "$BENCH/weights/gemma3"
	mv "$WORK/gemma3" "$BENCH/weights/gemma3"
}

# In a shell of its own, which ends with the lock of the set-up given back.
(
	find_prerequisites
	begin
	mkdir -p "$BENCH"
	without="without the peers, their rows are left open"
	step -or "$without" bench-venv "llama.cpp and PyTorch for the benchmarks ($GB)" step_bench_venv \
		"$(key "$ROOT" "$here/requirements-bench.txt")" "$BENCH/venv/bin/python"
	if [ -x "$BENCH/venv/bin/python" ]; then
		step -or "$without" bench-weights "SmolLM2 in float32 for the peers (1.1 GB of disk)" step_bench_weights \
			"$(key '' "$GGUF" "$here/bench/weights.py" "$here/requirements-bench.txt")" \
			"$BENCH/weights/model.gguf" "$BENCH/weights/model.safetensors"
	fi
	# A copy for this machine's benchmarks alone: it is neither shipped nor bundled.
	if [ -x "$BENCH/venv/bin/python" ] && [ -f "$GEMMA" ]; then
		step -or "$without" bench-gemma "Gemma 3 in float32 for the peers (1.1 GB of disk)" step_bench_gemma \
			"$(key '' "$GEMMA" "$here/bench/weights.py" "$here/requirements-bench.txt")" "$BENCH/weights/gemma3/model.gguf"
	fi
	finish
)

cd "$ROOT"
exec go run ./internal/bench "$@"
