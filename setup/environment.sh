# shellcheck shell=sh
# The virtual environment: making it, filling it, and mending one that was left half-way. ./run reads this file.
#
# What is in it is listed in setup/*.lock, every file held to its hash (setup/lock writes these lists). uv installs it
# where uv is on PATH or the index has it; else pip does.
#
#   .chaosproof-made         ./run made this environment, so ./run may throw it away
#   .chaosproof-unfinished   what it should hold is not all there: one that ./run made is made anew
#   .chaosproof[-NAME]       what is there, as a stamp of the files that said so

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON-}" ]; then
        fits "$PYTHON" || die "PYTHON=$PYTHON is no Python from 3.11 to 3.14."
        printf '%s\n' "$PYTHON"
        return
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if have "$python" && fits "$python"; then
            printf '%s\n' "$python"
            return
        fi
    done
    have python3 || die "there is no python3; install one from 3.11 to 3.14."
    die "no Python from 3.11 to 3.14 was found ($(python3 -V 2>&1)); install one beside it, or name one: PYTHON=... ./run"
}

# quietly COMMAND... - what it prints is shown only when it fails: warnings of a package index, or of a newer version of
# the installer, are nothing that a user of this project could act on
quietly() {
    printed=$(mktemp) || exit 2
    if "$@" >"$printed" 2>&1; then code=0; else code=$?; fi
    [ "$code" -eq 0 ] || cat "$printed" >&2
    rm -f "$printed"
    return "$code"
}

# --- one at a time -----------------------------------------------------------------------------------------
# The lock is on the folder that the environment is in: that stays when the environment is made anew. What a set-up has
# begun holds it, too, so the next one waits also for an installer that outlived the ./run that started it.
lock() {
    mkdir -p "$(dirname -- "$venv")"
    exec 9<"$(dirname -- "$venv")"
    if ! have flock || flock -n 9; then return 0; fi
    say "waiting for another set-up of $venv to end"
    flock 9
}
unlock() { exec 9<&-; }

# --- the environment ---------------------------------------------------------------------------------------
python_of_venv="$venv/bin/python"

# Whether ./run may throw away what is there: it made that, or it is at the place where only ./run makes one.
is_ours() { [ -e "$venv/.chaosproof-made" ] || [ "$venv" = "$here/.venv" ] || [ -z "$(ls -A "$venv" 2>/dev/null)" ]; }

make_venv() {
    is_ours || die "$venv does not work with a Python from 3.11 to 3.14, and ./run did not make it: name another folder in CHAOSPROOF_VENV."
    say "making a virtual environment"
    python=$(find_python) || exit 2
    clear_venv
    if have uv; then
        quietly env UV_PYTHON_DOWNLOADS=never \
            uv venv --quiet --allow-existing --no-project --python "$(command -v "$python")" "$venv" && return 0
    fi
    if [ -z "$(pip_wheel "$python")" ]; then
        # Debian keeps what this needs in a package of its own.
        [ "$(package_manager)" = apt-get ] || die "$python cannot make a virtual environment: it lacks ensurepip."
        become_root && add_packages apt-get "$as_root" python3-venv || true
        [ -n "$(pip_wheel "$python")" ] \
            || die "$python cannot make a virtual environment; install it with: $(install_command apt-get) python3-venv"
    fi
    quietly "$python" -m venv --without-pip "$venv" || die "$python cannot make a virtual environment (see above)."
}

# pip_wheel PYTHON - the pip that Python brings; it runs as it lies there, and unpacking it took half of a set-up
pip_wheel() {
    "$1" -c '
import ensurepip, pathlib, sysconfig
places = [pathlib.Path(ensurepip.__file__).parent / "_bundled", sysconfig.get_config_var("WHEEL_PKG_DIR"), "/usr/share/python-wheels"]
print(*[wheel for place in places if place for wheel in pathlib.Path(place).glob("pip-*.whl")][:1])' 2>/dev/null || true
}

# clear_venv: what is interrupted here, too, is known as unfinished, as the marks stay
clear_venv() {
    mkdir -p "$venv"
    : >"$venv/.chaosproof-made"
    : >"$venv/.chaosproof-unfinished"
    find "$venv/" -mindepth 1 -maxdepth 1 ! -name .chaosproof-made ! -name .chaosproof-unfinished -exec rm -rf {} +
}

# need_venv: afterwards there is one whose Python fits, and in which pip or uv can install
need_venv() {
    if [ -e "$venv/.chaosproof-unfinished" ]; then
        say "an earlier set-up did not end: beginning anew"
        make_venv
    elif [ ! -x "$python_of_venv" ] || ! fits "$python_of_venv"; then
        make_venv
    fi
    find_uv
    if [ -z "$uv" ] && ! add_pip; then make_venv && add_pip; fi
}

# add_pip: afterwards the environment has pip, such as an older version of ./run left out when it was interrupted
add_pip() {
    "$python_of_venv" -m pip --version >/dev/null 2>&1 || "$python_of_venv" -m ensurepip >/dev/null 2>&1
}

# find_uv: sets uv to the command, or to nothing where pip has to do
find_uv() {
    uv=
    [ "${CHAOSPROOF_INSTALLER-}" != pip ] || return 0
    if have uv; then
        uv=uv
    elif [ -x "$venv/bin/uv" ] || fetch_uv; then
        uv="$venv/bin/uv"
    fi
}
fetch_uv() {
    wheel=$(pip_wheel "$python_of_venv")
    if [ -n "$wheel" ]; then set -- "$wheel/pip"; else set -- -m pip; fi
    by_pip "$@" install --quiet --retries 1 --require-hashes --only-binary :all: -r setup/uv.lock >/dev/null 2>&1
}

# by_pip PIP ARGUMENT... - PIP is how the Python of the environment finds it
by_pip() {
    PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore "$python_of_venv" "$@"
}

# by_uv ARGUMENT... - with what pip is told of where packages come from, as uv reads none of it. An index of one's own
# beside the public one may have an older version only; as every file is held to its hash, the best of all will do.
by_uv() (
    export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_INDEX_STRATEGY=unsafe-best-match
    own=${PIP_INDEX_URL:-$(pip_setting index-url)}
    [ -z "$own" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$own}"
    more=${PIP_EXTRA_INDEX_URL:-$(pip_setting extra-index-url)}
    [ -z "$more" ] || export UV_INDEX="${UV_INDEX:-$more}"
    cert=${PIP_CERT:-$(pip_setting cert)}
    [ -z "$cert" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$cert}"
    [ -z "${PIP_NO_INDEX-}" ] || export UV_NO_INDEX=1 UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS-}}"
    # what is built from source is built with what is locked, too
    exec "$uv" pip install --quiet --build-constraints setup/run.lock --python "$python_of_venv" "$@"
)

# pip_setting NAME - from the first of pip's own files that has it
pip_setting() {
    for file in "${PIP_CONFIG_FILE-}" "${XDG_CONFIG_HOME:-${HOME-}/.config}/pip/pip.conf" "${HOME-}/.pip/pip.conf" /etc/pip.conf; do
        if [ -f "$file" ] && sed -n "s/^ *$1 *[=:] *//p" "$file" | grep -m 1 .; then return 0; fi
    done
    return 0
}

# install_locked LOCK - what the list names, and this project itself
install_locked() {
    say "installing $1"
    # of an older checkout: it would be found beside what is installed now
    rm -rf "$here/chaosproof.egg-info"
    if [ -n "$uv" ]; then
        install_by_uv "$1" >/dev/null 2>&1 && return 0
        say "uv could not install it; trying with pip"
        add_pip || {
            install_by_uv "$1"
            return 1
        }
    fi
    quietly by_pip -m pip install --quiet --require-hashes -r "$1" \
        && quietly by_pip -m pip install --quiet --no-build-isolation --no-deps -e .
}
install_by_uv() {
    by_uv --require-hashes -r "$1" && by_uv --no-build-isolation --no-deps --reinstall-package chaosproof -e .
}

# --- what is there -----------------------------------------------------------------------------------------
# A stamp names what is installed and where: it changes with every file that says what to install.
stamp_of() { { cat "$@"; printf '%s' "$here"; } | cksum | tr ' ' '-'; }

# holds NAME LOCK - whether the environment holds what the list names
holds() { [ "$(cat "$venv/.chaosproof$1" 2>/dev/null)" = "$(stamp_of "$2" pyproject.toml setup/packages.sh)" ]; }

# ensure NAME LOCK STEP - install the list where it is not there, after STEP
ensure() {
    if holds "$1" "$2"; then return 0; fi
    lock
    # another set-up may have done it meanwhile
    if ! holds "$1" "$2"; then
        "$3"
        need_venv
        [ ! -e "$venv/.chaosproof-made" ] || : >"$venv/.chaosproof-unfinished"
        rm -f "$venv/.chaosproof$1"
        install_locked "$2" || die "$2 could not be installed (see above)."
        stamp_of "$2" pyproject.toml setup/packages.sh >"$venv/.chaosproof$1"
        rm -f "$venv/.chaosproof-unfinished"
    fi
    unlock
}
