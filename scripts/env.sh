# Sourced by the other scripts: where this checkout is, and an environment that
# keeps everything they start inside it. Works in bash 3.2 (macOS).

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export FIRSTTOKEN_HOME=$ROOT

TOOLS=$ROOT/.tools         # programs, XLA plugins, logs, stamps
VENV=$ROOT/.venv           # Python packages
MODELS=$ROOT/.data/models  # downloaded weights

export PATH=$TOOLS/bin:$PATH

# go.work files further up, or one named by the caller, would change which
# versions are built; the kernel makes a workspace of its own.
export GOWORK=off
# A checkout owned by another user (containers) or without git builds too.
case ${GOFLAGS:-} in
*-buildvcs*) ;;
*) export GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false" ;;
esac

# The caller's Python settings have no say in the environment of this checkout.
unset PYTHONHOME PYTHONPATH
export PYTHONNOUSERSITE=1 PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1

# Jupyter finds this checkout's kernel first, and keeps its own files here.
export JUPYTER_PATH=$ROOT/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}
export JUPYTER_CONFIG_DIR=${JUPYTER_CONFIG_DIR:-$TOOLS/jupyter/config}
export JUPYTER_DATA_DIR=${JUPYTER_DATA_DIR:-$TOOLS/jupyter/data}
export JUPYTER_RUNTIME_DIR=${JUPYTER_RUNTIME_DIR:-$TOOLS/jupyter/runtime}
export IPYTHONDIR=${IPYTHONDIR:-$TOOLS/jupyter/ipython}
