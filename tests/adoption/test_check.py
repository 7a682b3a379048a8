"""What a published app answers otherwise than the file that is made of its parts."""

import numpy as np
import pytest

import keramos
from keramos.adoption.pictures.build import png
from support import tiny_networks
from support.command import keramos as command
from support.sklearn_pickles import dumped, estimator

RNG = np.random.default_rng(6)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A model of pictures, its labels and an app that scales them to 0..1, blue first."""
    folder = tmp_path_factory.mktemp("check")
    (folder / "app").mkdir()
    (folder / "photos").mkdir()
    tiny_networks.pictures(folder / "app" / "m.keras")
    (folder / "app" / "labels.txt").write_text("cat\ndog\nbird\n")
    (folder / "app" / "app.py").write_text(
        "frame = cv2.imread(name)\nx = cv2.resize(frame, (8, 6)) / 255.0\nmodel.predict(x[None])\n"
    )
    for number in range(12):
        pixels = RNG.integers(0, 256, (6, 8, 3)).astype("uint8")
        (folder / "photos" / f"{number:02}.png").write_bytes(png(pixels))
    return folder


def test_an_app_that_prepares_pictures_otherwise_is_compared_on_a_folder(app):
    recipe = {
        "settings": {"scale": "-1..1", "fit": "stretch", "method": "cv-linear", "mode": "RGB"}
    }
    adopted = keramos.adopt(app / "app", recipe=recipe)
    found = adopted.compare(app / "photos")
    body = keramos.load(app / "app" / "m.keras")
    pixels = np.stack([_pixels(path) for path in sorted((app / "photos").iterdir())])
    ours = body.predict((pixels / 127.5 - 1).astype("float32"))
    theirs = body.predict((pixels[..., ::-1] / 255).astype("float32"))
    assert found.rows == 12
    assert found.otherwise == int((ours.argmax(1) != theirs.argmax(1)).sum()) > 0
    assert found.app_difference == pytest.approx(np.abs(ours - theirs).max(), rel=1e-5)
    assert "as the app does it (app.py:2: pixels in 0..1, BGR" in found.text()


def _pixels(path):
    from PIL import Image

    return np.asarray(Image.open(path)).astype(float)


def test_an_app_that_does_the_same_is_not_mentioned(app, tmp_path):
    done = command(
        "adopt", app / "app", "-o", tmp_path / "w.keras", "--choose", "1", "--check", app / "photos"
    )
    assert done.returncode == 0, done.stderr
    assert "on 12 rows of the table" in done.stdout
    assert "as the app does it" not in done.stdout


def test_paths_in_a_table_are_compared_too(app):
    names = "".join(f"{number:02}.png\n" for number in range(12))
    (app / "photos" / "list.csv").write_text("image\n" + names + "absent.png\n")
    recipe = {"settings": {"scale": "0..255"}}
    found = keramos.adopt(app / "app", recipe=recipe).compare(app / "photos" / "list.csv")
    assert (found.rows, found.refused) == (12, 1)
    assert found.otherwise is not None


def test_a_forgotten_minimum_is_compared_on_each_window_of_a_series(tmp_path):
    tiny_networks.window(tmp_path / "m.keras", rows=6, columns=1)
    scale, low = np.array([0.1]), np.array([40.0])
    state = {"scale_": scale, "min_": -low * scale, "feature_range": (0, 1), "clip": False,
             "n_features_in_": 1, "feature_names_in_": np.array(["Close"], object)}  # fmt: skip
    (tmp_path / "scaler.pkl").write_bytes(dumped(estimator("MinMaxScaler", **state)))
    (tmp_path / "app.py").write_text("y = model.predict(x) * (1 / scaler.scale_[0])\n")
    rows = 40 + 10 * RNG.random(30)
    (tmp_path / "prices.csv").write_text("Close\n" + "".join(f"{one!r}\n" for one in rows.tolist()))
    parts = [tmp_path / "scaler.pkl", tmp_path / "app.py"]
    found = keramos.adopt(tmp_path / "m.keras", parts).compare(tmp_path / "prices.csv")
    assert found.rows == 25
    assert found.difference < 1e-4
    assert found.app_difference == pytest.approx(40.0, rel=1e-5)
    assert "app.py:1: scaled back without the minimum" in found.text()


def _table(folder, app):
    """A network of two scaled columns whose answer is scaled back, and an app."""
    body = ("Dense", {"units": 1, "activation": "linear"}, [[0.5], [-0.25]], [0.1])
    tiny_networks.chain(folder / "m.keras", (2,), body)
    columns = {"n_features_in_": 2, "feature_names_in_": np.array(["a", "b"], object)}
    scaler = estimator("StandardScaler", mean_=np.array([10.0, 20]), scale_=np.array([2.0, 4]),
                       var_=np.array([4.0, 16]), **columns)  # fmt: skip
    (folder / "scaler.pkl").write_bytes(dumped(scaler))
    (folder / "app.py").write_text("model = load_model('m.keras')\n" + app)
    rows = RNG.normal(15, 5, (20, 2))
    lines = "".join(f"{a!r},{b!r}\n" for a, b in rows.tolist())
    (folder / "rows.csv").write_text(f"a,b\n{lines}")
    return rows


def test_an_app_that_scales_no_row_of_a_table_is_compared(tmp_path):
    rows = _table(tmp_path, "print(model.predict(row))\n")
    adopted = keramos.adopt(tmp_path, choose=1)
    found = adopted.compare(tmp_path / "rows.csv")
    weights = np.array([0.5, -0.25])
    expected = np.abs((rows - [10, 20]) / [2, 4] @ weights - rows @ weights).max()
    assert found.app_difference == pytest.approx(expected, rel=1e-4)
    assert "app.py:2: rows that are not scaled" in found.text()
    assert "no line of the source scales a row" in "".join(adopted.content.adoption.notes)


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("print(model.predict(scaler.transform(row)))\n", ""),
        ("print(model.predict((row - scaler.mean_) / scaler.scale_))\n", ""),
        ("x = scaler.fit_transform(row)\nmodel.predict(x)\n", "app.py:2 fits a scaler on the rows"),
    ],
)
def test_an_app_that_scales_rows_of_a_table_is_not_blamed(app, words, tmp_path):
    _table(tmp_path, app)
    adopted = keramos.adopt(tmp_path, choose=1)
    assert adopted.compare(tmp_path / "rows.csv").app == ""
    notes = [one for one in adopted.content.adoption.notes if "app.py" in one]
    assert len(notes) == bool(words)
    assert all(words in note for note in notes)


def test_an_app_that_pads_texts_on_the_other_side_is_compared(tmp_path):
    tiny_networks.texts(tmp_path / "m.keras")
    words = ["good", "bad", "fine", "poor", "film"]
    (tmp_path / "tokenizer.json").write_text(tiny_networks.tokenizer(words))
    (tmp_path / "labels.txt").write_text("yes\nno\n")
    (tmp_path / "app.py").write_text(
        "model = load_model('m.keras')\n"
        "x = pad_sequences(t.texts_to_sequences([s]), maxlen=5, padding='pre', truncating='pre')\n"
        "model.predict(x)\n"
    )
    (tmp_path / "texts.csv").write_text("text\ngood film and bad film poor but poor\ngood\nfine\n")
    settings = {"padding": "post", "truncating": "post"}
    found = keramos.adopt(tmp_path, recipe={"settings": settings}, choose=1).compare(
        tmp_path / "texts.csv"
    )
    assert found.rows == 3
    assert "app.py:2" in found.app
    assert found.app_difference > 1e-3
    same = keramos.adopt(tmp_path, choose=1).compare(tmp_path / "texts.csv")
    assert same.app == ""
