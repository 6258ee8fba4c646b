#!/bin/sh
# `make prove-image`: the image of Containerfile is built on a new Debian and run: migrate, the daemon as its own user on a
# read-only root, /readyz, SIGTERM. Takes root, Debian, buildah (installed where it is missing) and 2 GB in TMPDIR.
#
# No registry is asked: the base is Debian's minbase with python3-venv, made by debootstrap. buildah's chroot isolation
# works inside other containers too.
set -eu
checkout=$(cd "$(dirname "$0")/../.." && pwd)
say() { echo "image: $*"; }

[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { say "takes root on Debian" >&2; exit 1; }
missing=$(for tool in buildah debootstrap; do command -v $tool >/dev/null || echo $tool; done)
if [ -n "$missing" ]; then
    say "installing" $missing
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $missing >/dev/null
fi

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sed -n "s/^$codename //p" | head -n 1)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/image.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT TERM
# Images and containers of this proof only, removed with the directory.
build="buildah --root $work/storage --runroot $work/run --storage-driver vfs"

say "making Debian $codename (about a minute)"
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$codename" "$work/base" "$mirror" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; exit 1; }
base=$($build from scratch)
$build copy --quiet "$base" "$work/base" / >/dev/null
$build commit --quiet "$base" localhost/base >/dev/null
$build rm "$base" >/dev/null
rm -rf --one-file-system "$work/base"

# How this machine reaches Python's packages: pip's configuration and the files it names, for the build only.
python=$checkout/.venv/bin/python # it has pip, which Debian's python3 need not have
[ -x "$python" ] || python=python3
volumes=$(
    {
        "$python" -m pip config debug | tr "'" '\n' | sed -n -e 's/^  *\(\/.*\), exists: True$/\1/p' -e 's/^ .*: \(\/.*\)$/\1/p'
        for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE; do eval "echo \"\${$name:-}\""; done
    } | sort -u | while read -r file; do [ ! -f "$file" ] || printf ' --volume %s:%s:ro' "$file" "$file"; done
)
git -c safe.directory='*' -C "$checkout" archive --prefix=source/ HEAD | tar -x -C "$work"
say "building $(git -c safe.directory='*' -C "$checkout" log -1 --format='%h, %s')"
variables=
for name in $(env | sed -n 's/^\(PIP_[A-Z_]*\|SSL_CERT_[A-Z]*\|[A-Z]*_CA_[A-Z]*\|[A-Za-z]*_[Pp][Rr][Oo][Xx][Yy]\)=.*/\1/p'); do
    eval "variables=\"\$variables --env $name=\${$name}\""
done
began=$(date +%s)
$build build --quiet --isolation chroot --build-arg BASE=localhost/base $volumes $variables \
    --tag localhost/bugspark-reconciler --file Containerfile "$work/source" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
say "built in $(($(date +%s) - began)) s"

run() { # words: run in a new container of the image, with the database's directory mounted
    $build run --isolation chroot --user 10001:10001 --volume "$work/data:/var/lib/bugspark-reconciler" \
        --env PORT=18787 --env RECONCILER_DATABASE__URL=sqlite:///bugspark.db "$container" -- "$@"
}
container=$($build from localhost/bugspark-reconciler)
mkdir "$work/data" && chown 10001:10001 "$work/data"
entrypoint='export RECONCILER_WEB__PORT="${RECONCILER_WEB__PORT:-${PORT:-8787}}"; exec reconcile "$@"'
$build inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.StopSignal}}
' localhost/bugspark-reconciler
run /bin/sh -c "$entrypoint" reconcile --version
run /bin/sh -c "$entrypoint" reconcile migrate
run /bin/sh -c "$entrypoint" reconcile migrate --role-sql | grep -q 'GRANT USAGE' || { say "no role file in the image" >&2; exit 1; }
run /bin/sh -c "$entrypoint" reconcile daemon >"$work/daemon.log" 2>&1 &
running=$!
until python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:18787/readyz")' 2>/dev/null; do
    kill -0 $running 2>/dev/null || { cat "$work/daemon.log" >&2; exit 1; }
    sleep 1
done
say "ready"
daemon=$(pgrep -u 10001 -f '/bin/reconcile daemon$')
began=$(date +%s)
kill -TERM $daemon
wait $running || { say "the daemon ended with status $?" >&2; cat "$work/daemon.log" >&2; exit 1; }
say "ended $(($(date +%s) - began)) s after SIGTERM, with status 0"
run /bin/sh -c '! touch /opt/reconciler/written 2>/dev/null' || { say "the program's own files can be written" >&2; exit 1; }
say "green"
