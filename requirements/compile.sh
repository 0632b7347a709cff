#!/bin/sh
# Writes local.txt, dev.txt and images/*.txt from pyproject.toml: every package with its version and hashes, and no
# address in it. images/journey.txt is what all images hold, images/IMAGE.txt what that image holds besides; their
# versions are those of local.txt, so that what the tests ran is what the images run.
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
    cp -R requirements/. "$folder/"
    flag=''
    ;;
--upgrade | '') ;;
*)
    echo "compile: there is --upgrade and --check, not $flag" >&2
    exit 2
    ;;
esac

# compile NAME ARGUMENTS...: requirements/NAME.txt
compile() {
    name=$1
    shift
    .venv/bin/uv pip compile --quiet --python-version 3.13 --generate-hashes \
        --override requirements/overrides.txt --custom-compile-command 'make requirements' \
        --no-emit-index-url --no-emit-find-links --output-file "$folder/$name.txt" "$@" pyproject.toml || exit 75
    if ! cmp -s "requirements/$name.txt" "$folder/$name.txt"; then
        echo "compile: requirements/$name.txt is not what pyproject.toml asks for: run make requirements" >&2
        exit 1
    fi
}

for extra in local dev; do
    # shellcheck disable=SC2086 # no flag is no argument
    compile "$extra" $flag --universal --extra "$extra"
done
mkdir -p "$folder/images"
# For Linux alone: what all images need on Windows, one of them may need on Linux, and it would be left out as shared.
compile images/journey --python-platform linux --constraint requirements/local.txt
shared=$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package=\1/p' "$folder/images/journey.txt")
for image in synth load-ga4 load-backend dbt report bigquery-emulator; do
    # shellcheck disable=SC2086 # one argument a package
    compile "images/$image" --python-platform linux --constraint requirements/local.txt $shared --extra "$image"
done
