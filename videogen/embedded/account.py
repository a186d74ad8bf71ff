"""PostgreSQL refuses to run as root, so root runs the embedded servers as `nobody`."""

import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path

from videogen.stack.program import Account, StackError

UNPRIVILEGED_USER = "nobody"


def server_account() -> Account | None:
    """The account to switch to, or None where we are not root and stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise StackError(
            f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED_USER!r} to run it as."
            " Start as another user, or set DATABASE_URL and REDIS_URL to servers of your own."
        ) from None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def private_dir(path: Path, account: Account | None) -> None:
    """Make a directory that only `account` can enter. Refuse one that somebody else made."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = path.lstat().st_uid
    if path.is_symlink() or owner not in {os.geteuid(), account.uid if account else os.geteuid()}:
        raise StackError(f"{path} belongs to somebody else. Remove it, or set DATA_DIR to another directory.")
    if account:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)


def open_the_way(path: Path, account: Account | None, tell: Callable[[str], None]) -> None:
    """Let `account` pass through the directories above `path`, but not list or read them."""
    if account is None:
        return
    for directory in path.resolve().parents:
        status = directory.stat()
        if status.st_uid != account.uid and not status.st_mode & stat.S_IXOTH:
            directory.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
            tell(f"{directory}: users may now pass through (chmod o+x): servers do not run as root.")
