#!/usr/bin/env bash
# Trains a config on a Slurm cluster, and goes on after preemptions and time limits.
set -euo pipefail

usage() {
    cat <<'END'
Trains a config on a Slurm cluster as a batch job, one task a GPU, which Slurm may requeue.

usage: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [arguments of tools/train.py]
       GPUS=16 GPUS_PER_NODE=8 bash tools/slurm_train.sh video lofi configs/lofi_tsm_anet.py

GPUS           all tasks of the job (8)
GPUS_PER_NODE  tasks on one machine (8, or GPUS if that is less)
CPUS_PER_TASK  (5)
SRUN_ARGS      further arguments of sbatch or srun, such as "--time 48:00:00 --qos high"
MASTER_PORT    a free port on the first machine (drawn at random)
WARN_SEC       seconds before its time limit at which the job is warned (120): more than a step
               and writing a checkpoint take
ATTACHED       1: as a job of srun that shows its output here. Slurm requeues none of these
PREEMPTED_CODE exit code of a training that was warned and has saved (75)

A job that was warned (SIGUSR1 before its limit, SIGTERM before a preemption) saves and ends. It is
put back into the queue, by Slurm after a preemption and by itself before its limit, and goes on
with the next step, as with --resume (docs/clusters.md). `scancel` ends it for good. Its output goes
to JOB_NAME-JOB_ID.out.
END
}

case "${1:-}" in -h | --help) usage; exit ;; esac
[ $# -ge 3 ] || { usage >&2; exit 2; }
partition=$1 job_name=$2
# Slurm runs a copy of this script, which is not beside the tools.
tools=${MMLOFI_TOOLS:-$(cd "$(dirname "$0")" && pwd)}
gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
job=(--partition="$partition" --job-name="$job_name" --gres="gpu:$gpus_per_node"
     --ntasks="$gpus" --ntasks-per-node="$gpus_per_node" --cpus-per-task="${CPUS_PER_TASK:-5}"
     --signal="USR1@${WARN_SEC:-120}")

# Threads sleep while they wait, unless you have said how they do (docs/processors.md).
[ -n "${OMP_WAIT_POLICY-}${GOMP_SPINCOUNT-}${KMP_BLOCKTIME-}" ] || export OMP_WAIT_POLICY=PASSIVE

train() {
    export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
    export MASTER_PORT="${MASTER_PORT:-$((12000 + RANDOM % 20000))}"
    local config=$3
    shift 3
    "${srun[@]}" --kill-on-bad-exit=1 python -u "$tools/train.py" "$config" --launcher slurm "$@"
}

if [ "${ATTACHED:-0}" = 1 ]; then
    # SRUN_ARGS is split at its blanks on purpose, here and below.
    srun=(exec srun "${job[@]}" ${SRUN_ARGS:-})
    train "$@"
fi

if [ -z "${MMLOFI_TOOLS:-}" ]; then
    export MMLOFI_TOOLS=$tools
    exec sbatch --requeue --open-mode=append --output="$job_name-%j.out" "${job[@]}" \
        ${SRUN_ARGS:-} "$tools/slurm_train.sh" "$@"
fi

# In the job: what `scancel` ends reaches this script too, a warning before the limit the tasks alone.
cancelled=0
trap 'cancelled=1' TERM
trap : USR1
# Its tasks do not inherit --cpus-per-task from the job.
srun=(srun --cpus-per-task="${CPUS_PER_TASK:-5}")
[ "${SLURM_RESTART_COUNT:-0}" -eq 0 ] || set -- "$@" --resume
train "$@" &
set +e
wait $!
code=$?
while kill -0 $! 2> /dev/null; do   # a signal has ended the wait
    wait $!
    code=$?
done
# 138: SIGUSR1 came before there was anything to save.
if [ "$cancelled" = 0 ] && { [ "$code" = "${PREEMPTED_CODE:-75}" ] || [ "$code" = 138 ]; }; then
    exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
