#!/usr/bin/env bash
# The main job from nothing: data, all stages of LoFi, the ACP baseline, a table, a picture, a page.
set -euo pipefail

usage() {
    cat <<'END'
Makes a benchmark of procedural videos, trains ACP and LoFi on it and puts them side by side.

usage: bash tools/quickstart.sh [--seed N] [--smoke] [--out DIR]

--seed N   random seed of the training (default 0); the data stay the same
--smoke    a few steps of everything on a tiny benchmark: does it run?
--out DIR  where everything goes (default work_dirs/quickstart, or work_dirs/smoke)

Run again, it goes on where it stopped, or says that it is done.
END
}

seed=0 smoke= out=
while [ $# -gt 0 ]; do
    case "$1" in
        --seed) seed=${2:?--seed needs a number}; shift 2 ;;
        --smoke) smoke=1; shift ;;
        --out) out=${2:?--out needs a folder}; shift 2 ;;
        -h | --help) usage; exit ;;
        *) usage >&2; exit 2 ;;
    esac
done
cd "$(dirname "$0")/.."
. tools/environment.sh

out=${out:-work_dirs/${smoke:+smoke}}
[ "$out" != work_dirs/ ] || out=work_dirs/quickstart
run=$out/seed$seed
export TOY_DATA=$out/data
configs=configs/toy
size=() acp=() lofi=() head=()
if [ -n "$smoke" ]; then
    size=(--train-videos 8 --val-videos 5 --clips-per-class 4)
    acp=(train_cfg.max_epochs=1 train_cfg.val_interval=1)
    lofi=(train_cfg.max_epochs=3) head=(train_cfg.max_epochs=2 train_cfg.val_interval=2)
fi

step() { printf '\n== %s (after %d s)\n' "$1" "$SECONDS"; }

# train WORK_DIR CONFIG [KEY=VALUE…]: starts, continues, or leaves alone what has its cost.json
train() {
    local dir=$1 config=$2
    shift 2
    if [ -e "$dir/cost.json" ]; then
        echo "$dir is done"
        return
    fi
    mkdir -p "$dir"
    echo "python tools/train.py $config --work-dir $dir --seed $seed --resume ${1:+--cfg-options $*}"
    echo "log: $dir/train.log"
    python tools/train.py "$config" --work-dir "$dir" --seed "$seed" --resume \
        ${1:+--cfg-options "$@"} 2>&1 | tee -a "$dir/train.log" | sed -un 's/.*INFO - \(Epoch(.*\)/\1/p' ||
        { tail -n 20 "$dir/train.log" >&2; return 1; }
}

features() {   # features CHECKPOINT_DIR OUT
    python tools/extract_features.py $configs/lofi_toy.py "$(cat "$1/last_checkpoint")" --out "$2"
}

step 'data: procedural untrimmed videos and trimmed clips'
python tools/make_procedural.py "$TOY_DATA" "${size[@]}"

step 'stage 1, ACP: the encoder learns to classify clips'
train "$run/acp" $configs/acp_toy.py "${acp[@]}"

step 'the ACP baseline: a head on the frozen ACP encoder'
export TOY_FEATURES=$run/acp_features
features "$run/acp" "$TOY_FEATURES"
train "$run/acp_gtad" $configs/gtad_toy.py "${head[@]}" \
    "val_evaluator.out_file=$run/acp.json"

step 'stage 2, LoFi: encoder and head end to end, S -> T -> ST'
train "$run/lofi" $configs/lofi_toy.py "load_from=$(cat "$run/acp/last_checkpoint")" "${lofi[@]}"

step 'stage 3: a new head on the frozen LoFi encoder, at full fidelity'
export TOY_FEATURES=$run/lofi_features
features "$run/lofi" "$TOY_FEATURES"
train "$run/lofi_gtad" $configs/gtad_toy.py "${head[@]}" "val_evaluator.out_file=$run/lofi.json"

step 'result'
python tools/compare.py "ACP=$run/acp_gtad" "LoFi=$run/lofi+$run/lofi_gtad"
python tools/plot_detections.py "ACP=$run/acp.json" "LoFi=$run/lofi.json" \
    "$TOY_DATA/annotations.json" --subset validation --out "$run/timelines.png"
python tools/report.py "ACP=$run/acp.json" "LoFi=$run/lofi.json" "$TOY_DATA/annotations.json" \
    --bins quintiles --videos-dir "$TOY_DATA/videos" --out "$run/report.html"
