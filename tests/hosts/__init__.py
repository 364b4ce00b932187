"""Debian 11, 12 and 13, booted: what Boltseal claims of a host is held to what that host does.

Each test boots a root that `script/roots` made, by systemd-nspawn on an overlay of its own, and looks at it
with the collectors inside the host's namespaces. What the host then answers (systemctl, ss, apt-get, ufw), or
lets through from outside, or does at its next boot, decides.

What such a host is not: it shares the test machine's kernel and clock, so auditd cannot take the kernel's
records and no daemon may set the clock; it has no disks, no boot loader and no logins at a console. Facts of
those are held elsewhere. Needs root with all capabilities and cgroups that may be written; an unprivileged
container (LXC, Docker without --privileged) cannot boot them, and the first test says so.
"""
