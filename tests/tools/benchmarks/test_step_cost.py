import re

import pytest

from tools.benchmarks.step_cost import main


def test_the_worst_batch_costs_more_than_the_average(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["dataset.num_comments=400", "threads=1"]
    batches = ["training.batch_size=8", "training.bucket_batches=100"]
    assert main([*few, *batches, "--repetitions=3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" batch: ")[0] for line in lines] == ["average", "worst"]
    tokens = [int(re.findall(r"([\d,]+) tokens", line)[0].replace(",", "")) for line in lines]
    assert 0 < tokens[0] < tokens[1]
    for line in lines:
        noise, host = map(float, re.findall(r"([\d.]+)%", line))
        assert 0 <= noise <= host < 100
        assert float(re.findall(r"peak memory ([\d.]+) GB", line)[0]) > 0.1


def test_a_profile_shows_the_share_of_each_operation(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["dataset.num_comments=200", "threads=1", "device=cpu", "training.batch_size=8"]
    assert main([*few, "--profile"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    shares = [float(share.rstrip("%")) for share, *_ in lines]
    assert shares == sorted(shares, reverse=True) and 50 < sum(shares) <= 100.1
    assert any("convolution" in name for _, name, *_ in lines[:3])


def test_wrong_settings_end_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["training.epochs=0"]) == 2
    assert capsys.readouterr().err == "error: training.epochs = 0.0: must be above 0\n"
