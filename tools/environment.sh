# Sourced by the scripts beside it: makes the environment they run in, once, and activates it.
#
#   MMLOFI_ENV    its folder (default: .venv in the repository)
#   PYTHON        the Python it is made from (default: python3 if that is 3.10 to 3.12, else the
#                 newest of these that is found). If this Python has a torch that fits setup.cfg,
#                 that torch is used, with its accelerator; otherwise torch 2.13.0 is installed.
#   MMLOFI_STACK  1: numpy 1.26 and mmengine 0.10.7 (default); 2: numpy 2 and mmengine 0.11 rc
#
# Nothing outside the folder is changed. The stamp is written last, so that an interrupted run is
# taken up again, and a second run costs nothing until setup.cfg or pyproject.toml change.

mmlofi_fits() {
    "$1" -c 'import sys; raise SystemExit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' \
        > /dev/null 2>&1
}

mmlofi_find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.10}; do
        if mmlofi_fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    echo "no Python 3.10, 3.11 or 3.12 among: ${PYTHON:-python3 python3.12 python3.11 python3.10};" \
        "install one, or name one with PYTHON=/path/to/python" >&2
    return 1
}

mmlofi_make_folder() {
    local env="$1" python="$2"
    if [ -e "$env" ] && [ ! -e "$env/.mmlofi" ] && [ -z "${MMLOFI_ENV:-}" ]; then
        echo "$env was not made by this script and is left alone; set MMLOFI_ENV=$env to install" \
            "into it, or MMLOFI_ENV to another folder" >&2
        return 1
    fi
    mmlofi_fits "$env/bin/python" && "$env/bin/python" -m pip --version > /dev/null 2>&1 && return
    if [ -e "$env" ] && [ ! -e "$env/.mmlofi" ]; then
        echo "$env is no environment with pip and Python 3.10 to 3.12; give MMLOFI_ENV such a one," \
            "or a folder that does not exist yet" >&2
        return 1
    fi
    echo "making the environment $env from $python"
    mkdir -p "$env" && touch "$env/.mmlofi" && rm -rf "$env/bin" && "$python" -m venv "$env"
}

mmlofi_has() {
    "$1" -m pip show -q "$2" > /dev/null 2>&1
}

mmlofi_install_torch() {
    local python="$1"
    mmlofi_has "$python" torch && return
    "$python" "$2/tools/lend_torch.py" "$3" "$2/setup.cfg" && return
    echo 'installing torch 2.13.0 (0.2 GB for CPU, 3 GB for CUDA)'
    # Without a GPU the CPU build will do, if the pip configuration knows one.
    if ! nvidia-smi -L > /dev/null 2>&1; then
        "$python" -m pip install -q 'torch==2.13.0+cpu' 2> /dev/null && return
    fi
    "$python" -m pip install 'torch==2.13.0'
}

mmlofi_install() {
    local python="$1" root="$2" stack="$3" extras=tests,lite
    local -a pins
    case "$stack" in
        1) pins=('numpy<2' 'opencv-python<4.12' 'opencv-contrib-python<4.12' 'mmengine<0.11') ;;
        2) pins=('numpy>=2' 'opencv-python>=4.12' 'opencv-contrib-python>=4.12'
                 'mmengine==0.11.0rc3') ;;
        *) echo "MMLOFI_STACK=$stack is unknown; expected 1 or 2" >&2; return 1 ;;
    esac
    mmlofi_has "$python" mmcv && extras=tests  # the full mmcv stays as it is
    # And so does torch: a torchvision for another would bring that along.
    pins+=("torch==$("$python" -c 'from importlib.metadata import version; print(version("torch"))')")
    echo "installing mmlofi and what it needs (stack $stack)"
    "$python" -m pip install -e "$root[$extras]" "${pins[@]}"
}

mmlofi_environment() {
    local root env stack stamp python
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    env=${MMLOFI_ENV:-$root/.venv}
    stack=${MMLOFI_STACK:-1}
    stamp="$root $stack $(cat "$root/setup.cfg" "$root/pyproject.toml" | cksum)"
    if [ "$(cat "$env/.mmlofi" 2> /dev/null)" != "$stamp" ] || ! mmlofi_fits "$env/bin/python"; then
        python=$(mmlofi_find_python) || return 1
        mmlofi_make_folder "$env" "$python" || return 1
        mmlofi_install_torch "$env/bin/python" "$root" "$python" || return 1
        mmlofi_install "$env/bin/python" "$root" "$stack" || return 1
        echo "$stamp" > "$env/.mmlofi"
    fi
    . "$env/bin/activate"
}

# Threads sleep while they wait, unless you have said how they do (docs/processors.md).
[ -n "${OMP_WAIT_POLICY-}${GOMP_SPINCOUNT-}${KMP_BLOCKTIME-}" ] || export OMP_WAIT_POLICY=PASSIVE
mmlofi_environment
