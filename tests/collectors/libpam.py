"""The real libpam, asked from Python, with answers to its prompts given beforehand."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence

PROMPT_ECHO_OFF = 1
_FAIL_DELAY = 10
_NO_DELAY = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)(lambda *_: None)
"""Stands in for the seconds that libpam waits after a refusal."""
_LIBC = ctypes.CDLL(None)
_LIBC.calloc.restype = ctypes.c_void_p
_LIBC.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
_LIBC.strdup.restype = ctypes.c_void_p
_LIBC.strdup.argtypes = [ctypes.c_char_p]


class _Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class _Response(ctypes.Structure):
    _fields_ = (("text", ctypes.c_void_p), ("code", ctypes.c_int))


_ASK = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = (("ask", _ASK), ("data", ctypes.c_void_p))


def call(service: str, user: str, answers: Sequence[str] = (), act: str = "authenticate") -> int:
    """What `pam_<act>` returns for a service of /etc/pam.d.

    0 is success. Hidden prompts get the answers in turn.
    """
    pam = ctypes.CDLL(ctypes.util.find_library("pam") or "libpam.so.0")
    left = list(answers)

    def ask(count: int, messages: object, responses: object, _: object) -> int:
        made = ctypes.cast(_LIBC.calloc(count, ctypes.sizeof(_Response)), ctypes.POINTER(_Response))
        for index in range(count):
            if messages[index].contents.style == PROMPT_ECHO_OFF:  # type: ignore[index]
                made[index].text = _LIBC.strdup((left.pop(0) if left else "").encode())
        responses[0] = made  # type: ignore[index]
        return 0

    handle = ctypes.c_void_p()
    conversation = _Conversation(_ASK(ask), None)
    started: int = pam.pam_start(
        service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle)
    )
    if started:
        return started
    pam.pam_set_item(handle, _FAIL_DELAY, _NO_DELAY)
    done: int = getattr(pam, f"pam_{act}")(handle, 0)
    pam.pam_end(handle, done)
    return done
