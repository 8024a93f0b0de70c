"""`python -m tests.simulation`: the workers of issue 7 in a world of their own, 1, 2 and 4 of them, then each fault with several.

--workers 1,2,4    how many share the work, one run each; the last figures say how much faster they were than one
--faults all       which faults happen to them: kill, pause, hang, break, restart, post, skew, several at once as skew+pause (`all`, `none`)
--hosts, --articles, --in-flight, --lease    the size of the world; requests of one worker at once; seconds
Ends with 1 where anything was lost, doubled or out of order.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from tests.postgres import Missing
from tests.simulation.run import FAULTS, Outcome, Plan, run
from tests.simulation.world import MOST_ARTICLES


def main() -> int:
    """Runs what was asked for and prints a line for each run."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Several workers on one PostgreSQL, with faults.")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--faults", default="all")
    usual = Plan()
    parser.add_argument("--hosts", type=int, default=usual.hosts)
    parser.add_argument("--articles", type=int, default=usual.articles)
    parser.add_argument("--in-flight", type=int, default=usual.in_flight)
    parser.add_argument("--lease", type=float, default=usual.lease_s)
    asked = parser.parse_args()
    if asked.hosts * asked.articles > MOST_ARTICLES:
        parser.error(f"at most {MOST_ARTICLES} articles: each hit is about a firm of its own")
    plan = Plan(hosts=asked.hosts, articles=asked.articles, in_flight=asked.in_flight, lease_s=asked.lease)
    faults = [name for name in FAULTS if name != "none"] if asked.faults == "all" else [*filter(None, asked.faults.split(","))]
    outcomes = [_told(replace(plan, workers=int(count))) for count in filter(None, asked.workers.split(","))]
    if outcomes and outcomes[0].plan.workers == 1:
        for each in outcomes[1:]:
            print(f"{each.plan.workers} workers are {each.per_s / outcomes[0].per_s:.2f} times as fast as one")
    outcomes += [_told(faulty(fault)) for fault in faults if fault != "none"]
    return int(any(each.wrong for each in outcomes))


def faulty(fault: str) -> Plan:
    """A run in which a fault happens: to three workers, while papers publish more."""
    return Plan(workers=3, fault=fault, hosts=48, articles=8, later=4)


def _told(plan: Plan) -> Outcome:
    outcome = run(plan)
    print(outcome, flush=True)
    for wrong in outcome.wrong:
        print(f"  WRONG: {wrong}", flush=True)
    return outcome


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as missing:
        sys.exit(str(missing))
