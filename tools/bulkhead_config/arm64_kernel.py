# SPDX-License-Identifier: BSD-2-Clause
"""Images of arm64 kernels (Documentation/arch/arm64/booting.rst), and what the loader inmate needs."""
import struct
import zlib
from dataclasses import dataclass

HEADER_SIZE = 64
MAGIC_AT, MAGIC = 56, b"ARM\x64"
ALIGNMENT = 2 << 20		# of the place from which the text offset counts
GZIP = b"\x1f\x8b"
LARGEST = 1 << 30		# that a compressed image may become

LOADER_SIZE = 0x2000		# linux-loader.bin, and from PARAMETERS on what it is told
PARAMETERS = 0x1000


@dataclass(frozen=True)
class Header:
    text_offset: int		# bytes
    size: int			# bytes in memory, with what is behind the file


class KernelError(Exception):
    """The text says why and what to use instead."""


def header(content):
    """None: no such image, or one from before Linux 3.17, which says nothing about its size."""
    if len(content) < HEADER_SIZE or content[MAGIC_AT:MAGIC_AT + 4] != MAGIC:
        return None
    found = Header(*struct.unpack_from("<QQ", content, 8))
    return found if found.size >= len(content) else None


def unpacked(content):
    """An image as it is, or what a gzip file has in it."""
    if not content.startswith(GZIP):
        return content
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        result = stream.decompress(content, LARGEST)
    except zlib.error as error:
        raise KernelError(f"is a damaged gzip file ({error}); copy it again") from None
    if not stream.eof:
        raise KernelError(f"is a gzip file that is cut off, or becomes more than {LARGEST >> 20} MiB; copy it again")
    return result
