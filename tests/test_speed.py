"""The benchmark's small parts: what is timed, in which turns, and what the table says. Nothing here asserts a time."""

from __future__ import annotations

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from experiments.measure import speed
from s6core import data


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def rates(todo: list[speed.Way], **given: list[float]) -> dict[str, list[float]]:
    """Return rates of three rounds: 100 images a second unless given, with - written as _."""
    return {way.name: given.get(way.name.replace("-", "_"), [100.0, 100.0, 100.0]) for way in todo}


def test_turns_alternate_between_the_pipelines() -> None:
    todo = speed.ways("cpu", cores=4, processes=4)
    assert [way.published for way in todo] == [True, False, True, False, True, False, True]


def test_the_published_pipeline_gets_every_core_with_and_without_processes_that_load() -> None:
    theirs = [way for way in speed.ways("cpu", cores=4, processes=3) if way.published]
    assert {(way.batch_size, way.loader_processes) for way in theirs} == {(64, 0), (64, 4), (128, 0), (128, 4)}
    assert {(way.threads, way.processes) for way in theirs} == {(4, 1)}


def test_on_a_cpu_as_many_processes_train_as_the_machine_carries() -> None:
    ours = next(way for way in speed.ways("cpu", cores=4, processes=3) if way.name == "ours")
    assert (ours.batch_size, ours.threads) == (128, 1)
    assert len(set(ours.seats())) == 3


def test_on_a_gpu_one_process_trains() -> None:
    assert [way.seats() for way in speed.ways("cuda", cores=4, processes=4) if not way.published] == [["ours-0"]]


def test_memory_that_is_returned_needs_a_process_that_never_kept_it() -> None:
    todo = {way.name: way for way in speed.ways("cpu", cores=2, processes=2)}
    others = {seat for name, way in todo.items() if name != "ours-memory-returned" for seat in way.seats()}
    assert not others & set(todo["ours-memory-returned"].seats())


def test_the_faster_loader_stands_for_the_published_pipeline() -> None:
    todo = speed.ways("cpu", cores=2, processes=2)
    given = rates(todo, published_64_2=[110, 120, 90], published_128_0=[150, 150, 150])
    frame = speed.tabulate(todo, given, {}).set_index("name")
    assert frame.loc["published", ["images_per_second", "low", "high", "loader_processes"]].tolist() == [
        110,
        90,
        120,
        2,
    ]
    assert frame.loc["published-slower-loader", "loader_processes"] == 0
    assert frame.loc["published-128", "loader_processes"] == 0
    assert frame.loc["published", ["ratio", "ratio_low", "ratio_high"]].tolist() == [1, 1, 1]


def test_ratios_are_taken_within_a_round() -> None:
    todo = speed.ways("cpu", cores=2, processes=2)
    given = rates(todo, published_64_0=[100, 200, 400], ours=[400, 300, 480])  # 4, 1.5, 1.2; of the medians: 2
    row = speed.tabulate(todo, given, {}).set_index("name").loc["ours"]
    assert row[["ratio", "ratio_low", "ratio_high", "rounds"]].tolist() == [1.5, 1.2, 4, 3]


def test_the_gain_of_kept_memory_is_against_one_process_that_keeps_it() -> None:
    todo = speed.ways("cpu", cores=2, processes=2)
    given = rates(todo, ours_one_process=[120, 130, 110], ours=[900, 900, 900])
    frame = speed.tabulate(todo, given, {}).set_index("name")
    assert frame.loc["ours-memory-returned", ["gain", "gain_low", "gain_high"]].tolist() == [1.2, 1.1, 1.3]
    assert frame["gain"].notna().sum() == 1


def test_notebooks_are_rows_in_seconds() -> None:
    todo = speed.ways("cuda", cores=2, processes=2)
    row = speed.tabulate(todo, rates(todo), {"notebook-empty": [2.5, 2.0, 4.0]}).set_index("name").loc["notebook-empty"]
    assert row[["seconds", "low", "high", "rounds"]].tolist() == [2.5, 2, 4, 3]
    assert pd.isna(row["images_per_second"]) and pd.isna(row["ratio"])


def test_torchvision_reads_the_verified_files() -> None:
    theirs, ours = speed.mnist(), data.load().train
    assert np.array_equal(theirs.data.numpy(), ours.images.numpy())
    assert theirs.targets.tolist() == ours.labels.tolist()


def test_the_published_images_are_normalised_one_by_one() -> None:
    image, label = speed.mnist()[0]
    pixels = data.load().train.images[0].float() / 255
    assert label == 5
    torch.testing.assert_close(image, ((pixels - 0.1307) / 0.3081).unsqueeze(0))


@pytest.mark.parametrize("loaders", [0, 1])
def test_published_counts_what_it_trained_after_the_loaders_lead(loaders: int, monkeypatch: pytest.MonkeyPatch) -> None:
    few = torch.utils.data.Subset(speed.mnist(), range(20))
    monkeypatch.setattr(speed, "mnist", lambda: few)
    way = speed.Way(name="few", batch_size=4, threads=1, loader_processes=loaders)
    images, seconds = speed.time_published(way, 1e-9, "cpu")
    assert images == 4 and seconds > 0  # one batch: the time is up


def test_ours_counts_whole_epochs_of_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "EPOCH", 8)
    speed.training.cache_clear()
    images, seconds = speed.time_ours(speed.Way(name="few", batch_size=4, keep_memory=False), 1e-9, "cpu")
    speed.training.cache_clear()
    assert images == 8 and seconds > 0


def test_imports_takes_the_template_s_import_statements_and_nothing_else(tmp_path) -> None:
    cells = ["import os\nx = 1", "from s6core import (\n    lab,\n    report,\n)\nlab.plan({})"]
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("import this"), *map(nbformat.v4.new_code_cell, cells)]
    )
    nbformat.write(book, tmp_path / "t.ipynb")
    assert speed.imports(tmp_path / "t.ipynb") == "import os\nfrom s6core import lab, report"


def test_the_template_s_imports_include_the_library() -> None:
    assert "from s6core import lab" in speed.imports(speed.TEMPLATE)


def test_a_notebook_s_cell_is_executed(tmp_path) -> None:
    assert speed.time_notebook(f"open({str(tmp_path / 'mark')!r}, 'w').close()") > 0
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--rounds", "0"], "rounds"), (["--seconds", "0"], "seconds"), (["--device", "gpu"], "'gpu' is not one of")],
)
def test_a_mistake_is_named_before_anything_is_timed(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(speed.command, arguments)
    assert result.exit_code == 2
    assert message in result.output
