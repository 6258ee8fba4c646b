#!/bin/sh
# `make prove-newcomer`: from `git clone` to green in a root file system that has nothing else, Debian's minbase with
# python3, python3-venv, make and git. Takes root, Debian, and 3 GB in TMPDIR (else /var/tmp), removed at the end; KEEP=1
# leaves it. What is committed is tried. ARGS, WITHOUT and WORKERS are those of `make test`.
#
# How this machine reaches Debian's and Python's packages is copied from its configuration: apt, pip, CA certificates,
# names, proxies.
set -eu
checkout=$(cd "$(dirname "$0")/../.." && pwd)
python=$checkout/.venv/bin/python # it has pip, which Debian's python3 need not have
[ -x "$python" ] || python=${PYTHON:-python3}

say() { echo "newcomer: $*"; }

# --- in namespaces of its own: all mounts and processes are gone when it ends -----------------------
if [ "${1:-}" = --inside ]; then
    root=$2
    shift 2
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    exec chroot "$root" env -i "$@" sh -eu -c '
        timed() {
            began=$(date +%s)
            echo "newcomer: $*"
            "$@"
            echo "newcomer: $*: $(($(date +%s) - began)) s" | tee -a /tmp/times
        }
        cd
        git clone --quiet --config advice.detachedHead=false /srv/reconciler.bundle reconciler
        cd reconciler
        timed make demo
        timed make test
        echo "newcomer: green"
        cat /tmp/times'
fi

# --- on the machine ---------------------------------------------------------------------------------
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { say "takes root on Debian" >&2; exit 1; }
if ! command -v debootstrap >/dev/null; then
    say "installing debootstrap"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends debootstrap >/dev/null
fi

# Files that the environment and pip's configuration name, and that configuration itself.
pip_files() {
    "$python" -m pip config debug | tr "'" '\n' | sed -n -e 's/^  *\(\/.*\), exists: True$/\1/p' -e 's/^ .*: \(\/.*\)$/\1/p'
    for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS; do
        eval "echo \"\${$name:-}\""
    done
}

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sed -n "s/^$codename //p" | head -n 1)
[ -n "$mirror" ] || { say "apt-get knows no mirror of $codename (apt-get update?)" >&2; exit 1; }

root=$(mktemp -d "${TMPDIR:-/var/tmp}/newcomer.XXXXXX")
chmod 755 "$root"
[ "${KEEP:-}" ] || trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 1' HUP INT TERM
say "making Debian $codename in $root (about a minute)"
debootstrap --variant=minbase --include=python3,python3-venv,make,git "$codename" "$root" "$mirror" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; exit 1; }
rm "$root.log"

cp -a /etc/apt /etc/hosts "$root/etc"
cp -L /etc/resolv.conf "$root/etc"
cp -a /usr/share/keyrings "$root/usr/share"
cp -a /usr/local/share/ca-certificates "$root/usr/local/share" 2>/dev/null || : # there are none
chroot "$root" update-ca-certificates >/dev/null 2>&1 || : # it came with git, or did not
pip_files | sort -u | while read -r file; do
    [ ! -f "$file" ] || { mkdir -p "$root${file%/*}" && cp -L "$file" "$root$file"; }
done
git -c safe.directory='*' -C "$checkout" bundle create --quiet "$root/srv/reconciler.bundle" HEAD
say "trying $(git -c safe.directory='*' -C "$checkout" log -1 --format='%h, %s')"

set -- PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$HOME" LANG=C.UTF-8
for name in $(env | sed -n 's/^\(PIP_[A-Z_]*\|SSL_CERT_[A-Z]*\|[A-Z_]*_CA_[A-Z]*\|[A-Za-z]*_[Pp][Rr][Oo][Xx][Yy]\|ARGS\|WITHOUT\|WORKERS\)=.*/\1/p'); do
    eval "set -- \"\$@\" \"$name=\${$name}\""
done
mkdir -p "$root$HOME"
unshare --mount --propagation private --pid --fork --kill-child sh "$0" --inside "$root" "$@"
