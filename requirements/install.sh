#!/bin/sh
# Makes .venv: Python 3.13, the hashed requirements, and this project in editable form.
#
#   requirements/install.sh [local|dev]   local: what `make run` needs; dev: that, the tests and the linters
#   requirements/install.sh --which       only print what the environment would be made with
#
# Run again it changes nothing and takes a moment. Exit codes: 2 no fitting Python, 75 the registry failed.
set -euf
root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
venv=.venv
installed=$venv/installed # what was installed and by whom, written last: without it .venv is half made

say() { printf 'install: %s\n' "$1" >&2; }
fail() {
    say "$2"
    exit "$1"
}

# Does $1 run (a pyenv shim may not), is it a CPython of a minor version from $2 to $3, can it make environments
# (Debian splits that off), do the packages have wheels for it (none for free-threaded or unfinished versions)?
fits() {
    "$1" -I -c '
import ensurepip, sys, sysconfig, venv
least, most = (tuple(map(int, version.split("."))) for version in sys.argv[1:3])
sys.exit(not (
    sys.implementation.name == "cpython"
    and least <= tuple(sys.version_info[:2]) <= most
    and sys.version_info.releaselevel == "final"
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
))' "$2" "$3" </dev/null >/dev/null 2>&1
}

# Every executable called $2 on PATH, in order, each after the word $1.
on_path() (
    IFS=:
    for folder in $PATH; do
        if [ -f "${folder:=.}/$2" ] && [ -x "$folder/$2" ]; then echo "$1 $folder/$2"; fi
    done
)

# What the environment could be made with, best first.
candidates() {
    on_path exact python3.13
    # A shim fails where pyenv was told of another version, or is too old to know what "3.13" means.
    (set +f && printf 'exact %s\n' "${PYENV_ROOT:-${HOME:-/}/.pyenv}"/versions/3.13.*/bin/python3.13)
    on_path newer python3
    on_path newer python3.14
    on_path uv uv
    on_path pip python3
    on_path pip python
}

# Prints the first candidate that works as KIND PATH, or nothing.
choose() {
    candidates | while read -r kind path; do
        case $kind in
        exact) fits "$path" 3.13 3.13 || continue ;;
        newer) fits "$path" 3.13 3.14 || continue ;; # 3.14: the newest that all packages have wheels for
        uv) "$path" --version </dev/null >/dev/null 2>&1 || continue ;;
        pip) "$path" -m pip --version </dev/null >/dev/null 2>&1 || continue ;;
        esac
        echo "$kind $path"
        break
    done
}

missing='Python 3.13 is missing: there is no python3.13 or newer python3 (up to 3.14) that runs and has venv, nor uv, nor a pip to bring uv; install Python 3.13 with its venv module, or uv, then run this again'

# uv itself, at the version and hashes that requirements/dev.txt pins, by the pip of $1, into a folder that goes again.
bring_uv() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    sed -n '/^uv==/,/^    # via/p' requirements/dev.txt >"$scratch/uv.txt"
    PIP_ROOT_USER_ACTION=ignore "$1" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
        --require-hashes --target "$scratch/uv" -r "$scratch/uv.txt" >&2 ||
        fail 75 "the pip of $1 could not bring uv, which would bring Python 3.13; see above, then run this again"
    uv=$scratch/uv/bin/uv
}

make_environment() {
    if [ -e "$venv" ]; then say "$venv is not whole; making it anew"; fi
    rm -rf "$venv"
    choice=$(choose)
    path=${choice#* }
    case $choice in
    "") fail 2 "$missing" ;;
    "uv "*) uv=$path ;;
    "pip "*) bring_uv "$path" ;;
    *)
        say "making $venv with $path"
        "$path" -m venv "$venv" || fail 2 "$path could not make $venv; see above"
        return
        ;;
    esac
    say "making $venv with the CPython 3.13 that uv manages"
    problem=$("$uv" venv --quiet --seed --python 3.13 "$venv" 2>&1) ||
        fail 2 "Python 3.13 is missing and uv could not bring it ($(echo "$problem" | head -n 1)); install Python 3.13 with its venv module, then run this again"
}

# Arguments are those that pip and uv share.
packages() {
    if [ -z "${uv:-}" ]; then uv=$(command -v uv || command -v "$venv/bin/uv") || uv=''; fi # several times faster than pip
    if [ -n "$uv" ]; then
        if "$uv" pip install --quiet --python "$venv/bin/python" "$@"; then return; fi
        say "uv failed; trying pip" # which may be told of another registry
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile "$@"
}

# The interpreter still runs and is the same, and the folder was not moved (scripts in it hold its path).
is_whole() { [ -f "$installed/by" ] && [ "$(identity)" = "$(cat "$installed/by")" ]; }
identity() {
    "$venv/bin/python" -V 2>/dev/null || :
    echo "$root"
}
has() { cmp -s "$1" "$installed/${1#requirements/}"; }
holds() (set +f && ls "$venv"/lib/python3.*/site-packages)

install() {
    is_whole || make_environment
    if ! has "requirements/$1.txt"; then
        before=$(holds)
        if [ -d "$installed" ]; then mv "$installed" "$installed.old"; fi
        say "installing the $(grep -c '==' "requirements/$1.txt") packages of requirements/$1.txt"
        if ! packages --only-binary :all: --no-deps --require-hashes -r "requirements/$1.txt"; then
            # Most often the network: then nothing was touched, and what was whole stays whole.
            if [ "$before" = "$(holds)" ] && [ -d "$installed.old" ]; then mv "$installed.old" "$installed"; fi
            fail 75 "requirements/$1.txt could not be installed: see above, then run this again"
        fi
        # Half of what a short task costs. Python would do it on the first import, but not where PYTHONDONTWRITEBYTECODE is
        # set. Packages hold templates that are no Python, so its exit code says nothing.
        "$venv/bin/python" -m compileall -q -j 0 "$venv"/lib/python3.*/site-packages >/dev/null 2>&1 || :
        rm -rf "$installed.old"
        mkdir "$installed"
        cp requirements/local.txt "$installed/" # dev holds all of local
        cp "requirements/$1.txt" "$installed/"
        identity >"$installed/by"
    fi
    if ! has pyproject.toml; then
        packages --no-deps --no-build-isolation -e . || fail 75 "the project itself could not be installed: see above, then run this again"
        cp pyproject.toml "$installed/"
    fi
}

case ${1:-local} in
--which)
    choice=$(choose)
    path=${choice#* }
    case $choice in
    "") fail 2 "$missing" ;;
    "uv "*) echo "CPython 3.13, managed by $path" ;;
    "pip "*) echo "CPython 3.13, managed by uv, brought by the pip of $path" ;;
    *) echo "$path" ;;
    esac
    ;;
local | dev) install "${1:-local}" ;;
*) fail 2 "nothing is called \"$1\" here: give \"local\", \"dev\" or \"--which\"" ;;
esac
