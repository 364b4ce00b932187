"""Which rules a start loads, and in what order: our reading of rules.d against what the real augenrules joins."""

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.doors.root import Root
from collectors.readers import audit_files, audit_rules
from tests.hosts.booted import root_of

pytestmark = [pytest.mark.slow, pytest.mark.real("unshare", "chroot", root=True)]

HELD = {"bookworm": 12, "trixie": 13, "bullseye": 11}
NAMES = (
    "10-a.rules 9-b.rules 100-c.rules 30-d.rules 30-D.rules a.rules B.rules a1.rules a10.rules a2.rules 1.rules"
    " 01-x.rules 1-x.rules z.rules.bak .hidden.rules rules audit.rules 99-finalize.rules 10.rules 10-.rules"
    " a-b.rules a_b.rules a.b.rules 5.1-x.rules 5.10-x.rules 00-first.rules A.rules ab.rules"
).split()
LINES = (
    "-w /etc/passwd -p wa -k id", "-w /etc/shadow -p wa", "-a always,exit -F arch=b64 -S execve -F euid=0",
    "-a never,exit -F auid=unset", "-D", "-D -k id", "-b 8192", "-f 1", "-e 1", "-e 2", "-e 0", "", "# -e 0",
    "   # -w /etc/group -p wa", "-a always,exit -F arch=b64 -S unlinkat -S renameat", "-w /etc/group -p wa # why",
    "-w /etc/sudoers -p wa\r", "--loginuid-immutable", "  -w /etc/sudoers.d -p wa", "-a never,task", "-c", "-i",
)  # fmt: skip
JOIN = (
    "mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work /mnt/merged;"
    ' mount -t overlay -o "lowerdir=$1:$0,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/merged;'
    " rm -f /mnt/merged/etc/audit/audit.rules; chroot /mnt/merged augenrules >&2; cat /mnt/merged/etc/audit/audit.rules"
)


def _joined(root: Path, folder: Path) -> str:
    """The file that augenrules writes."""
    told = subprocess.run(
        ["unshare", "--mount", "sh", "-c", JOIN, root, folder], capture_output=True, timeout=60, check=True
    )
    return told.stdout.decode()


def test_augenrules(release: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """The same rules in the same order, and the same last word on whether anything is recorded."""
    draw = random.Random(HELD[release])
    root = root_of(release)
    for number in range(25):
        folder = tmp_path / str(number)
        place = folder / "etc/audit/rules.d"
        place.mkdir(parents=True)
        (place / "audit.rules").write_text("")  # the one that is shipped
        for name in draw.sample(NAMES, draw.randint(2, 7)):
            text = "\n".join(draw.sample(LINES, draw.randint(1, 5))) + f"\n-w /etc/{name} -p wa\n"
            (place / name).write_text(text, newline="")
        text, _ = audit_files.joined(Root(folder))
        real = _joined(root, folder)
        files = sorted(one.name for one in place.iterdir())
        assert audit_rules.parse(text) == audit_rules.parse(real), (files, real)
        assert audit_rules.enabled(text) == audit_rules.enabled(real), (files, real)
    record_property("compared", 25)
