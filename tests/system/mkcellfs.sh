#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# usage: mkcellfs.sh INITRD ROOTFS_MORE GUEST_CACHE PROGRAM MODULE FILE...
# INITRD: root file system of a Linux in a cell. ROOTFS_MORE: what the root Linux needs to start it, in /linux, to be
# put behind its own root file system: the kernel, INITRD, and FILEs. Same input, same bytes.
set -euo pipefail

initrd=$1 more=$2 cache=$3 program=$4 module=$5
shift 5
here=$(cd "$(dirname "$0")" && pwd)
. "$here/pack.sh"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/cell/{bin,dev,proc,sys,lib/modules,usr/local/bin} "$root/root/linux"
install -m 755 "$here/rootfs/cell-init" "$root/cell/init"
install -m 755 "$cache/busybox" "$root/cell/bin/busybox"
for applet in cat insmod ls mount sed sh sleep tr; do		# all of busybox takes half a minute to install in an emulator
	ln -s busybox "$root/cell/bin/$applet"
done
install -m 755 "$program" "$root/cell/usr/local/bin/"
install -m 644 "$cache/modules/$(cat "$cache/kver")/kernel/drivers/uio/uio.ko" "$module" "$root/cell/lib/modules/"
pack "$root/cell" "$initrd"
install -m 644 "$cache/Image" "$initrd" "$@" "$root/root/linux/"
pack "$root/root" "$more" 1
