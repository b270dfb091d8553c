#!/bin/sh
# Measure, then write the report of what was measured: sh scripts/bench.sh COMMAND [OPTION OF RUN]...
#
#   COMMAND  the crossover to use
#
# The last line is the report's path. Exit code 2 says that some case failed: the report has its reason, and is still made.
set -eu

crossover=$1
shift

status=0
output=$("$crossover" run "$@") || status=$?
[ -z "$output" ] || printf '%s\n' "$output"
case $status in
    0 | 2) ;;
    *) exit "$status" ;;
esac
"$crossover" report "$(printf '%s\n' "$output" | tail -n 1)"
exit "$status"
