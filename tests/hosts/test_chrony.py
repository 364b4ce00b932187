"""The servers that chronyd is set up with: our reading of its files against what the real chronyd then asks."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.doors.root import Root
from collectors.readers import clocks
from tests.hosts.booted import root_of

pytestmark = [pytest.mark.slow, pytest.mark.real("unshare", "chroot", root=True)]

MAIN, CONF_D, SOURCES_D = "etc/chrony/chrony.conf", "etc/chrony/conf.d", "etc/chrony/sources.d"
ONE, TWO, THREE = "server 192.0.2.1\n", "server 192.0.2.2 iburst\n", "pool 192.0.2.3 maxsources 2\n"
CASES: list[dict[str, str]] = [
    {MAIN: ONE},
    {MAIN: ONE + TWO + THREE + "peer 192.0.2.4\n"},
    {MAIN: "# " + ONE + "! " + TWO + "; " + THREE + "% " + ONE + "server 192.0.2.5 # server 192.0.2.6\n"},
    {MAIN: "SERVER 192.0.2.1\nServer 192.0.2.2\n"},
    {MAIN: "\tserver\t192.0.2.1\toffline\n  pool 192.0.2.3\n"},
    {MAIN: ONE + ONE + TWO},
    {MAIN: "server 192.0.2.1 nonsense\n"},
    {MAIN: ONE + "nonsense\n"},
    {MAIN: "server\n" + ONE},
    {MAIN: "confdir /etc/chrony/conf.d\n", f"{CONF_D}/a.conf": ONE, f"{CONF_D}/b.txt": TWO},
    {MAIN: f"confdir /{CONF_D} /etc/more.d\n", f"{CONF_D}/a.conf": ONE, "etc/more.d/b.conf": TWO},
    {MAIN: f"confdir /{CONF_D} /etc/more.d\n", f"{CONF_D}/a.conf": ONE, "etc/more.d/a.conf": TWO},
    {MAIN: f"confdir /{CONF_D}\n", f"{CONF_D}/.a.conf": ONE, f"{CONF_D}/b.conf": THREE},
    {MAIN: f"confdir /{CONF_D}\n", f"{CONF_D}/a.conf": "include /etc/far.conf\n", "etc/far.conf": TWO},
    {MAIN: "confdir /etc/nowhere.d\n" + ONE},
    {MAIN: f"sourcedir /{SOURCES_D}\n", f"{SOURCES_D}/a.sources": ONE, f"{SOURCES_D}/b.conf": TWO},
    {MAIN: f"sourcedir /{SOURCES_D} /run/more\n", f"{SOURCES_D}/a.sources": ONE, "run/more/a.sources": TWO},
    {MAIN: f"sourcedir /{SOURCES_D} /run/more\n", f"{SOURCES_D}/b.sources": ONE, "run/more/a.sources": TWO},
    {MAIN: f"sourcedir /{SOURCES_D}\n", f"{SOURCES_D}/a.sources": ONE + "# " + TWO + "pool 192.0.2.3"},
    {MAIN: f"SourceDir /{SOURCES_D}\n", f"{SOURCES_D}/a.sources": ONE},
    {MAIN: "include /etc/chrony/more.conf\n", "etc/chrony/more.conf": TWO},
    {MAIN: "include /etc/chrony/*.inc\n", "etc/chrony/a.inc": ONE, "etc/chrony/b.inc": TWO},
    {MAIN: "include /etc/a.conf\n" + ONE, "etc/a.conf": "include /etc/b.conf\n" + TWO, "etc/b.conf": THREE},
    {
        MAIN: "include /etc/a.conf # why\n",
        "etc/a.conf": f"sourcedir /{SOURCES_D}\n",
        f"{SOURCES_D}/s.sources": TWO,
    },
    {MAIN: "include /etc/*/c.conf\n" + ONE, "etc/a/c.conf": TWO},
    {MAIN: ONE.strip()},
    {MAIN: "local stratum 10\nallow\n"},
    {MAIN: "server 192.0.2.1\r\nserver 192.0.2.2\r\n"},
]
ASK = """
mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work /mnt/merged; ip link set lo up
for case in "$@"; do
  rm -rf /mnt/upper /mnt/work; mkdir /mnt/upper /mnt/work
  mount -t overlay -o "lowerdir=$case:$0,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/merged
  mount -t tmpfs tmpfs /mnt/merged/dev; mknod -m 666 /mnt/merged/dev/null c 1 3
  mknod -m 666 /mnt/merged/dev/urandom c 1 9
  mkdir -p /mnt/merged/run/chrony
  chroot /mnt/merged chronyd -x -d -U -u root >/mnt/said 2>&1 & daemon=$!
  for try in $(seq 100); do
    kill -0 $daemon 2>/dev/null || break
    told=$(chroot /mnt/merged chronyc -h 127.0.0.1 -c -n sources 2>/dev/null) && break
    told=; sleep 0.02
  done
  kill -0 $daemon 2>/dev/null && echo "ran $told" | tr '\\n' ' ' || echo -n "refused"
  echo; kill $daemon 2>/dev/null; wait $daemon; told=
  umount -R /mnt/merged
done
"""


def test_sources(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """The same servers, for every case that chronyd takes. With one that it refuses it does not run at all."""
    root = root_of("bookworm")
    if not root.is_dir():
        pytest.skip("its root is not there; see script/roots --help")
    folders = [tmp_path / str(number) for number in range(len(CASES))]
    for folder, case in zip(folders, CASES, strict=True):
        for path, text in case.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, newline="")
    told = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", ASK, root, *folders],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout.splitlines()  # fmt: skip
    wrong = []
    for folder, case, said in zip(folders, CASES, told, strict=True):
        real = sorted({one.split(",")[2] for one in said.split() if "," in one})
        ours = sorted(set(clocks.CLOCKS[0].servers(Root(folder))[0]))
        if ours != real and said != "refused":
            wrong.append(f"{case}: {ours}, {said}")
    record_property("compared", len(CASES) - told.count("refused"))
    assert told.count("refused") < 8
    assert not wrong, "\n".join(wrong)
