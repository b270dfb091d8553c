#!/usr/bin/env bash
# Exercise Crossover on a machine with an NVIDIA GPU, whose Python has torch, without a network and without installing:
#
#   scripts/gpu_session.sh [STEP]...
#
#   STEP       any of: devices cuda doctor run report again energy gate asv tests; default: all, in this order
#              again repeats the run and compares the two; energy measures what a few operations draw; gate compares a
#              thing with itself, and measures the tests of benchmarks/ci
#   OUT        folder for the log and the results; default: results/gpu-session
#   PYTHON     interpreter; default: python3
#   PROFILE    of the run; default: standard
#   BUDGET     of the run; default: 8m
#   ASV_BENCH  which asv benchmarks, as a regular expression; default: matrix products
#   ENERGY_CASES, GATE_CASES  of these steps, as for -k; default: a few operations
#   WHEELS     folder of wheels to use beside what the interpreter has; default: none
#
# A step that fails does not stop the next; the exit code is 1 if any failed. The log has every command's whole output.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

out=${OUT:-results/gpu-session}
python=${PYTHON:-python3}
profile=${PROFILE:-standard}
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd)
log=$out/session.log
results=$out/$profile.jsonl
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=()

export PYTHONPATH=$PWD PYTHONUNBUFFERED=1
if [ -n "${WHEELS:-}" ]; then
    "$python" -m pip install --quiet --no-index --no-deps --upgrade --target "$scratch/site" "$WHEELS"/*.whl || exit 1
    export PYTHONPATH=$scratch/site:$PYTHONPATH PATH=$scratch/site/bin:$PATH
fi
crossover=("$python" -m bench_lib)

say() {
    printf '%s\n' "$*" | tee -a "$log"
}

has_module() {
    "$python" -c "import $1" 2>/dev/null
}

step_devices() {
    nvidia-smi
    "${crossover[@]}" devices && "${crossover[@]}" devices --json >"$out/devices.json"
}

step_cuda() {
    timeout 300 "$python" -m pytest -m cuda
}

step_doctor() {
    timeout 300 "${crossover[@]}" doctor
}

step_run() {
    local status=0
    rm -f "$results" "$results.gz"
    "${crossover[@]}" run --profile "$profile" --budget "${BUDGET:-8m}" --out "$results" || status=$?
    [ ! -s "$results" ] || gzip -9 --force "$results"
    return "$status"
}

step_report() {
    "${crossover[@]}" report "$results.gz" --out "$out/$profile.html"
}

step_again() {
    local status=0
    rm -f "$out/again.jsonl"*
    "${crossover[@]}" run --profile "$profile" --budget "${BUDGET:-8m}" --out "$out/again.jsonl" || status=$?
    gzip -9 --force "$out/again.jsonl" && "$python" scripts/studies/aa.py "$results.gz" "$out/again.jsonl.gz"
    return "$status"
}

step_energy() {
    rm -f "$out/energy.jsonl"
    "${crossover[@]}" run --energy --budget 3m -k "${ENERGY_CASES:-matmul or gelu or attention}" --out "$out/energy.jsonl"
}

step_gate() {
    local status=0
    rm -rf "$out/gate" "$out/calibration.json"
    "${crossover[@]}" ab --aa --device cuda:0 --device cpu -k "${GATE_CASES:-float32 and resident and (matmul or add or softmax)}" \
        --calibration "$out/calibration.json" --out "$out/gate" || status=$?
    timeout 120 "$python" -m pytest benchmarks/ci --benchmark-only --benchmark-json="$out/ci.json" || status=$?
    return "$status"
}

step_asv() {
    if ! has_module asv; then
        echo "asv is not here: skipped"
        return
    fi
    # A copy with a history of its own: what travelled here may have none, and asv names results by commit.
    local copy=$scratch/asv
    mkdir "$copy"
    cp -r asv.conf.json benchmarks bench_lib pyproject.toml README.md "$copy" && cd "$copy" || return
    git init -q && git add -A && git -c user.name=asv -c user.email=asv@localhost commit -q -m "what is measured" || return
    # asv hides PYTHONPATH from what it starts, and asks for this one instead.
    export HOME=$scratch PYTHONPATH=$copy${WHEELS:+:$scratch/site}
    export ASV_PYTHONPATH=$PYTHONPATH
    "$python" -m asv machine --yes &&
        timeout 300 "$python" -m asv run --quick --show-stderr --bench "${ASV_BENCH:-[Mm]atmul}" \
            --set-commit-hash "$(git rev-parse HEAD)" &&
        tar -czf "$out/asv.tar.gz" results/asv
}

step_tests() {
    timeout 900 "$python" -m pytest -m "not cuda"
}

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(devices cuda doctor run report again energy gate asv tests)
for step in "${steps[@]}"; do
    if ! declare -F "step_$step" >/dev/null; then
        say "gpu_session: the steps are devices, cuda, doctor, run, report, again, energy, gate, asv and tests; came $step"
        exit 4
    fi
done

for step in "${steps[@]}"; do
    say "== $step"
    SECONDS=0
    ("step_$step") 2>&1 | tee -a "$log"
    status=${PIPESTATUS[0]}
    [ "$status" -eq 0 ] || failed+=("$step (exit code $status)")
    say "== $step took $SECONDS s, exit code $status"
done

if [ ${#failed[@]} -gt 0 ]; then
    say "gpu_session: failed: ${failed[*]}; see session.log"
    exit 1
fi
say "gpu_session: all steps passed"
