"""Plays the scenarios at one site and prints each by name.

    python play.py local http://127.0.0.1:4180
"""

from __future__ import annotations

import argparse
import sys
import time

from http_scenarios import HTTP
from scenarios import DIFFERENCES, SCENARIOS, Checks, Mismatch, Scenario
from sites import Local, Site


def play(site: Site, scenarios: list[tuple[str, Scenario]] | None = None) -> bool:
    """Plays scenarios, those without session mode by default, and returns true if all passed."""
    scenarios = scenarios or SCENARIOS + HTTP
    checks = Checks(site)
    failed = 0
    for number, (name, scenario) in enumerate(scenarios, 1):
        begun = time.monotonic()
        made = checks.made
        try:
            scenario(site, checks)
        except Exception as error:  # noqa: BLE001  the other scenarios are still played
            failed += 1
            why = str(error) if isinstance(error, Mismatch) else f"{type(error).__name__}: {error}"
            print(f"  {number:2}. {name}: FAILED, {why}")
            continue
        took = time.monotonic() - begun
        print(f"  {number:2}. {name}: {checks.made - made} checks, {took:.1f} s")
    for difference in sorted(checks.met):
        print(f"      {site.name} differs from AWS, as known: {DIFFERENCES[difference]}")
    print(f"{site.name}: {len(scenarios) - failed} scenarios passed, {failed} failed")
    return failed == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", choices=["local"])
    parser.add_argument("url")
    arguments = parser.parse_args()
    return 0 if play(Local(arguments.url)) else 1


if __name__ == "__main__":
    sys.exit(main())
