"""Stand-ins for libraries that skia is linked against, for systems that have no OpenGL.

skia-python wants libGL, libEGL and libexpat from the system; servers and slim images have
none of them. We draw on the CPU, so nothing of OpenGL is ever called. Expat reads the
configuration of the system's fonts: without it only fonts that we bring are found. But the
loader insists that each library exists and has each function. A stand-in has them, every
one answering 0, and lives in memory: nothing is installed, and nothing is written. A
library that the system does have is always preferred.

The form is that of the ELF-64 Object File Format and of the System V gABI, chapters 4 and 5.
The loader knows a library by its SONAME, so one that is loaded already satisfies skia.
"""

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

#: Each library, and how the names of its functions begin.
LIBRARIES = {"libGL.so.1": b"gl", "libEGL.so.1": b"egl", "libexpat.so.1": b"XML_"}
#: `return 0` by ELF machine number: x86-64 (xor eax, eax; ret) and AArch64 (mov x0, #0; ret).
RETURN_ZERO = {62: bytes.fromhex("31c0c3"), 183: bytes.fromhex("000080d2c0035fd6")}

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
ENTRY = struct.Struct("<qQ")

IDENTITY = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")  # 64 bits, little-endian, version 1.
ET_DYN, EV_CURRENT, SHT_DYNSYM, GLOBAL_FUNCTION = 3, 1, 11, 0x12
PT_LOAD, PT_DYNAMIC, PT_GNU_STACK = 1, 2, 0x6474E551
EXECUTE, WRITE, READ = 1, 2, 4
DT_NULL, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME = 0, 4, 5, 6, 10, 11, 14
PAGE = 0x10000  # The largest that either machine uses.


def gl_ensure() -> bool:
    """Call it before `import skia`. True when a stand-in was needed."""
    skia = find_spec("skia")
    if sys.platform != "linux" or skia is None or skia.origin is None:
        return False  # Then `import skia` itself says what is wrong.
    missing = [soname for soname in LIBRARIES if not _is_available(soname)]
    if missing:
        extension = Path(skia.origin)
        machine, wanted = symbols_wanted(extension)
        for library in extension.parent.glob("skia_python.libs/*"):
            wanted |= symbols_wanted(library)[1]
        for soname in missing:
            functions = sorted(name for name in wanted if name.startswith(LIBRARIES[soname]))
            _load(soname, stand_in(soname, functions, machine=machine))
    return bool(missing)


def _is_available(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def symbols_wanted(path: Path) -> tuple[int, set[bytes]]:
    """The machine that a shared object is for, and the names that others have to define for it."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        _, _, machine, _, _, _, start, *_, size, count, _ = HEADER.unpack_from(image)
        sections = [SECTION.unpack_from(image, start + size * index) for index in range(count)]
        tables = (section for section in sections if section[1] == SHT_DYNSYM)
        return machine, {
            name
            for _, _, _, _, offset, length, linked, *_ in tables
            for name in _undefined(image[offset : offset + length], image, names_at=sections[linked][4])
        }


def _undefined(symbols: bytes, image: mmap.mmap, *, names_at: int) -> Iterator[bytes]:
    for name, _, _, section, _, _ in SYMBOL.iter_unpack(symbols):
        if name and not section:
            yield image[names_at + name : image.find(b"\0", names_at + name)]


def stand_in(soname: str, functions: list[bytes], *, machine: int) -> bytes:
    """A shared object of this name, in which each of `functions` returns 0."""
    count = 1 + len(functions)  # Symbol 0 is reserved.
    code_at = HEADER.size + 4 * SEGMENT.size
    code = _padded(RETURN_ZERO[machine], 8)
    hash_at = code_at + len(code)
    # One bucket, where each symbol leads to the next and the last to 0: no hash is ever needed.
    hashes = _padded(struct.pack(f"<{count + 3}I", 1, count, 1 % count, *range(1, count), 0), 8)
    symbols_at = hash_at + len(hashes)
    names = b"\0".join([b"", soname.encode(), *functions, b""])
    symbols = bytes(SYMBOL.size) + b"".join(
        SYMBOL.pack(names.index(b"\0" + name + b"\0") + 1, GLOBAL_FUNCTION, 0, 1, code_at, len(code))
        for name in functions
    )
    names_at = symbols_at + len(symbols)
    tags = {DT_SONAME: 1, DT_STRTAB: names_at, DT_STRSZ: len(names)}
    tags |= {DT_HASH: hash_at, DT_SYMTAB: symbols_at, DT_SYMENT: SYMBOL.size, DT_NULL: 0}
    dynamic = b"".join(ENTRY.pack(*tag) for tag in tags.items())
    headers = _headers(machine, text=names_at + len(names), dynamic=len(dynamic))
    return _padded(headers + code + hashes + symbols + names, PAGE) + dynamic


def _headers(machine: int, *, text: int, dynamic: int) -> bytes:
    # Loaders before glibc 2.35 write into the dynamic section, so it gets a page of its own.
    start = text + -text % PAGE
    table = HEADER.size, SEGMENT.size, 4, SECTION.size, 0, 0
    return b"".join(
        [
            HEADER.pack(IDENTITY, ET_DYN, machine, EV_CURRENT, 0, HEADER.size, 0, 0, *table),
            SEGMENT.pack(PT_LOAD, READ | EXECUTE, 0, 0, 0, text, text, PAGE),
            SEGMENT.pack(PT_LOAD, READ | WRITE, start, start, start, dynamic, dynamic, PAGE),
            SEGMENT.pack(PT_DYNAMIC, READ | WRITE, start, start, start, dynamic, dynamic, 8),
            SEGMENT.pack(PT_GNU_STACK, READ | WRITE, 0, 0, 0, 0, 0, 16),
        ]
    )


def _padded(data: bytes, unit: int) -> bytes:
    return data + bytes(-len(data) % unit)


def _load(soname: str, image: bytes) -> None:
    # It stays open: the loader would take the next file with this number for the one that it has loaded.
    file = os.memfd_create(soname)
    os.write(file, image)
    # Not RTLD_GLOBAL: only what names it as a dependency, which is skia, is to see it.
    ctypes.CDLL(f"/proc/self/fd/{file}")
