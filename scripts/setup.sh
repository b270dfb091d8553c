#!/bin/sh
# Make the virtual environment once and install Crossover into it: sh scripts/setup.sh [EXTRA]
#
#   EXTRA        extra of pyproject.toml to install: test (default), notebooks or dev
#   PYTHON       interpreter; default: the first of python3, python3.13, python3.12, python3.11 that will do
#   VENV         folder of the environment; default: .venv
#   CONSTRAINTS  file of pip constraints; default: none
#
# A torch that the interpreter already has is used, and no other is downloaded (docs/decisions/0004).
set -eu
cd "${0%/*}/.."

extra=${1:-test}
venv=${VENV:-.venv}
constraints=${CONSTRAINTS:-}

# Answers in one line: its version, whether it is new enough, whether it can make environments, its torch if that fits.
# Any Python can read it, however old.
probe='
import sys

def torch():
    try:
        import torch
        fits = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 9)
        return torch.__version__ if fits else "no"
    except Exception:  # a torch that cannot be imported is one that cannot be used
        return "no"

def venv():
    try:
        import ensurepip, venv
        return "yes"
    except ImportError:
        return "no"

new = sys.version_info >= (3, 11)
answer = ("%d.%d" % tuple(sys.version_info[:2]), "yes" if new else "no", venv() if new else "-", torch() if new else "-")
print(" ".join(answer))
'
# Answers with the folder that holds its torch.
torch_folder='
import os, torch
print(os.path.dirname(os.path.dirname(os.path.abspath(torch.__file__))))
'
# Lets the environment import from one more folder, after its own.
add_folder='
import os, sys, sysconfig
with open(os.path.join(sysconfig.get_path("purelib"), "torch-of-the-interpreter.pth"), "w") as file:
    file.write(sys.argv[1] + "\n")
'

fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 1
}

say() {
    printf 'setup: %s\n' "$1" >&2
}

# Sets python and torch, or fails with the sentence that fits what was found.
choose_python() {
    refused=
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        answer=$("$candidate" -c "$probe" 2>/dev/null) || continue
        # shellcheck disable=SC2086  # four words are meant
        set -- $answer
        [ $# -eq 4 ] || continue
        if [ "$2" != yes ]; then
            refused=${refused:-"Python 3.11 or newer is needed, and $candidate is $1; install one, or name it: make PYTHON=/path/to/python3"}
        elif [ "$3" != yes ]; then
            refused="$candidate is Python $1 without venv, which is needed; install it (Debian and Ubuntu: apt install python$1-venv)"
        else
            python=$candidate
            torch=$4
            return
        fi
    done
    fail "${refused:-"Python 3.11 or newer is needed, and ${PYTHON:-python3} is not found; install one, or name it: make PYTHON=/path/to/python3"}"
}

make_environment() {
    choose_python
    if [ "$torch" = no ]; then
        say "making $venv with $python"
        "$python" -m venv --clear "$venv"
        return
    fi
    say "making $venv with $python, which has torch $torch: that one is used"
    "$python" -m venv --clear --system-site-packages "$venv"
    # The system's packages are those of the base interpreter. Where $python is itself an environment, its torch is not
    # among them.
    if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
        "$venv/bin/python" -c "$add_folder" "$("$python" -c "$torch_folder")"
    fi
}

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    make_environment
fi
say "installing Crossover and what it needs into $venv (once; the first time takes minutes)"
"$venv/bin/python" -m pip install --quiet --editable ".[$extra]" ${constraints:+--constraint "$constraints"}
if [ "$extra" != notebooks ]; then
    # Its own pins would put an older NumPy in place, which is measured here; what is used of it runs with any.
    "$venv/bin/python" -m pip install --quiet --no-deps 'apache-otava>=0.8,<0.9' ||
        say "Apache Otava could not be installed: \`crossover history\` says how to get it, and its tests are skipped"
fi
: >"$venv/.ready-$extra"
[ "$extra" != dev ] || : >"$venv/.ready-test" # dev holds test
