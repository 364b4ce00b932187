"""Which rpm packages were put in place without any signature (rpm(8), rpmsign(8)).

A signature goes into the database with its package. rpm 6 may keep it under a tag that rpm 4 does not know, and
rpm 4 fails when it is asked for that one: so rpm is asked which tags it knows, and only where a package seems to
have none. Whose key signed is another question, and so is whether anybody checked: that the sources tell.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen
from collectors.readers import packages

TAGS: Final = ("rpm", "--querytags")
RPM_6: Final = "OPENPGP"
RPM_6_QUERY: Final = (
    *packages.RPM_NAMES[:-1],
    rf"%{{NAME}}\t%|{RPM_6}?{{signed}}:{{{packages.RPM_SIGN}}}|\n",
)


def unsigned(host: Host) -> Seen:
    """The names of packages without a signature. `unsupported` with dpkg: there the lists are signed."""
    found = packages.installed(host)
    if found.manager != "rpm":
        raise Unseen(
            "unsupported", found.source, "the lists that hold their digests are signed, no packages are"
        )
    names = {one.name for one in found.by_name.values() if not one.signed}
    if names and _knows_rpm_6(host):
        names = _unsigned_for_rpm_6(host, [one.name for one in found.by_name.values()])
    return Seen([*sorted(names)], found.source)


def _knows_rpm_6(host: Host) -> bool:
    tags = host.run(TAGS).text.split()
    if "RSAHEADER" not in tags:  # it stands below the other one: the list goes by the alphabet
        raise Unseen("malformed", " ".join(TAGS), "no whole list of tags")
    return RPM_6 in tags


def _unsigned_for_rpm_6(host: Host, known: list[str]) -> set[str]:
    done = host.run(RPM_6_QUERY)
    rows = [line.partition("\t")[::2] for line in done.text.splitlines()]
    rows = [(name, sign) for name, sign in rows if name != "gpg-pubkey"]
    if (
        sorted(name for name, _ in rows) != sorted(known)
        or not {sign for _, sign in rows} <= packages.SIGNED.keys()
    ):
        raise Unseen("malformed", "rpm -qa", "it tells of other packages than before")
    return {name for name, sign in rows if not packages.SIGNED[sign]}
