"""Intake that waits an hour for what is under way when it is told to leave."""

import runpy

from shared import life

life.DRAIN_SECONDS = 3600.0

if __name__ == "__main__":
    runpy.run_module("services.intake", run_name="__main__")
