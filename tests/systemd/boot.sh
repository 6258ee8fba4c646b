#!/bin/sh
# A systemd of its own for the tests: `boot.sh PLACE CHECKOUT VENV PYTHON CONSOLE`, as root, for as long as stdin is open.
# PLACE has etc/ and lib/, which become /etc and /var/lib/private/bugspark-reconciler there, and units/.
#
# Nothing of the machine can be reached by what runs in there: its root is read-only, /dev, /run, /tmp, /var/tmp are
# others (no systemd-tmpfiles may ever clean the machine's own), and there are no units but those in PLACE/units.
set -eu
if [ "${1:-}" != --alone ]; then
    exec unshare --mount --propagation private sh "$0" --alone "$@"
fi
shift
place=$1

mkdir "$place/cgroup"
mount -t cgroup2 none "$place/cgroup"
ours=$place/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/reconciler-test-$$
mkdir "$ours"
unshare --mount --propagation private --pid --fork --kill-child --uts --ipc \
    sh "$(dirname "$0")/init.sh" "$@" "$ours" </dev/null &
machine=$!
trap : HUP INT TERM
cat >/dev/null # until the test is over, however it ended
echo 1 >"$ours/cgroup.kill" || kill -KILL "$machine" || :
wait "$machine" 2>/dev/null || :
find "$ours" -depth -type d -exec rmdir {} + || :
