"""Measure seconds and memory of a training step, on an average and on the worst batch of an epoch.

python tools/step_cost.py model=vtr_reference dataset=jsonl dataset.train=train.jsonl

takes the settings of main.py. With --profile it shows where the time goes instead.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from vitrina.benchmark.cost import step_costs, step_profile
from vitrina.cli.explain import explain
from vitrina.config import compose_config
from vitrina.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as for main.py")
    parser.add_argument("--repetitions", type=int, default=5, help="timed steps a batch")
    parser.add_argument("--profile", action="store_true", help="shares of the operations")
    arguments = parser.parse_args(argv)
    try:
        config = compose_config(arguments.settings)
        if arguments.profile:
            for name, share in step_profile(config)[:15]:
                print(f"{share:6.1%}  {name}")
            return 0
        for cost in step_costs(config, max(arguments.repetitions, 1)):
            print(
                f"{cost.batch} batch: {cost.num_texts} texts, {cost.num_tokens:,} tokens, "
                f"{cost.median_seconds:.3f} s a step (median of {len(cost.seconds)}, "
                f"{min(cost.seconds):.3f} to {max(cost.seconds):.3f}; noise "
                f"{cost.noise_seconds / cost.median_seconds:.2%} of it, noise and encoding "
                f"{cost.host_seconds / cost.median_seconds:.2%}), "
                f"peak memory {cost.peak_memory_mb / 1000:.2f} GB",
                flush=True,
            )
    except (InputError, HydraException, OmegaConfBaseException) as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
