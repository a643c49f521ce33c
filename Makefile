# Every target sets up what it needs first; done once, that takes about a second.
# Works from any folder: make -C path/to/checkout lab

# Recipes are one line each and leave the work to scripts/, which quote paths.
.DEFAULT_GOAL := help
.PHONY: help setup gemma lab reproduce measured check test fuzz bench bundle fmt clean distclean

# GNU Make 3.81 is what macOS has; .FEATURES came with it.
ifeq ($(.FEATURES),)
$(error GNU Make 3.81 or later is needed: apt-get install make, dnf install make, or xcode-select --install)
endif

PORT ?=
ARGS ?=
GOTESTFLAGS ?=
GRID ?=
export PORT ARGS GOTESTFLAGS CUDA GRID

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' "$(firstword $(MAKEFILE_LIST))"

setup: ## tools, JupyterLab, XLA and SmolLM2 into this checkout (CUDA=1: the GPU plugin too)
	@scripts/setup.sh lab

gemma: ## Gemma 3 270M too (239 MB, under the Gemma Terms of Use, which it names first)
	@scripts/gemma.sh

lab: ## JupyterLab on the first notebook (PORT=8888, ARGS="further options")
	@scripts/lab.sh

reproduce: ## run every notebook, write its outputs and RESULTS.md, the table of claims
	@scripts/reproduce.sh

measured: ## measure anew what comes with the checkout in place of weights, after a change of code
	@scripts/measured.sh

check: ## the fast part of test, in a few minutes: formatting, vet, staticcheck, go test -short, notebooks 00 and 01
	@scripts/test.sh --short

test: ## gofmt, vet, staticcheck, Go tests, notebooks (GOTESTFLAGS=-count=1)
	@scripts/test.sh

fuzz: ## each fuzz target for SECONDS=60; what fails is kept in testdata/fuzz
	@scripts/fuzz.sh "$(SECONDS)"

bench: ## benchmarks, after set-up
	@scripts/setup.sh headless
	@scripts/bench.sh $(ARGS)

bundle: ## programs, texts and grids for a GPU machine without Go or a network (GRID=file, CUDA=1)
	@scripts/bundle.sh

fmt: ## gofmt all Go files
	@scripts/fmt.sh

clean: ## remove logs, temporary and interrupted work
	@rm -rf .tools/work .tools/log .tools/gemma .venv.old

distclean: clean ## remove all that set-up made, models too; runs and data you made stay
	@rm -rf .tools .venv .data/models
