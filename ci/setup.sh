#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes this machine ready to build and test, then says nothing on later runs.
#
#  1. installs the Debian packages of ci/packages.txt that are missing (needs root, only then);
#  2. fetches Debian's arm64 kernel, its headers, a static busybox, GRUB and ncurses into a cache and unpacks them there.
#     Nothing of them is installed: apt works on private lists, so no foreign architecture is added here.
#
# Cache: ${BULKHEAD_CACHE:-/var/cache/bulkhead}
#   arm64/Image             kernel as QEMU boots it
#   arm64/modules/<kver>/   its modules
#   arm64/headers           KDIR for out-of-tree modules (cross-built on amd64)
#   arm64/busybox           static
#   arm64/kver              kernel release
#   arm64/pinned            package=version of what was resolved; kept over later runs
#   loaders/grubaa64.efi    Debian's GRUB for arm64, as an EFI program
#   ncurses/                headers and static libraries for arm64 programs
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BULKHEAD_CACHE:-/var/cache/bulkhead}
layout=1	# count up when the cache's content changes: an older cache is then made anew
tries=4

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

# retry COMMAND...: mirrors in the middle of a synchronisation recover within a minute or so
retry() {
	local n
	for ((n = 1; n <= tries; n++)); do
		"$@" && return 0
		((n == tries)) || { say "attempt $n of $tries failed, trying again in $((n * 10)) s"; sleep $((n * 10)); }
	done
	return 1
}

check_host() {
	local id=unknown version=unknown
	if [ -r /etc/os-release ]; then
		id=$(. /etc/os-release; echo "${ID:-unknown}")
		version=$(. /etc/os-release; echo "${VERSION_ID:-unknown}")
	fi
	[ "$id" = debian ] && [ "$version" = 12 ] ||
		die "this is $id $version; only Debian 12 is supported (a container of it will do)"
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		die "this machine is $(dpkg --print-architecture); only amd64 is supported"
}

wanted_packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's/[[:space:]]//g' "$here/packages.txt"; }

missing_packages() {
	comm -23 <(wanted_packages | sort -u) \
		<(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u)
}

install_packages() {
	local missing
	missing=$(missing_packages | xargs)
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "not root, and these packages are missing: $missing; run as root: ci/setup.sh"
	say "installing $(wc -w <<<"$missing") Debian packages: $missing"
	retry apt-get -q -o Acquire::Retries=3 update >"$log" 2>&1 || {
		say "apt-get update did not fully succeed, going on:"
		grep -E '^(E|W):' "$log" | head -n 5 || true
	}
	# shellcheck disable=SC2086
	retry apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends $missing >"$log" 2>&1 || {
		tail -n 15 "$log" >&2
		die "apt-get could not install: $missing; is the network there? (whole log above)"
	}
}

# apt on private lists that know amd64 and arm64, whatever this machine's own lists know
private_apt() {
	local tool=$1
	shift
	"$tool" -q -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 \
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::State::status=/dev/null \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User=root "$@"
}

# versions_of PACKAGE[:arch]: newest first
versions_of() { private_apt apt-cache madison "$1" 2>/dev/null | awk -F'|' '{ gsub(/ /, "", $2) } !seen[$2]++ { print $2 }'; }

has_version() { versions_of "$1" | grep -qxF -- "$2"; }

# Newest kernel whose image and headers are both there in one version: a mirror may have one before the other.
resolve_kernel() {
	local abi image version kbuild
	for abi in $(private_apt apt-cache pkgnames linux-image-6.1.0- |
			sed -nE 's/^linux-image-(6\.1\.0-[0-9]+)-arm64(-unsigned)?$/\1/p' | sort -Vru); do
		for image in "linux-image-$abi-arm64" "linux-image-$abi-arm64-unsigned"; do
			for version in $(versions_of "$image:arm64"); do
				has_version "linux-headers-$abi-arm64:arm64" "$version" || continue
				has_version "linux-headers-$abi-common" "$version" || continue
				kbuild=$version
				has_version linux-kbuild-6.1:amd64 "$kbuild" ||
					kbuild=$(versions_of linux-kbuild-6.1:amd64 | head -n 1)
				[ -n "$kbuild" ] || continue
				printf '%s\n' "$image:arm64=$version" "linux-headers-$abi-arm64:arm64=$version" \
					"linux-headers-$abi-common=$version" "linux-kbuild-6.1:amd64=$kbuild"
				return 0
			done
		done
	done
	return 1
}

resolve() {
	local busybox
	resolve_kernel || return 1
	busybox=$(versions_of busybox-static:arm64 | head -n 1)
	[ -n "$busybox" ] || return 1
	echo "busybox-static:arm64=$busybox"
}

pinned_still_there() {
	local line
	[ -s "$cache/arm64/pinned" ] || return 1
	while read -r line; do
		has_version "${line%%=*}" "${line#*=}" || return 1
	done <"$cache/arm64/pinned"
}

update_and_resolve() {
	# a failed index is no reason to stop as long as what is needed resolves
	private_apt apt-get update >"$log" 2>&1 || true
	if pinned_still_there; then
		cp "$cache/arm64/pinned" "$work/pinned"
	else
		resolve >"$work/pinned"
	fi
}

download() {
	local line
	while read -r line; do
		say "fetching $line"
		(cd "$work/debs" && private_apt apt-get download "$line" >"$log" 2>&1) || return 1
	done <"$work/pinned"
}

# Debian's header packages name each other by absolute paths below /usr/src; here they are unpacked elsewhere.
relocate_headers() {
	local root=$1 kver=$2 common=$3 file
	local headers=$root/usr/src/linux-headers-$kver
	for file in "$headers/Makefile" "$headers/.kernelvariables"; do
		[ ! -f "$file" ] || sed -i "s,/usr/src/$common,\$(dir \$(lastword \$(MAKEFILE_LIST)))../$common,g" "$file"
	done
	find "$headers" "$root/usr/src/$common" -type l -lname '/usr/*' | while read -r file; do
		ln -sfnr "$root$(readlink "$file")" "$file"
	done
	! grep -rqsF "/usr/src/" "$headers/Makefile" || die "cannot relocate $headers/Makefile: unknown form"
}

unpack() {
	local new=$work/arm64 root=$work/arm64/root deb kver image
	mkdir -p "$root"
	for deb in "$work"/debs/*.deb; do
		say "unpacking $(basename "$deb")"
		dpkg-deb -x "$deb" "$root"
	done
	kver=$(basename "$root"/usr/src/linux-headers-*-arm64)
	kver=${kver#linux-headers-}
	image=$root/boot/vmlinuz-$kver
	[ -f "$image" ] || die "the kernel package has no /boot/vmlinuz-$kver"
	if gzip -t "$image" 2>/dev/null; then gzip -dc "$image" >"$new/Image"; else mv "$image" "$new/Image"; fi
	[ "$(od -An -c -j 56 -N 4 "$new/Image" | tr -d ' ')" = "ARMd" ] || die "$image is no arm64 kernel image"
	mkdir "$new/modules"
	mv "$root"/lib/modules/"$kver" "$new/modules/"
	mv "$root/bin/busybox" "$new/busybox"
	relocate_headers "$root" "$kver" "linux-headers-${kver%-arm64}-common"
	ln -s "root/usr/src/linux-headers-$kver" "$new/headers"
	echo "$kver" >"$new/kver"
	cp "$work/pinned" "$new/pinned"
	rm -rf "$root/boot" "$root/lib" "$root/usr/share"
}

fetch_guest() {
	mkdir -p "$work"/{lists/partial,cache/archives/partial,debs}
	say "looking up Debian's arm64 kernel and busybox (private package lists)"
	retry update_and_resolve || {
		grep -E '^(E|W|Err)' "$log" | head -n 5 >&2 || true
		die "cannot find a complete arm64 kernel 6.1 (image and headers of one version) and busybox-static; is the network there?"
	}
	retry download || {
		grep -E '^(E|W|Err)' "$log" | head -n 5 >&2 || true
		die "cannot download; is the network there?"
	}
	unpack
	rm -rf "$cache/arm64"
	mv "$work/arm64" "$cache/arm64"
}

download_newest() {
	local version
	private_apt apt-get update >"$log" 2>&1 || true
	version=$(versions_of "$1:arm64" | head -n 1)
	[ -n "$version" ] || return 1
	say "fetching $1:arm64=$version"
	(cd "$2" && private_apt apt-get download "$1:arm64=$version" >"$log" 2>&1)
}

# fetch_package PACKAGE: into $work/PACKAGE; of what amd64 has no package for arm64
fetch_package() {
	mkdir -p "$work"/{lists/partial,cache/archives/partial} "$work/debs-$1"
	retry download_newest "$1" "$work/debs-$1" || {
		grep -E '^(E|W|Err)' "$log" | head -n 5 >&2 || true
		die "cannot download $1; is the network there?"
	}
	dpkg-deb -x "$work/debs-$1"/*.deb "$work/$1"
}

fetch_grub() {
	fetch_package grub-efi-arm64-bin
	mkdir -p "$cache/loaders"
	mv "$work/grub-efi-arm64-bin/usr/lib/grub/arm64-efi/monolithic/grubaa64.efi" "$cache/loaders/"
}

fetch_ncurses() {
	fetch_package libncurses-dev
	rm -rf "$cache/ncurses"
	mkdir "$cache/ncurses"
	mv "$work/libncurses-dev/usr/include" "$cache/ncurses/"
	mv "$work/libncurses-dev/usr/lib/aarch64-linux-gnu" "$cache/ncurses/lib"
}

check_host
stamp=$cache/.stamp
wanted="$(wanted_packages | sha256sum | cut -d' ' -f1) layout $layout"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -s "$cache/arm64/Image" ] &&
	[ -e "$cache/arm64/headers/Makefile" ] && [ -s "$cache/loaders/grubaa64.efi" ] &&
	[ -s "$cache/ncurses/lib/libncurses.a" ] && exit 0

mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
	die "cannot write $cache: run as root, or set BULKHEAD_CACHE to a directory of yours"
exec 9>"$cache/.lock"
flock 9		# two runs at once: the second finds everything done
work=$(mktemp -d "$cache/.setup.XXXXXX")
log=$work/log
trap 'rm -rf "$work"' EXIT

install_packages
if [ "$(cat "$cache/arm64/.layout" 2>/dev/null)" != "$layout" ]; then
	fetch_guest
	echo "$layout" >"$cache/arm64/.layout"
fi
[ -s "$cache/loaders/grubaa64.efi" ] || fetch_grub
[ -s "$cache/ncurses/lib/libncurses.a" ] || fetch_ncurses
echo "$wanted" >"$stamp"
say "ready: kernel $(cat "$cache/arm64/kver") in $cache"
