"""Complete served pages of every shared table and of files that keramos did not write, in a real
browser.
"""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from support.browsers import (
    CHROMIUM,
    NO_CHROMIUM,
    finished,
    serious,
    serving,
    visiting,
    wide,
)
from support.shared import TARGETS

MUSEUM = {
    "rnn_gru": "keras-1.0.8-theano/rnn_GRU.h5",
    "two_towers": "keras-1.2.2-theano/merge_sequential_dot.hdf5",
    "mlp": "keras-2.0.9-tensorflow/mlp_regularised.h5",
    "resnet": "keras-2.2.4-tensorflow/resnet_block.hdf5",
    "conv3d": "keras-2.2.4-tensorflow/conv3d_cl.h5",
    "variable": "tfkeras-1.12/variable_length.h5",
    "pool3d": "tfkeras-2.12/pool3d_cl.keras",
    "words": "keras-3.5.0-tensorflow/pre_string_lookup_int.keras",
    "depthwise": "keras-3.15.1-jax/conv_depthwise_cf.keras",
    "cast": "tf_keras-2.21/op_matmul_cast.keras",
}
SECTIONS = [
    "flow",
    "try",
    "training",
    "quality",
    "columns",
    "architecture",
    "proof",
    "use",
]
PLAIN_SECTIONS = ["lacking", "try", "architecture", "proof", "use"]
FEW = ["words", "depthwise"]
"""Plain files of the quick selection; test_report_browser.py has trained ones."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)


def dated(rows=90):
    """A table whose answer depends on the month of a date."""
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=4 * row) for row in range(rows)]
    return {
        "day": [day.isoformat() for day in days],
        "level": [float(row % 7) for row in range(rows)],
        "sold": ["yes" if day.month > 6 else "no" for day in days],
    }


@pytest.fixture(scope="module")
def few(tmp_path_factory, shared):
    import keramos as package
    from keramos.types.training import TrainingPlan

    place = tmp_path_factory.mktemp("few")
    package.train(dated(), "sold", plan=TrainingPlan(recipe="tutorial", epochs=3)).save(
        place / "dated.h5"
    )
    for name in FEW:
        shutil.copy(shared / "museum" / MUSEUM[name], place / f"{name}{Path(MUSEUM[name]).suffix}")
    with serving(place) as (address, _):
        yield address


@pytest.fixture(scope="module")
def every(tmp_path_factory, shared):
    import keramos as package
    from keramos.types.training import TrainingPlan

    place = tmp_path_factory.mktemp("every")
    plan = TrainingPlan(recipe="tutorial", epochs=2, batch_size=512)
    for name, target in TARGETS.items():
        package.train(shared / "datasets" / name, target, plan=plan).save(
            place / f"{Path(name).stem}.h5"
        )
    for name, file in MUSEUM.items():
        shutil.copy(shared / "museum" / file, place / f"{name}{Path(file).suffix}")
    with serving(place) as (address, _):
        yield address


def complete(browser, address, name, sections):
    """The page has every section, fits both windows, complains about nothing and answers what is
    typed.
    """
    with visiting(browser, address) as visit:
        page = visit(f"/models/{name}", 360, bypass_csp=True)
        assert wide(page) <= 360
        page.set_viewport_size({"width": 1440, "height": 900})
        assert wide(page) <= 1440
        assert (
            page.locator("main section").evaluate_all("all => all.map(one => one.id)") == sections
        )
        assert serious(page) == []
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        page.set_viewport_size({"width": 360, "height": 900})
        assert wide(page) <= 360
        assert page.locator("#explanation [role=alert]").count() == 0
        field = page.locator(
            "form input:not([type=hidden]):not([type=range]), form select, form textarea"
        ).first
        field.dispatch_event("input")
        page.wait_for_timeout(200)
        finished(page)
        assert page.locator("#explanation [role=alert]").count() == 0
        assert page.locator("#explanation .steps > li").count() == 4


@pytest.mark.parametrize("name", FEW)
def test_a_plain_file_gives_a_complete_page(name, few, browser):
    complete(browser, few, name, PLAIN_SECTIONS)


def test_a_date_in_the_form_is_answered_and_a_wrong_one_refused(few, browser):
    complete(browser, few, "dated", SECTIONS)
    with visiting(browser, few) as visit:
        page = visit("/models/dated")
        day, answer = page.get_by_label("day", exact=True), page.locator("#explanation .answer")
        day.fill("2023-02-03")
        page.wait_for_function(
            "() => document.querySelector('#explanation').innerText.includes('2023-02-03')"
        )
        winter = answer.inner_text()
        day.fill("2023-11-03")
        page.wait_for_function(
            "() => document.querySelector('#explanation').innerText.includes('2023-11-03')"
        )
        assert answer.inner_text() != winter
        assert page.locator("#explanation table").get_by_role("rowheader", name="day").count() == 1

    with visiting(browser, few) as visit:
        page = visit("/models/dated?c.day=yesterday")
        assert "'yesterday'" in page.locator("#explanation [role=alert]").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", [Path(name).stem for name in TARGETS])
def test_every_shared_table_gives_a_complete_page(name, every, browser):
    complete(browser, every, name, SECTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUSEUM)
def test_ten_old_files_give_complete_pages(name, every, browser):
    complete(browser, every, name, PLAIN_SECTIONS)
