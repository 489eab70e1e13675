"""The program of the helper container: a whole ELF file of a few hundred bytes, which needs nothing in its image.

It listens at the abstract socket `\\0chaosproof`, whose name belongs to its network namespace; waits for one
connection; and ends when that is closed, which the kernel does when its holder dies. Where nobody comes within the
wait, it ends as well. Exit codes: 0 its holder closed the connection or died, 1 nobody came or a call failed.

It is written in machine code, because a compiler is not to be had where it is needed. Each line has the bytes, then
what an assembler would be given. System calls: arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h of Linux.
"""

import struct

from chaosproof.errors import UsageError

__all__ = ["MACHINES", "SOCKET_NAME", "WAIT_S", "helper_program"]

SOCKET_NAME = "\0chaosproof"
"""Where it listens, as Python's `connect` takes it."""

WAIT_S = 60
"""How long it waits for the connection."""

_X86_64 = """
    6a 29  58  6a 01  5f  6a 01  5e  31 d2  ; push 41; pop rax; push 1; pop rdi; push 1; pop rsi; xor edx, edx
    0f 05                                   ; syscall        # socket(AF_UNIX, SOCK_STREAM, 0)
    89 c3  89 c7                            ; mov ebx, eax; mov edi, eax
    48 8d 35 69 00 00 00                    ; lea rsi, [rip + address]
    6a 0d  5a  6a 31  58                    ; push 13; pop rdx; push 49; pop rax
    0f 05                                   ; syscall        # bind(listener, address, 13)
    85 c0  75 55                            ; test eax, eax; jnz failed
    6a 01  5e  6a 32  58                    ; push 1; pop rsi; push 50; pop rax
    0f 05                                   ; syscall        # listen(listener, 1)
    85 c0  75 49                            ; test eax, eax; jnz failed
    50  89 1c 24  c6 44 24 04 01            ; push rax; mov [rsp], ebx; mov byte ptr [rsp + 4], 1
    48 89 e7  6a 01  5e                     ; mov rdi, rsp; push 1; pop rsi
    ba WAIT-MS                              ; mov edx, WAIT-MS
    6a 07  58                               ; push 7; pop rax
    0f 05                                   ; syscall        # poll({listener, POLLIN}, 1, wait)
    ff c8  75 2c                            ; dec eax; jnz failed
    89 df  31 f6  31 d2  6a 2b  58          ; mov edi, ebx; xor esi, esi; xor edx, edx; push 43; pop rax
    0f 05                                   ; syscall        # accept(listener, 0, 0)
    85 c0  78 1d                            ; test eax, eax; js failed
    89 c5  6a 03  58                        ; mov ebp, eax; push 3; pop rax
    0f 05                                   ; syscall        # close(listener)
    31 c0  89 ef  48 89 e6  6a 08  5a       ; more: xor eax, eax; mov edi, ebp; mov rsi, rsp; push 8; pop rdx
    0f 05                                   ; syscall        # read(connection, stack, 8)
    85 c0  7f f0                            ; test eax, eax; jg more
    75 04  31 ff  eb 03                     ; jnz failed; xor edi, edi; jmp end
    6a 01  5f                               ; failed: push 1; pop rdi
    6a 3c  58                               ; end: push 60; pop rax
    0f 05                                   ; syscall        # exit(edi)
"""

_AARCH64 = """
    20 00 80 d2  21 00 80 d2  02 00 80 d2   ; mov x0, #1; mov x1, #1; mov x2, #0
    c8 18 80 d2  01 00 00 d4                ; mov x8, #198; svc #0   # socket(AF_UNIX, SOCK_STREAM, 0)
    f3 03 00 aa                             ; mov x19, x0
    81 05 00 10  a2 01 80 d2                ; adr x1, address; mov x2, #13
    08 19 80 d2  01 00 00 d4                ; mov x8, #200; svc #0   # bind(listener, address, 13)
    a0 04 00 b5                             ; cbnz x0, failed
    e0 03 13 aa  21 00 80 d2                ; mov x0, x19; mov x1, #1
    28 19 80 d2  01 00 00 d4                ; mov x8, #201; svc #0   # listen(listener, 1)
    00 04 00 b5                             ; cbnz x0, failed
    WAIT-S                                  ; mov x1, #WAIT-S
    e1 7f bf a9  e2 03 00 91                ; stp x1, xzr, [sp, #-16]!; mov x2, sp
    e1 03 13 aa  21 00 c0 f2                ; mov x1, x19; movk x1, #1, lsl #32
    e1 7f bf a9  e0 03 00 91                ; stp x1, xzr, [sp, #-16]!; mov x0, sp
    21 00 80 d2  03 00 80 d2                ; mov x1, #1; mov x3, #0
    28 09 80 d2  01 00 00 d4                ; mov x8, #73; svc #0    # ppoll({listener, POLLIN}, 1, wait, 0)
    1f 04 00 f1  61 02 00 54                ; cmp x0, #1; b.ne failed
    e0 03 13 aa  01 00 80 d2  02 00 80 d2   ; mov x0, x19; mov x1, #0; mov x2, #0
    48 19 80 d2  01 00 00 d4                ; mov x8, #202; svc #0   # accept(listener, 0, 0)
    a0 01 f8 b7                             ; tbnz x0, #63, failed
    f4 03 00 aa  e0 03 13 aa                ; mov x20, x0; mov x0, x19
    28 07 80 d2  01 00 00 d4                ; mov x8, #57; svc #0    # close(listener)
    e0 03 14 aa  e1 03 00 91  02 02 80 d2   ; more: mov x0, x20; mov x1, sp; mov x2, #16
    e8 07 80 d2  01 00 00 d4                ; mov x8, #63; svc #0    # read(connection, stack, 16)
    1f 00 00 f1  4c ff ff 54  40 00 00 54   ; cmp x0, #0; b.gt more; b.eq end
    20 00 80 d2                             ; failed: mov x0, #1
    a8 0b 80 d2  01 00 00 d4                ; end: mov x8, #93; svc #0   # exit(x0)
"""

_ADDRESS = struct.pack("<H", 1) + SOCKET_NAME.encode()  # struct sockaddr_un: AF_UNIX, then the name
_CODES = {"x86_64": (62, _X86_64), "aarch64": (183, _AARCH64)}
MACHINES = tuple(_CODES)
"""The machines that there is a program for, as `uname -m` names them."""

_LOADED_AT = 0x40_0000
_HEADER, _SEGMENT = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")
_PT_LOAD, _PT_GNU_STACK = 1, 0x6474_E551
_READ, _WRITE, _EXECUTE = 4, 2, 1


def helper_program(machine: str, *, wait_s: int = WAIT_S) -> bytes:
    """The file for a machine that `uname -m` names so; `UsageError` for another than `MACHINES`."""
    if machine not in _CODES:
        raise UsageError(
            f"The helper container has no program for {machine}, only for {', '.join(MACHINES)}."
        )
    number, listing = _CODES[machine]
    return _elf(number, _assembled(listing, wait_s) + _ADDRESS)


def _assembled(listing: str, wait_s: int) -> bytes:
    """The bytes of a listing, with the wait in milliseconds as a number, or in seconds as an instruction's operand."""
    listing = listing.replace("WAIT-MS  ", struct.pack("<I", wait_s * 1000).hex())
    listing = listing.replace("WAIT-S  ", struct.pack("<I", 0xD280_0001 | wait_s << 5).hex())
    return b"".join(bytes.fromhex(line.partition(";")[0]) for line in listing.splitlines())


def _elf(machine: int, code: bytes) -> bytes:
    """An ELF file of one segment, which is run from its first byte on; its stack holds no code (elf(5))."""
    headers = _HEADER.size + 2 * _SEGMENT.size
    size = headers + len(code)
    identity = b"\x7fELF" + bytes([2, 1, 1])  # 64 bits, the lowest byte first, version 1
    executable, version, flags = 2, 1, 0
    header = _HEADER.pack(
        *(identity, executable, machine, version, _LOADED_AT + headers, _HEADER.size, 0, flags),
        *(_HEADER.size, _SEGMENT.size, 2, 0, 0, 0),
    )
    program = _SEGMENT.pack(_PT_LOAD, _READ | _EXECUTE, 0, _LOADED_AT, _LOADED_AT, size, size, 0x1_0000)
    stack = _SEGMENT.pack(_PT_GNU_STACK, _READ | _WRITE, 0, 0, 0, 0, 0, 16)
    return header + program + stack + code
