"""Indexes of kernel modules as depmod writes them (libkmod-index.h), so that the real modprobe can be asked.

depmod itself wants real modules to read; modprobe reads nothing but these.
"""

from __future__ import annotations

import struct
from pathlib import Path

_PREFIX, _VALUES, _CHILDREN = 0x80000000, 0x40000000, 0x20000000

STORAGE = "usb:v0781p5567d0100dc00dsc00dp00ic08isc06ip50in00"
UAS = "usb:v0781p5567d0100dc00dsc00dp00ic08isc06ip62in00"


def write(folder: Path) -> None:
    """A kernel 6.1 whose usb-storage and uas are modules, uas needing usb-storage."""
    modules = folder / "lib/modules/6.1"
    modules.mkdir(parents=True)
    needs = {
        "scsi_mod": "kernel/scsi_mod.ko:",
        "usb_storage": "kernel/usb-storage.ko: kernel/scsi_mod.ko",
        "uas": "kernel/uas.ko: kernel/usb-storage.ko kernel/scsi_mod.ko",
    }
    aliases = {
        "usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*": "usb_storage",
        "usb:v*p*d*dc*dsc*dp*ic08isc06ip62in*": "uas",
    }
    (modules / "kernel").mkdir()
    for name in ("scsi_mod", "usb-storage", "uas"):
        (modules / f"kernel/{name}.ko").touch()
    (modules / "modules.dep").write_text("".join(f"{line}\n" for line in needs.values()))
    files = {"dep": needs, "alias": aliases, "symbols": {}, "builtin": {}, "builtin.alias": {}}
    for name, values in files.items():
        (modules / f"modules.{name}.bin").write_bytes(_index(values))
    for name in ("softdep", "order", "builtin", "devname"):
        (modules / f"modules.{name}").touch()


def _index(values: dict[str, str]) -> bytes:
    out = bytearray(12)
    root = _node(out, values)
    out[:12] = struct.pack(">III", 0xB007F457, 0x00020001, root)
    return bytes(out)


def _node(out: bytearray, values: dict[str, str]) -> int:
    """Write the node below which these keys stand, its children first; its place, with its flags."""
    letters = sorted({key[0] for key in values if key})
    children = {
        letter: _node(out, {key[1:]: value for key, value in values.items() if key.startswith(letter)})
        for letter in letters
    }
    at, flags = len(out), 0
    if children:
        first, last = ord(letters[0]), ord(letters[-1])
        flags |= _CHILDREN
        out += struct.pack("BB", first, last)
        for code in range(first, last + 1):
            out += struct.pack(">I", children.get(chr(code), 0))
    if "" in values or not values:
        flags |= _VALUES
        told = [values[""]] if "" in values else []
        out += struct.pack(">I", len(told))
        for value in told:
            out += struct.pack(">I", 0) + value.encode() + b"\0"
    return at | flags
