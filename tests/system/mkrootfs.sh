#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# usage: mkrootfs.sh OUT GUEST_CACHE FILE...
# Root file system of the root Linux from the unpacked Debian parts and what was built; same input, same bytes.
set -euo pipefail

out=$1 cache=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/pack.sh"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
kver=$(cat "$cache/kver")

mkdir -p "$root"/{bin,lib/modules,lib/firmware,usr/local/sbin,usr/local/bin,configs,inmates,dev}
install -m 755 "$here/rootfs/init" "$root/init"
install -m 755 "$cache/busybox" "$root/bin/busybox"
for module in drivers/virtio/virtio_mmio drivers/char/virtio_console drivers/uio/uio; do
	install -m 644 "$cache/modules/$kver/kernel/$module.ko" "$root/lib/modules/"
done

for terminal in d/dumb l/linux s/screen t/tmux v/vt100 v/vt220 x/xterm x/xterm-256color; do
	install -D -m 644 "/lib/terminfo/$terminal" "$root/lib/terminfo/$terminal"
done

for file; do
	case $file in
	*/jailhouse.bin)	install -m 644 "$file" "$root/lib/firmware/" ;;
	*.ko)			install -m 644 "$file" "$root/lib/modules/" ;;
	*/configs/*.cell)	install -D -m 644 "$file" "$root/configs/${file#*/configs/}" ;;
	*/inmates/*.bin)	install -m 644 "$file" "$root/inmates/" ;;
	*/tools/arm64/jailhouse) install -m 755 "$file" "$root/usr/local/sbin/" ;;
	*/jailhouse-cell-stats)	install -D -m 755 -t "$root/usr/local/libexec/jailhouse" "$file" ;;
	*/arm64/*)		install -m 755 "$file" "$root/usr/local/bin/" ;;
	*)			echo "mkrootfs: error: no place for $file" >&2; exit 1 ;;
	esac
done

pack "$root" "$out"
