"""The reader of modprobe.d held to the real modprobe, asked as udev asks it, on generated files."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors import kmod_index
from tests.collectors.cases import Case, run, twin

pytestmark = pytest.mark.real("modprobe")

NAMES = [
    "usb-storage",
    "usb_storage",
    "uas",
    "usb*",
    "*stor?ge",
    "usb[_-]storage",
    "usb[-]storage",
    "u*",
    "scsi_mod",
]
COMMANDS = [
    "/bin/false",
    "/bin/true",
    "/usr/bin/false",
    "/bin/true && /sbin/modprobe --ignore-install usb-storage",
    "/bin/false # no sticks",
    "/sbin/modprobe -i usb-storage",
    "",
]
LINES = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(["install", "install", "#install", " install\t"]),
        st.sampled_from(NAMES), st.sampled_from(COMMANDS)),
    st.builds("{} {}".format, st.sampled_from(["blacklist", "# blacklist", "blacklist \\\n"]), st.sampled_from(NAMES)),
    st.sampled_from(["options usb-storage quirks=0:0:u", "softdep uas pre: scsi_mod", "remove uas /bin/x", ""]),
)  # fmt: skip
FILES = st.dictionaries(
    st.sampled_from(["a.conf", "b.conf", "10-c.conf", "d.alias", "e.conf.disabled", "Z.conf"]),
    st.lists(LINES, max_size=3).map("\n".join),
    max_size=3,
)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module lists of a kernel and an empty modprobe.d."""
    folder = tmp_path_factory.mktemp("kernel")
    kmod_index.write(folder)
    (folder / "modprobe.d").mkdir()
    return folder


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_modprobe(kernel: Path, files: dict[str, str]) -> None:
    """Storage is allowed exactly where modprobe would load usb-storage for some kind of stick."""
    case = Case("removable_media", "generated", {"files": _host(files), "commands": {}, "offline": True})
    assert run("removable_media", twin(case)).facts["removable_media.storage_allowed"] is _loads(
        kernel, files
    )


def _host(files: dict[str, str]) -> dict[str, str]:
    dep = "kernel/usb-storage.ko: kernel/scsi_mod.ko\n"
    return {"/lib/modules/6.1/modules.dep": dep} | {
        f"/etc/modprobe.d/{name}": text for name, text in files.items()
    }


def _loads(kernel: Path, files: dict[str, str]) -> bool:
    folder = kernel / "modprobe.d"
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    argv = ["modprobe", "-d", str(kernel), "-C", str(folder), "-S", "6.1", "-n", "-v", "-b"]
    told = [
        subprocess.run([*argv, alias], capture_output=True, text=True, check=True).stdout.splitlines()
        for alias in (kmod_index.STORAGE, kmod_index.UAS)
    ]
    return any(_is_load(line.strip()) for lines in told for line in lines)


def _is_load(line: str) -> bool:
    """Whether a line loads the module, by itself or by a command that does more than nothing."""
    command = line.removeprefix("install").partition("#")[0].strip()
    if line.startswith("install"):
        return "usb-storage" in command and "modprobe" in command
    return line.startswith("insmod") and "/usb-storage.ko" in line
