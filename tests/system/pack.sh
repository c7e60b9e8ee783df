# SPDX-License-Identifier: BSD-2-Clause
# pack DIR OUT: a compressed root file system; the same input gives the same bytes.
pack() {
	local out=$2
	case $out in /*) ;; *) out=$PWD/$out ;; esac
	find "$1" -exec touch -h -d @0 {} +
	mkdir -p "$(dirname "$out")"
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --quiet --reproducible --null -o -H newc --owner=+0:+0) | gzip -n -"${3:-6}" >"$out.new"
	mv "$out.new" "$out"
}
