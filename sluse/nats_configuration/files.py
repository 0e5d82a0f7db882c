"""Files that others read while they are written anew."""

import os
from pathlib import Path


def replace_file(file: Path, content: str, mode: int = 0o644) -> None:
    """Write a file as a whole: whoever opens it meanwhile reads the old content or the new."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as new:
        new.write(content)
    part.rename(file)
