#!/usr/bin/env bash
# Scores a checkpoint on several GPUs, or on several CPU processes where there is no GPU.
set -euo pipefail

usage() {
    cat <<'END'
Scores a checkpoint with torchrun: one process a GPU, or CPU processes over gloo without a GPU.

usage: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [arguments of tools/test.py]
       NNODES=2 NODE_RANK=0 MASTER_ADDR=host0 PORT=29500 bash tools/dist_test.sh CONFIG CHECKPOINT 8

CONFIG       config file
CHECKPOINT   file that training wrote
GPUS         processes on this machine
NNODES       machines (1); run the same command on each, with its NODE_RANK (0 to NNODES - 1)
MASTER_ADDR  address of the machine with NODE_RANK=0 (127.0.0.1); needed for several machines
PORT         a free port there (29500); two jobs on one machine need two ports

Several machines share the work dir and the data, under the same paths. When a rank dies, all of
them say which one and end with exit code 1.

Each process has one OpenMP thread, unless OMP_NUM_THREADS says otherwise, and its threads sleep
while they wait, unless OMP_WAIT_POLICY, GOMP_SPINCOUNT or KMP_BLOCKTIME does.

NODE_TIMEOUT        seconds after which a machine that is silent counts as lost (60)
GLOO_SOCKET_IFNAME  network interface of this machine, where the one that reaches MASTER_ADDR is
                    the wrong one; with GPUs it is NCCL_SOCKET_IFNAME
END
}

case "${1:-}" in -h | --help) usage; exit ;; esac
[ $# -ge 3 ] || { usage >&2; exit 2; }
config=$1 checkpoint=$2 gpus=$3
shift 3
tools=$(dirname "$0")

# Threads sleep while they wait, unless you have said how they do (docs/processors.md).
[ -n "${OMP_WAIT_POLICY-}${GOMP_SPINCOUNT-}${KMP_BLOCKTIME-}" ] || export OMP_WAIT_POLICY=PASSIVE
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
# The module is what the command torchrun runs; like this it is the one of the active Python.
torchrun=(-m torch.distributed.run)
if [ "${NNODES:-1}" -gt 1 ]; then
    [ -n "${NODE_RANK:-}" ] && [ -n "${MASTER_ADDR:-}" ] || {
        echo "NNODES=$NNODES needs NODE_RANK and MASTER_ADDR too: see --help" >&2; exit 2; }
    torchrun=("$tools/../mmlofi/engine/nodes.py")   # the same, but a rank that dies ends all nodes
fi
exec python "${torchrun[@]}" \
    --nnodes="${NNODES:-1}" --node-rank="${NODE_RANK:-0}" --nproc-per-node="$gpus" \
    --master-addr="${MASTER_ADDR:-127.0.0.1}" --master-port="${PORT:-29500}" \
    "$tools/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
