#!/bin/sh
# A systemd of its own for the tests: `boot.sh PLACE CHECKOUT VENV PYTHON CONSOLE`, as root, for as long as stdin is open.
# PLACE has etc/ and lib/, which become /etc and /var/lib/private/bugspark-reconciler there, and units/.
#
# Nothing of the machine can be reached by what runs in there: its root is read-only, /dev, /run, /tmp, /var/tmp are
# others (no systemd-tmpfiles may ever clean the machine's own), and there are no units but those in PLACE/units.
set -eu
if [ "${1:-}" != --alone ]; then
    # In a chroot no user namespace can be made, and its root need not be a mount point. Entering a mount namespace leads
    # to its real root, while the working directory stays: the chroot is mounted over that root.
    exec unshare --mount --propagation unchanged nsenter --mount=/proc/self/ns/mnt --wd=/ sh -euc '
        mount --make-rprivate /
        root=$(pwd -P)
        if [ "$root" != / ]; then
            mount --rbind "$root" "$root"
            cd "$root"
            mount --move . /
        fi
        exec chroot . sh "$@"' sh "$0" --alone "$@"
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
