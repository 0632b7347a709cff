#!/bin/sh
# Writes local.txt and dev.txt from pyproject.toml: every package with its version and hashes, and no address in it.
#
#   requirements/compile.sh             keeps the versions that still fit
#   requirements/compile.sh --upgrade   takes the newest
#   requirements/compile.sh --check     writes nothing; exit 1 if a file is not what pyproject.toml asks for
set -eu
cd "$(dirname "$0")/.."
folder=requirements
flag=${1:-}
case $flag in
--check)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cp requirements/*.txt "$folder/"
    flag=''
    ;;
--upgrade | '') ;;
*)
    echo "compile: there is --upgrade and --check, not $flag" >&2
    exit 2
    ;;
esac
for extra in local dev; do
    # shellcheck disable=SC2086 # no flag is no argument
    .venv/bin/uv pip compile --quiet $flag --universal --python-version 3.13 --generate-hashes \
        --override requirements/overrides.txt --extra "$extra" --custom-compile-command 'make requirements' \
        --no-emit-index-url --no-emit-find-links --output-file "$folder/$extra.txt" pyproject.toml || exit 75
    if ! cmp -s "requirements/$extra.txt" "$folder/$extra.txt"; then
        echo "compile: requirements/$extra.txt is not what pyproject.toml asks for: run make requirements" >&2
        exit 1
    fi
done
