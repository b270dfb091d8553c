#!/usr/bin/env bash
# The gate: measure this branch and the commit that it began at in alternation, and fail where a case became slower.
# `make gate` and action.yml call it. On GitHub it also writes the job's summary, annotations and the step's outputs.
#
#   BASE        revision to compare with; default: the branch that the pull request goes into
#   BENCHMARKS  file or folder of pytest-benchmark tests
#   WORKLOADS   file of workloads, in place of BENCHMARKS
#   THRESHOLD   change that counts; default: 5%
#   BUDGET      time to measure in; default: that of crossover ab
#   PYTHON      interpreter that has Crossover; default: python
#
# Exit codes: 0 nothing became slower, also where the noise leaves it open, which a warning says; 1 something became
# slower; any other: nothing was measured, and a sentence says why.
set -euo pipefail

# -P: a folder of the project that has the name of our package, or of a module of Python, is not imported in its place.
crossover=("${PYTHON:-python}" -P -m bench_lib)
outputs=${GITHUB_OUTPUT:-/dev/null}

say() { # LEVEL SENTENCE
    if [ -n "${GITHUB_ACTIONS:-}" ]; then
        printf '::%s title=Crossover gate::%s\n' "$1" "$2"
    else
        printf 'gate: %s\n' "$2" >&2
    fi
}

fail() { # SENTENCE
    say error "$1"
    echo "verdict=error" >>"$outputs"
    exit 4
}

# Sets asked, the options of crossover ab.
choose_what() {
    asked=()
    [ -z "${BENCHMARKS:-}" ] || asked+=(--pytest "$BENCHMARKS")
    [ -z "${WORKLOADS:-}" ] || asked+=(--workloads "$WORKLOADS")
    [ ${#asked[@]} -gt 0 ] ||
        fail "expected something to measure: name a folder of pytest-benchmark tests (benchmarks), or a file of workloads"
    [ -z "${BUDGET:-}" ] || asked+=(--budget "$BUDGET")
}

# Sets commit: where this branch began. What the base has gained since is not this branch's doing.
choose_commit() {
    local base=${BASE:-${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}} tip
    [ -n "$base" ] || fail "expected a revision to compare with, which only a pull request brings with it: name a base, such as origin/main"
    tip=$(git rev-parse --verify --quiet --end-of-options "$base^{commit}") ||
        fail "expected a revision of this repository to compare with; $base is none here: fetch it (actions/checkout takes fetch-depth: 0), or name another base"
    commit=$(git merge-base HEAD "$tip") ||
        fail "expected a base that this branch began at; no commit of $base is among those here: fetch the whole history (actions/checkout takes fetch-depth: 0)"
}

# Sets judged: the exit code of a judgement of the two files, without measuring again.
judge() { # FORMAT
    judged=0
    "${crossover[@]}" compare "$folder/a.jsonl" "$folder/b.jsonl" --threshold "$threshold" --format "$1" || judged=$?
}

choose_what
choose_commit
threshold=${THRESHOLD:-5%}
# Files of a run are never written over, and one job may have several gates.
folder=${RUNNER_TEMP:-results}/ab/$(date -u +%Y%m%dT%H%M%S)-$$
echo "folder=$folder" >>"$outputs" # now: what an error leaves behind is kept, too
measured=0
"${crossover[@]}" ab --base "$commit" "${asked[@]}" --threshold "$threshold" --out "$folder" || measured=$?
case $measured in
    0) verdict=passed ;;
    1) verdict=regression ;;
    3) verdict=inconclusive ;;
    *) fail "the two revisions could not be measured (exit code $measured): the lines above say why" ;;
esac
if [ -s "$folder/a.jsonl" ] && [ -s "$folder/b.jsonl" ]; then
    judge markdown >"$folder/summary.md"
    cat "$folder/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
    [ -z "${GITHUB_ACTIONS:-}" ] || judge github
    # A Python that crashes ends with 1, too. Only what the files bear out is a verdict.
    [ "$judged" -eq "$measured" ] ||
        fail "crossover ab ended with exit code $measured, and a judgement of its files with $judged: the lines above say why"
elif [ "$verdict" != inconclusive ]; then
    fail "crossover ab ended with exit code $measured and left no result files: the lines above say why"
fi
echo "verdict=$verdict" >>"$outputs"
case $verdict in
    regression) exit 1 ;;
    inconclusive) say warning "nothing could be told, so the gate passes: the lines above say why" ;;
esac
