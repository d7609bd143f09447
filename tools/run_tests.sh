#!/usr/bin/env bash
# Makes the environment and runs all tests in it.
set -euo pipefail

usage() {
    cat <<'END'
Makes the environment (once) and runs all tests in it.

usage: bash tools/run_tests.sh [--second-stack] [arguments of pytest]

--second-stack  numpy 2, opencv 5 and the pre-release of mmengine 0.11, in .venv-second-stack

For example: bash tools/run_tests.sh -m "not slow" tests/models
Two tests run side by side; MMLOFI_TEST_WORKERS says how many, each in up to 3 GB of memory.
MMLOFI_ENV and PYTHON choose the environment: see tools/environment.sh.
END
}

case "${1:-}" in
    -h | --help) usage; exit ;;
    --second-stack)
        shift
        export MMLOFI_STACK=2 MMLOFI_ENV="${MMLOFI_ENV:-$(dirname "$0")/../.venv-second-stack}" ;;
esac
cd "$(dirname "$0")/.."
. tools/environment.sh
exec python -m pytest -n "${MMLOFI_TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder \
    "$@"
