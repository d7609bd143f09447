#!/usr/bin/env bash
# Scores a checkpoint on a Slurm cluster.
set -euo pipefail

usage() {
    cat <<'END'
Scores a checkpoint on a Slurm cluster with srun, one task a GPU.

usage: bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of tools/test.py]
       GPUS=16 GPUS_PER_NODE=8 bash tools/slurm_test.sh video lofi CONFIG CHECKPOINT

GPUS           all tasks of the job (8)
GPUS_PER_NODE  tasks on one machine (8, or GPUS if that is less)
CPUS_PER_TASK  (5)
SRUN_ARGS      further arguments of srun, such as "--time 48:00:00 --qos high"
MASTER_PORT    a free port on the first machine (drawn at random)
END
}

case "${1:-}" in -h | --help) usage; exit ;; esac
[ $# -ge 4 ] || { usage >&2; exit 2; }
partition=$1 job_name=$2 config=$3 checkpoint=$4
shift 4
tools=$(dirname "$0")
gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}

# Threads sleep while they wait, unless you have said how they do (docs/processors.md).
[ -n "${OMP_WAIT_POLICY-}${GOMP_SPINCOUNT-}${KMP_BLOCKTIME-}" ] || export OMP_WAIT_POLICY=PASSIVE
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
export MASTER_PORT="${MASTER_PORT:-$((12000 + RANDOM % 20000))}"
# SRUN_ARGS is split at its blanks on purpose.
exec srun --partition="$partition" --job-name="$job_name" --gres="gpu:$gpus_per_node" \
    --ntasks="$gpus" --ntasks-per-node="$gpus_per_node" --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    python -u "$tools/test.py" "$config" "$checkpoint" --launcher slurm "$@"
