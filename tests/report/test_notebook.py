"""A notebook is executed by a real kernel, and what it shows is looked at in a real browser."""

from itertools import product

import pytest

from support.browsers import CHROMIUM, NO_CHROMIUM, serious, visiting, wide

nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
nbformat = pytest.importorskip("nbformat")
pytestmark = [pytest.mark.system, pytest.mark.filterwarnings("ignore")]
CELLS = (
    "import keramos, pandas as pd\nfrom keramos.datasets import GERMAN_CREDIT",
    "run = keramos.train(GERMAN_CREDIT, 'risk', recipe='tutorial', epochs=6)",
    "run.save('credit.h5')\nrun",
    "model = keramos.load('credit.h5')\nmodel",
    "keramos.inspect('credit.h5')",
    "frame = pd.read_csv(GERMAN_CREDIT).head(30)\nmodel.decide(frame)",
    "model.trace(frame.iloc[0])",
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = nbclient.NotebookClient(
        made, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


@pytest.fixture(scope="module")
def outputs(notebook):
    """The HTML that each cell shows."""
    return [
        [one.data["text/html"] for one in cell.outputs if "text/html" in one.get("data", {})]
        for cell in notebook.cells
    ]


@pytest.fixture(scope="module")
def page(outputs, tmp_path_factory):
    """The outputs as a page has them, one after the other."""
    folder = tmp_path_factory.mktemp("page")
    shown = "\n".join(f"<div class=cell>{html}</div>" for cell in outputs for html in cell)
    head = "<meta charset=utf-8><meta name=viewport content='width=device-width'>"
    (folder / "page.html").write_text(
        f"<!doctype html><html lang=en><head>{head}<title>Notebook</title><style>"
        "@media (prefers-color-scheme: dark) { body { background: #111 } }</style></head>"
        f"<body><main><h1 style='color: #777'>Notebook</h1>{shown}</main></body></html>",
        encoding="utf-8",
    )
    return folder / "page.html"


def test_every_value_is_drawn_and_the_training_while_it_goes_on(outputs):
    assert [len(cell) for cell in outputs] == [0, 1, 1, 1, 1, 1, 1]
    assert "keramos training, epoch 6 of 6" in outputs[1][0]
    assert "<svg" in outputs[1][0]
    assert "<progress" not in outputs[1][0]  # it is done


def test_a_view_is_small_and_loads_nothing(notebook, outputs):
    for cell in outputs:
        for html in cell:
            assert len(html) < 60_000
            assert "http" not in html.replace("http://www.w3.org/", "")
            assert "<script" not in html
    texts = [
        one.data["text/plain"] for cell in notebook.cells for one in cell.outputs if "data" in one
    ]
    assert all(len(text) < 2000 for text in texts)


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
def test_a_browser_shows_it_without_findings(page, browser):
    with visiting(browser, page.parent.as_uri()) as visit:
        shown = visit("/page.html")
        for width, theme in product((1440, 360), ("light", "dark")):
            shown.set_viewport_size({"width": width, "height": 900})
            shown.emulate_media(color_scheme=theme)

            assert wide(shown) <= width
            assert serious(shown) == [], (width, theme)


def test_a_progress_bar_stands_there_until_the_last_epoch():
    from keramos.drawing.live_training import LiveTraining
    from keramos.types.training import Epoch, TrainingPlan

    live = LiveTraining(TrainingPlan(epochs=3))
    live._epochs += [Epoch(1, 0.7, 0.5, 0.7, 0.5, 0.1, ""), Epoch(2, 0.6, 0.6, 0.6, 0.6, 0.1, "")]  # noqa: SLF001
    assert (
        '<progress max="3" value="2" aria-label="epoch 2 of 3">epoch 2 of 3</progress>'
        in live._repr_html_()
    )
    assert repr(live) == "epoch 2 of 3"
