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
NNODES       machines (1); run the same command on each, with its NODE_RANK (0 to NNODES - 1)
MASTER_ADDR  address of the machine with NODE_RANK=0 (127.0.0.1); needed for several machines
PORT         a free port there (29500); two jobs on one machine need two ports

Several machines share the work dir and the data, under the same paths. When a rank dies, all of
them say which one and end with exit code 1.

Each process has one OpenMP thread, unless OMP_NUM_THREADS says otherwise, and its threads sleep
while they wait, unless OMP_WAIT_POLICY, GOMP_SPINCOUNT or KMP_BLOCKTIME does.

A training that is warned by SIGTERM or SIGUSR1 saves, and ends with exit code 75 on all machines;
the same command with --resume goes on with the next step (docs/clusters.md).

MAX_RESTARTS        how often ranks that died start again, on all machines together (0). It passes
                    --resume on, machines need no NODE_RANK, and one that is lost is waited for
PREEMPTED_CODE      exit code in place of 75, for a scheduler that wants its own to run a job again
NODE_TIMEOUT        seconds after which a machine that is silent counts as lost (60)
GLOO_SOCKET_IFNAME  network interface of this machine, where the one that reaches MASTER_ADDR is
                    the wrong one; with GPUs it is NCCL_SOCKET_IFNAME
END
}

case "${1:-}" in -h | --help) usage; exit ;; esac
[ $# -ge 2 ] || { usage >&2; exit 2; }
config=$1 gpus=$2
shift 2
tools=$(dirname "$0")

# Threads sleep while they wait, unless you have said how they do (docs/processors.md).
[ -n "${OMP_WAIT_POLICY-}${GOMP_SPINCOUNT-}${KMP_BLOCKTIME-}" ] || export OMP_WAIT_POLICY=PASSIVE
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
if [ "${NNODES:-1}" != 1 ]; then
    [ -n "${MASTER_ADDR:-}" ] && [ -n "${NODE_RANK:-${MAX_RESTARTS:-}}" ] || {
        echo "NNODES=$NNODES needs NODE_RANK and MASTER_ADDR too: see --help" >&2; exit 2; }
fi
address=${MASTER_ADDR:-127.0.0.1} port=${PORT:-29500}
if [ "${MAX_RESTARTS:-0}" -gt 0 ]; then
    meet=(--max-restarts="$MAX_RESTARTS" --rdzv-backend=c10d --rdzv-endpoint="$address:$port"
          --rdzv-id="$port")
    set -- "$@" --resume
else
    meet=(--node-rank="${NODE_RANK:-0}" --master-addr="$address" --master-port="$port")
fi
exec python "$tools/../mmlofi/engine/nodes.py" \
    --nnodes="${NNODES:-1}" --nproc-per-node="$gpus" "${meet[@]}" \
    "$tools/train.py" "$config" --launcher pytorch "$@"
