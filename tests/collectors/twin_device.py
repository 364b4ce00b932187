"""The in-memory twin of the door to a network device.

A case's `config` is the running configuration without its head and its `end`; `shows` holds what other commands
print, or "!reason". What is not said is a router of the vendor's documentation, asked at level 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors import door_device
from collectors.door import Unseen
from tests.collectors.twin import MOMENT

VERSION = """\
Cisco IOS XE Software, Version 17.09.04a
Cisco IOS Software [Cupertino], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 17.9.4a, RELEASE SOFTWARE (fc3)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2023 by Cisco Systems, Inc.

ROM: 16.7(3r)

edge1 uptime is 5 weeks, 2 days, 4 hours, 11 minutes
System image file is "bootflash:isr4300-universalk9.17.09.04a.SPA.bin"

cisco ISR4331/K9 (1RU) processor with 1694893K/3071K bytes of memory.
Processor board ID FDO21520TGH
3 Gigabit Ethernet interfaces
Configuration register is 0x2102
"""
SSH = """\
SSH Enabled - version 2.0
Authentication methods:publickey,keyboard-interactive,password
Hostkey Algorithms:rsa-sha2-512,rsa-sha2-256
Encryption Algorithms:aes128-gcm,aes256-gcm,aes128-ctr,aes192-ctr,aes256-ctr
MAC Algorithms:hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com
KEX Algorithms:ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521
Authentication timeout: 60 secs; Authentication retries: 3
"""
HTTP = "HTTP server status: Disabled\nHTTP server port: 80\nHTTP secure server status: Disabled\n"
NTP = "Clock is synchronized, stratum 3, reference is 192.0.2.123\nnominal freq is 250.0000 Hz\n"


@dataclass
class Twin(door_device.Device):
    """A device of a test. A command outside the vendor's table fails loudly."""

    answers: Mapping[str, str]
    vendor: str = "ios"
    platform: str = "device"
    now: datetime = MOMENT
    cache: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def show(self, command: str) -> str:
        self.asked.append(door_device.allowed(self.vendor, command))
        answer = self.answers[command]
        if answer.startswith("!"):
            raise Unseen(answer[1:].strip(), command)
        return answer


def running(config: str) -> str:
    """A running configuration as the device prints it."""
    return f"Building configuration...\n\nCurrent configuration : {len(config)} bytes\n!\n{config.strip()}\n!\nend\n"


def twin(data: Mapping[str, Any]) -> Twin:
    """The device of a case."""
    answers = {
        "show version": VERSION,
        "show privilege": "Current privilege level is 15\n",
        "show running-config": running(data.get("config", "hostname edge1\n")),
        "show ip ssh": SSH,
        "show ip http server status": HTTP,
        "show ntp status": NTP,
        "show snmp user": "",
    }
    return Twin({**answers, **data.get("shows", {})})
