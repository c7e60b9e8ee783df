#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: ci/kconfig.sh ASKED HEADER [STORED]
#
# Completes the configuration ASKED with Kconfig's defaults into STORED, .config if it is not given, and writes it as the C header
# HEADER (booleans are 0 or 1, so that C code needs no #ifdef). The Kconfig tools drop values that they do
# not like without a word: what was asked is compared with what they stored.
set -euo pipefail

asked=$1 header=$2 final=${3:-.config}
[ -r "$asked" ] || { echo "kconfig: error: cannot read $asked" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A tristate-like "not set" is written as =n, so that both spellings compare.
normal() { sed -nE -e 's/^# (CONFIG_[A-Za-z0-9_]+) is not set$/\1=n/' -e '/^CONFIG_/p' "$1" | sort; }

cp "$asked" "$work/config"
KCONFIG_CONFIG=$work/config kconfig-conf --olddefconfig Kconfig >"$work/log" 2>&1 </dev/null || {
	cat "$work/log" >&2
	exit 1
}
normal "$asked" >"$work/asked"
normal "$work/config" >"$work/stored"

refused=0
while IFS='=' read -r name value; do
	stored=$(sed -n "s/^$name=//p" "$work/stored")
	[ "$stored" != "$value" ] || continue
	refused=1
	if [ -z "$stored" ]; then
		echo "kconfig: error: $asked: $name=$value: no such option; remove the line, or see 'make menuconfig'" >&2
	else
		range=$(sed -n "/^config ${name#CONFIG_}$/,/^config /s/^[[:space:]]*range //p" Kconfig)
		echo "kconfig: error: $asked: $name=$value was not accepted (Kconfig would use $stored);" \
			"${range:+choose a value in ${range/ /..}, }or see 'make menuconfig'" >&2
	fi
done <"$work/asked"
while IFS= read -r line; do
	case $line in
	''|'#'*|CONFIG_*=*) ;;
	*) echo "kconfig: error: $asked: not understood: $line" >&2; refused=1 ;;
	esac
done <"$asked"
[ "$refused" = 0 ] || exit 1

stack=$(sed -n 's/^CONFIG_STACK_SIZE=//p' "$work/stored")
((stack % 512 == 0)) || {
	echo "kconfig: error: $asked: CONFIG_STACK_SIZE=$stack: use a multiple of 512" >&2
	exit 1
}

cmp -s "$work/config" "$final" || cp "$work/config" "$final"
{
	echo "/* Made from .config; change that with 'make menuconfig'. */"
	echo "#ifndef BULKHEAD_GENERATED_CONFIG_H"
	echo "#define BULKHEAD_GENERATED_CONFIG_H"
	echo
	sed -E 's/^([A-Z0-9a-z_]+)=y$/#define \1 1/; s/^([A-Z0-9a-z_]+)=n$/#define \1 0/; s/^([A-Z0-9a-z_]+)=(.*)$/#define \1 \2/' \
		"$work/stored"
	echo
	echo "#endif"
} >"$work/header"
mkdir -p "$(dirname "$header")"
cmp -s "$work/header" "$header" || cp "$work/header" "$header"
