"""Whether a disk is full, whoever was writing to it."""

import errno

#: No space, a quota, or the limit that the operating system sets on a file's size.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(error: OSError) -> bool:
    """Whether making room is what helps."""
    return error.errno in _FULL
