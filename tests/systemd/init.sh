#!/bin/sh
# The first process of the namespaces that boot.sh made: the file systems, then systemd in its place.
set -eu
place=$1 checkout=$2 venv=$3 python=$4 console=$5 cgroup=$6

echo 0 >"$cgroup/cgroup.procs"
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys

# Collected below PLACE first: what follows hides where it all comes from.
new=$place/new
mkdir "$new"
mount -t tmpfs -o mode=755 tmpfs "$new"
for each in opt etc lib log units; do mkdir "$new/$each"; done
mkdir "$new/opt/checkout" "$new/opt/python" "$new/opt/reconciler"
cp -R "$place/opt/." "$new/opt/reconciler"
readable() {
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}
readable "$checkout" "$new/opt/checkout"
readable "$python" "$new/opt/python"
readable "$venv/lib" "$new/opt/reconciler/lib"
: >"$new/console"
mount --bind "$console" "$new/console"
for each in etc lib log units; do mount --bind "$place/$each" "$new/$each"; done

mount -o remount,bind,ro /
mount -o remount,bind,ro /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/new
mount --move "$new" /run/new
for each in /tmp /var/tmp /home /root; do mount -t tmpfs -o mode=1777 tmpfs "$each"; done
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p -m 700 /var/lib/private
mkdir /var/lib/private/bugspark-reconciler
mount --move /run/new/lib /var/lib/private/bugspark-reconciler
mount --rbind /run/new/opt /opt
mount --move /run/new/etc /etc
mount --move /run/new/log /var/log
mount --move /run/new/units /usr/lib/systemd/system
for each in /usr/lib/systemd/system-generators /usr/lib/systemd/system-environment-generators; do
    mount -t tmpfs tmpfs "$each"
done

mount -t tmpfs -o mode=755 tmpfs /dev
for each in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0' 'ptmx 5 2'; do
    set -- $each
    mknod -m 666 "/dev/$1" c "$2" "$3"
done
mkdir /dev/shm
: >/dev/console
mount --move /run/new/console /dev/console
# Among themselves again, as systemd makes them outside a container: credentials reach a service that way.
mount --make-rshared /

exec env -i container=reconciler-test PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare --cgroup sh -c \
    'mount -t cgroup2 none /sys/fs/cgroup && exec /lib/systemd/systemd --system --unit=reconciler-test.target \
        --log-target=console --show-status=no'
