"""Aftercare as a process of its own: python -m services.aftercare."""

import os
import sys

from services.aftercare.app import running
from shared import logs, settings
from shared.command_server import serve_commands
from shared.http_server import run

if __name__ == "__main__":
    given = settings.from_environment(os.environ)
    logs.set_up(given.log_format)
    sys.exit(run(serve_commands(running, given)))
