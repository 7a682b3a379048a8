"""Reports of files: complete, self-contained, small, and nothing in them is markup that came from a
file.
"""

import base64
import json
import re
import struct
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keramos.drawing import heat
from keramos.report import render
from keramos.types.view import Activation
from support.command import keramos
from support.shared import TARGETS

MUSEUM = [
    "keras-1.0.8-theano/rnn_GRU.h5",
    "keras-1.2.2-theano/merge_sequential_dot.hdf5",
    "keras-2.0.9-tensorflow/mlp_regularised.h5",
    "keras-2.2.4-tensorflow/resnet_block.hdf5",
    "keras-2.2.4-tensorflow/conv3d_cl.h5",
    "tfkeras-1.12/variable_length.h5",
    "tfkeras-2.12/pool3d_cl.keras",
    "keras-3.5.0-tensorflow/pre_string_lookup_int.keras",
    "keras-3.15.1-jax/conv_depthwise_cf.keras",
    "tf_keras-2.21/op_matmul_cast.keras",
]
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
VOID = {"meta", "link", "input", "br", "path", "circle", "rect", "image", "text"}


class Page(HTMLParser):
    """Anchors of sections, addresses that are asked for, and tags that do not close."""

    def __init__(self, html):
        super().__init__()
        self.sections, self.addresses, self.open, self.wrong = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "section":
            self.sections.append(found["id"])
        self.addresses += [found[name] for name in ("src", "href", "action") if found.get(name)]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in {"src", "href"} and tag]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def report(path, tmp_path):
    out = tmp_path / "report.html"
    done = keramos("report", path, "-o", out)
    assert done.returncode == 0, done.stderr
    return out.read_text(encoding="utf-8")


def check_alone(html):
    page = Page(html)
    assert len(html.encode()) < 2_000_000
    assert [address for address in page.addresses if not address.startswith(("#", "data:"))] == []
    assert (page.wrong, page.open) == ([], [])
    return page


def test_a_report_holds_all_views_and_asks_for_nothing(credit_file, tmp_path):
    html = report(credit_file, tmp_path)

    assert check_alone(html).sections == SECTIONS
    assert "golden rows answer as NumPy did" in html
    assert "unsafe-inline" not in html


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_every_shared_table_gives_a_complete_report(name, shared, tmp_path):
    import keramos as package
    from keramos.types.training import TrainingPlan

    path = tmp_path / "model.h5"
    package.train(
        shared / "datasets" / name,
        TARGETS[name],
        plan=TrainingPlan(recipe="tutorial", epochs=2, batch_size=512),
    ).save(path)

    assert check_alone(report(path, tmp_path)).sections == SECTIONS


@pytest.mark.parametrize("file", MUSEUM)
def test_an_old_file_without_keramos_content_gives_a_complete_report(file, shared, tmp_path):
    html = report(shared / "museum" / file, tmp_path)

    assert check_alone(html).sections == PLAIN_SECTIONS
    assert "plain Keras file" in html


def test_a_file_that_cannot_run_is_reported_with_what_keeps_it_from_running(shared, tmp_path):
    file = next((shared / "museum").glob("*/lambda_named*.*5"))

    html = report(file, tmp_path)

    assert "Why it cannot run" in html
    assert Page(html).sections == ["missing", "architecture", "proof"]


def test_a_changed_file_is_reported_with_its_broken_seal(credit_run, tmp_path):
    import h5py

    path = tmp_path / "model.h5"
    credit_run.save(path)
    with h5py.File(path, "a") as file:
        weights = next(iter(file["model_weights/hidden_1"].values()))
        while not isinstance(weights, h5py.Dataset):
            weights = next(iter(weights.values()))
        weights[0] = weights[0] + 1

    html = report(path, tmp_path)

    assert "proof fails" in html
    assert "Checksums do not match" in html


def test_the_model_card_has_the_headings_of_model_hubs(credit_file, tmp_path):
    out = tmp_path / "report.md"
    assert keramos("report", credit_file, "-o", out, "--name", "credit").returncode == 0

    text = out.read_text(encoding="utf-8")

    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == [
        "Model Details",
        "Uses",
        "Bias, Risks, and Limitations",
        "How to Get Started with the Model",
        "Training Details",
        "Evaluation",
        "Technical Specifications",
    ]
    assert text.startswith("---\nlibrary_name: keras\n")


def test_the_same_views_come_as_json(credit_file):
    done = keramos("report", credit_file, "--json")

    view = json.loads(done.stdout)
    assert [stage["title"] for stage in view["stages"]][-1] == "Model deployment"
    assert view["proof"]["holds"] is True
    assert "questions" not in view


def test_an_unknown_extension_is_wrong_usage_and_nothing_is_written(credit_file, tmp_path):
    done = keramos("report", credit_file, "-o", tmp_path / "report.docx")

    assert done.returncode == 2
    assert ".docx" in done.stderr
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 70), min_size=1, max_size=2)
    | st.lists(st.integers(1, 20), min_size=3, max_size=4),
    st.integers(0, 9),
)
def test_a_picture_of_an_activation_is_small_and_whatever_its_shape_a_png_or_bars(shape, seed):
    values = np.random.default_rng(seed).normal(size=shape)

    drawn = str(heat.activation(Activation("layer", "Dense", values)))

    assert len(drawn) < 4000 + 100 * (values.size <= 96)
    inside = re.search(r"base64,([^\"]+)", drawn)
    if inside:
        width, height, bits = struct.unpack(">IIB", base64.b64decode(inside[1])[16:25])
        rows = zlib.decompress(
            re.search(rb"IDAT(.*)....IEND", base64.b64decode(inside[1]), re.DOTALL)[1][:-4]
        )
        assert (bits, len(rows)) == (4, height * (1 + -(-width // 2)))


def test_every_template_is_compiled_before_the_first_visit():
    render.prepare()

    names = render.environment().list_templates(extensions=["html"])
    assert len(render.environment().cache) == len(names) > 10
