"""What Linux can be asked to forbid to the process that asks, without any privilege.

Sources: landlock(7), seccomp(2), prctl(2); numbers from the kernel's headers. Nothing here can be
taken back, and all of it holds for programs that the process starts.
"""

import ctypes
import os
import platform
import struct
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 1, 22, 38
_KILL = 9
_FILTER_MODE = 2
_MACHINES = {
    # machine: (its number in audit.h, socket, ptrace, process_vm_readv, process_vm_writev)
    "x86_64": (0xC000003E, 41, 101, 310, 311),
    "aarch64": (0xC00000B7, 198, 117, 270, 271),
}
_SAME_EVERYWHERE = (425, 438)  # io_uring_setup, which makes sockets too, and pidfd_getfd, which takes them
_X32 = 0x40000000
_LOAD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # the second answers EPERM
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE_FILE = 1 << 1
_WRITES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
"""Writing, removing and making of everything that a file system holds; reading stays allowed."""


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def die_with_parent(parent: int) -> None:
    """End this process when the thread that started it ends."""
    _prctl(_SET_PARENT_DEATH_SIGNAL, _KILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def forbid_sockets() -> None:
    """Let the kernel refuse every new socket, and every look into other processes.

    Raises:
        OSError: this kernel or machine does not know how.
    """
    known = _MACHINES.get(platform.machine())
    if known is None:
        raise OSError(f"no list of system calls for {platform.machine()}")
    machine, *calls = known
    refused = (*calls, *_SAME_EVERYWHERE)
    # Offsets in what the filter sees: 0 the number of the call, 4 the machine.
    steps = [(_LOAD, 0, 0, 4), (_EQUALS, 0, len(refused) + 3, machine), (_LOAD, 0, 0, 0)]
    steps.append((_AT_LEAST, len(refused) + 1, 0, _X32))
    steps += [(_EQUALS, len(refused) - place, 0, call) for place, call in enumerate(refused)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)
    _prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(_Filter(len(steps), ctypes.addressof(program))), program)


def forbid_writing(allowed: Path | None) -> None:
    """Let the kernel refuse to make, change or remove any file but those in `allowed`.

    Raises:
        OSError: this kernel has no Landlock.
    """
    handled = ctypes.c_uint64(_WRITES)
    rules = _syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    try:
        _allow(rules, Path(os.devnull), _WRITE_FILE)
        if allowed is not None:
            _allow(rules, allowed, _WRITES)
        _prctl(_SET_NO_NEW_PRIVILEGES, 1)
        _syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, what: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        beneath = ctypes.create_string_buffer(struct.pack("=Qi", what, place))
        _syscall(_ADD_RULE, rules, 1, beneath, 0)
    finally:
        os.close(place)


def _prctl(option: int, *values: object) -> None:
    # Of variable arguments C passes the size that it is told: whole words, or the upper half is noise.
    words = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in values]
    words += [ctypes.c_ulong(0)] * (4 - len(words))
    _checked(_libc().prctl(option, *words[:4]))


def _syscall(number: int, *values: object) -> int:
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    return _checked(_libc().syscall(ctypes.c_long(number), *words))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
