#!/usr/bin/env bash
# Trains a config on several GPUs, or on several CPU processes where there is no GPU.
set -euo pipefail

usage() {
    cat <<'END'
Trains a config with torchrun: one process a GPU, or CPU processes over gloo without a GPU.

usage: bash tools/dist_train.sh CONFIG GPUS [arguments of tools/train.py]
       NNODES=2 NODE_RANK=0 MASTER_ADDR=host0 PORT=29500 bash tools/dist_train.sh CONFIG 8

CONFIG       config file
GPUS         processes on this machine
NNODES       machines (1); run the same command on each, with its NODE_RANK (0)
MASTER_ADDR  address of the machine of rank 0 (127.0.0.1)
PORT         a free port there (29500); two jobs on one machine need two ports
END
}

case "${1:-}" in -h | --help) usage; exit ;; esac
[ $# -ge 2 ] || { usage >&2; exit 2; }
config=$1 gpus=$2
shift 2
tools=$(dirname "$0")

export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
# The module is what the command torchrun runs; like this it is the one of the active Python.
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node-rank="${NODE_RANK:-0}" --nproc-per-node="$gpus" \
    --master-addr="${MASTER_ADDR:-127.0.0.1}" --master-port="${PORT:-29500}" \
    "$tools/train.py" "$config" --launcher pytorch "$@"
