# shellcheck shell=sh
# Packages of the system: which are missing, and installing them by apt-get, dnf or pacman. ./run reads this file.
#
# Which package brings a command stands in host_packages.json, a command a line, where the program reads it, too.

NEEDED="ip tc ss nft iptables unshare nsenter setpriv flock prometheus"
# Tests that miss one of these are skipped, counted and named; all else runs without.
NEEDED_BY_TESTS="chromium chromedriver stress-ng curl mmdebstrap"
package_names="$here/chaosproof/targets/host_packages.json"

package_manager() {
    for manager in apt-get dnf pacman; do
        if have "$manager"; then printf '%s\n' "$manager"; return; fi
    done
}

# missing_commands COMMAND... - those that are not there
missing_commands() {
    for tool in "$@"; do
        have "$tool" || printf '%s ' "$tool"
    done
}

# packages_of MANAGER COMMAND... - the packages that bring them; a|b is the first of the two that the system has
packages_of() {
    manager=$1
    shift
    for tool in "$@"; do
        sed -n "s/^ *\"$tool\": .*\"$manager\": \"\([^\"]*\)\".*/\1/p" "$package_names"
    done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# install_command MANAGER - what a person types before the packages
install_command() {
    case $1 in
        apt-get) echo "apt-get install --no-install-recommends" ;;
        dnf) echo "dnf install" ;;
        pacman) echo "pacman -S --needed" ;;
    esac
}

# become_root: sets as_root to what comes before a command of root; fails where nothing does
become_root() {
    as_root=
    [ "$(id -u)" -ne 0 ] || return 0
    as_root="sudo -n"
    have sudo && sudo -n true 2>/dev/null
}

install_packages() {
    # shellcheck disable=SC2086
    missing=$([ -n "${PYTHON-}" ] || missing_commands python3; missing_commands $NEEDED)
    [ -n "$missing" ] || return 0
    manager=$(package_manager)
    # shellcheck disable=SC2086
    packages=$(packages_of "${manager:-apt-get}" $missing)
    if [ -z "$manager" ]; then
        say "these commands are missing: ${missing% }"
        [ ! -e /etc/NIXOS ] || die "start ./run in: nix-shell -p python3 iproute2 nftables iptables util-linux prometheus"
        die "there is no apt-get, dnf or pacman to install them; install what Debian calls: $packages"
    fi
    become_root || {
        say "these packages are missing and only root can install them: $packages"
        die "ask for: sudo $(install_command "$manager") $packages"
    }
    add_packages "$manager" "$as_root" "$packages" || die "$manager could not install: $packages (see above)."
}

# install_packages_of_tests: as root only, and no reason to end
install_packages_of_tests() {
    # shellcheck disable=SC2086
    missing=$(missing_commands $NEEDED_BY_TESTS)
    manager=$(package_manager)
    if [ -n "$missing" ] && [ "$(id -u)" -eq 0 ] && [ -n "$manager" ]; then
        # shellcheck disable=SC2086
        packages=$(packages_of "$manager" $missing)
        add_packages "$manager" "" "$packages" || say "$manager could not install: $packages"
    fi
    # shellcheck disable=SC2086
    missing=$(missing_commands $NEEDED_BY_TESTS)
    [ -z "$missing" ] || say "tests that need these will be skipped and named: ${missing% }"
}

# add_packages MANAGER AS_ROOT PACKAGES - a program that a package starts must not hold the lock of this set-up
add_packages() {
    say "installing $3"
    # shellcheck disable=SC2086
    case $1 in
        apt-get) add_by_apt "$2" $3 ;;
        dnf) add_by_dnf "$2" $3 ;;
        pacman) add_by_pacman "$2" $3 ;;
    esac 9<&-
}

add_by_apt() {
    as_root=$1
    shift
    # A set-up that was interrupted here has left dpkg half-way, and apt-get installs nothing until that is done.
    if [ -n "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ]; then
        quietly debian "$as_root" dpkg --configure -a || return 1
    fi
    debian "$as_root" apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed; trying with the lists there are"
    quietly debian "$as_root" apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "$@"
}

# debian AS_ROOT COMMAND... - without questions, and without the server that the Prometheus package would start: a lab
# starts its own. By env, as sudo keeps no variables.
debian() {
    as_root=$1
    shift
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@"
}

# Fedora and its relatives have Prometheus by more than one name.
add_by_dnf() {
    as_root=$1
    shift
    for names in "$@"; do
        for name in $(printf %s "$names" | tr '|' ' '); do
            if [ "$name" = "$names" ] || dnf -q info "$name" >/dev/null 2>&1; then break; fi
        done
        set -- "$@" "$name"
        shift
    done
    # shellcheck disable=SC2086
    quietly $as_root dnf install -y -q --setopt=install_weak_deps=False "$@"
}

add_by_pacman() {
    as_root=$1
    shift
    # shellcheck disable=SC2086
    quietly $as_root pacman -S --needed --noconfirm "$@" && return 0
    say "where its lists are old, pacman -Syu brings new ones"
    return 1
}
