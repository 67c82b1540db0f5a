"""Write a report on a run or a sweep as one HTML file: scores, curves, drawn mistakes.

python tools/report.py RUN
python tools/report.py SWEEP --save-to report.html

RUN is the folder of a finished run, SWEEP a folder that contains several. The file needs no
network; it is written to FOLDER/report.html or to --save-to. The worst mistakes are drawn as the
input of the model, each token with its weight: the decrease in the log-odds of the prediction when
the token is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vitrina.cli.tool import command, new_parser
from vitrina.errors import require
from vitrina.files import make_folder, replacing
from vitrina.reports.run_report import run_report
from vitrina.reports.runs import read_runs
from vitrina.reports.sweep_report import sweep_report


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("folder", type=Path, metavar="RUN|SWEEP", help="folder of a run or a sweep")
    parser.add_argument("--save-to", type=Path, help="file to write (default: FOLDER/report.html)")
    parser.add_argument("--suite", help="suite of the mistakes (default: level_4)")
    parser.add_argument(
        "--mistakes",
        type=int,
        help="number of worst mistakes (default: 20; for a sweep, 5 per model)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    arguments = parser.parse_args(argv)
    count = arguments.mistakes
    require(count is None or 0 <= count <= 500, "--mistakes", count, "from 0 to 500")
    runs = read_runs(arguments.folder)
    options = {"suite": arguments.suite, "device": arguments.device}
    if len(runs) == 1 and runs[0].folder == arguments.folder:
        text = run_report(runs[0], mistakes=20 if count is None else count, **options)
    else:
        shown = 5 if count is None else count
        text = sweep_report(arguments.folder, runs, mistakes=shown, **options)
    target = arguments.save_to or arguments.folder / "report.html"
    make_folder(target.parent)
    with replacing(target) as file:
        file.write(text)
    print(f"{target}: {len(text.encode()) / 1e6:.2f} MB")


if __name__ == "__main__":
    sys.exit(main())
