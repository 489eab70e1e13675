"""The words after `./run test --mutation`."""

import argparse
import math


def read_options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run test --mutation",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants, at random; else all")
    parser.add_argument(
        "--each",
        type=int,
        metavar="N",
        help="so many of each module, at random, and each module must have one that is killed",
    )
    parser.add_argument("--seed", type=int, default=7, help="of the sample (default 7)")
    parser.add_argument(
        "--modules", help="of chaosproof, separated by commas, or folders of them: judge,pack.write_pack"
    )
    parser.add_argument(
        "--tests",
        help="only tests of these folders or files, separated by commas: tests/review (default: all)",
    )
    parser.add_argument("--only", help="these mutants, separated by commas, as they were named")
    parser.add_argument(
        "--budget-s",
        type=float,
        default=12.0,
        help="each mutant gets the likeliest of the tests that reach it, for so much processor time (default 12)",
    )
    parser.add_argument(
        "--again-s",
        type=float,
        default=60.0,
        help="and those that survive so many seconds more of them, at the end (default 60); what only another test "
        "would have noticed counts as survived",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=math.inf,
        help="take no further mutant after so long (default: no end)",
    )
    parser.add_argument("--at-least", type=float, default=0.85, help="the share that must be killed")
    return parser.parse_args()
