#!/usr/bin/env bash
# Makes the environment and runs all tests in it.
set -euo pipefail

usage() {
    cat <<'END'
Makes the environment (once) and runs all tests in it.

usage: bash tools/run_tests.sh [--second-stack] [--processor avx2|sse4.1] [arguments of pytest]

--second-stack  numpy 2, opencv 5 and the pre-release of mmengine 0.11, in .venv-second-stack
--processor     torch and oneDNN use no newer instructions of an x86-64 processor than these, so that
                sums have another order (docs/processors.md)

For example: bash tools/run_tests.sh -m "not slow" tests/models
Two tests run side by side; MMLOFI_TEST_WORKERS says how many, each in up to 3 GB of memory.
MMLOFI_ENV and PYTHON choose the environment: see tools/environment.sh.
END
}

while true; do
    case "${1:-}" in
        -h | --help) usage; exit ;;
        --second-stack)
            export MMLOFI_STACK=2 MMLOFI_ENV="${MMLOFI_ENV:-$(dirname "$0")/../.venv-second-stack}"
            shift ;;
        --processor)
            case "${2:-}" in
                avx2) export ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 ;;
                sse4.1) export ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 ;;
                *) echo "run_tests: got --processor ${2:-}; expected avx2 or sse4.1" >&2; exit 2 ;;
            esac
            shift 2 ;;
        *) break ;;
    esac
done
cd "$(dirname "$0")/.."
. tools/environment.sh
exec python -m pytest -n "${MMLOFI_TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder \
    "$@"
