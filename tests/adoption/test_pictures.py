"""A model of pictures and the labels beside it become one file that takes photos."""

import base64
import hashlib
import io
import json
import os

import numpy as np
import pytest

import keramos
from keramos.adoption.pictures.build import png
from keramos.errors import DataError, ModelError, RowError, UsageError
from keramos.tabular.media.picture import prepared
from keramos.tabular.media.resample import resized
from keramos.types.schema import Picture
from support.command import keramos as command
from support.shared import SHARED

COMPANIONS = SHARED / "companions"
LABELS = ["0 cat\n", "1 dog house\n", "2 5 birds\n"]
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (40, 60, 3)).astype("uint8")


def _teachable(folder):
    import keras

    layers = keras.layers
    body = keras.Sequential(
        [keras.Input((224, 224, 3)), layers.Conv2D(4, 7, 7), layers.GlobalAveragePooling2D()]
    )
    head = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(100, "relu"),
            layers.Dense(3, "softmax", use_bias=False),
        ]
    )
    model = keras.Sequential([keras.Input((224, 224, 3)), body, head])
    folder.mkdir()
    model.save(folder / "keras_model.h5")
    (folder / "labels.txt").write_text("".join(LABELS), encoding="utf-8")
    return model


@pytest.fixture(scope="module")
def teachable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures") / "converted_keras"
    return folder, _teachable(folder)


@pytest.fixture(scope="module")
def whole(teachable):
    path = teachable[0].parent / "whole.h5"
    keramos.adopt(teachable[0]).save(path)
    return path


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "one.png"
    path.write_bytes(png(PHOTO))
    return path


def _by_app(model):
    """What the app that Teachable Machine prints answers."""
    from PIL import Image, ImageOps

    fitted = ImageOps.fit(Image.fromarray(PHOTO), (224, 224), Image.Resampling.LANCZOS)
    pixels = np.asarray(fitted).astype("float32") / 127.5 - 1
    return model.predict(pixels[None], verbose=0)[0]


def test_a_teachable_machine_folder_is_adopted_without_a_question(teachable, whole, photo):
    model = keramos.load(whole)
    decision = model.decide(photo)[0]
    expected = _by_app(teachable[1])
    assert decision.scores == pytest.approx(expected, abs=1e-5)
    assert decision.label == ["cat", "dog house", "5 birds"][int(expected.argmax())]
    assert {one.origin for one in model.content.adoption.findings} == {"family", "file", "model"}
    assert all(check.passed for check in keramos.verify(whole))
    assert model.content.golden.reference == "keramos"


@pytest.mark.parametrize("path", ["", "model.json"])
def test_a_teachable_machine_for_the_web_is_adopted_with_the_labels_beside_it(
    path, teachable, tmp_path
):
    folder = tmp_path / "web"
    keramos.convert(teachable[0] / "keras_model.h5", folder, to="tfjs")
    (folder / "metadata.json").write_text(json.dumps({"labels": ["cat", "dog", "bird"]}))

    adopted = keramos.adopt(folder / path)

    assert adopted.content.rule.labels == ("cat", "dog", "bird")
    (note,) = (one for one in keramos.load(folder / path).artifact.info.warnings if "adopt" in one)
    assert "metadata.json names 3 classes ('cat', 'dog', 'bird')" in note


def test_a_saved_model_is_adopted_with_what_lies_in_its_folder(teachable, tmp_path):
    (tmp_path / "all").mkdir()
    keramos.convert(teachable[0] / "keras_model.h5", tmp_path / "all" / "model")
    (tmp_path / "all" / "labels.txt").write_text("cat\ndog\nbird\n")

    adopted = keramos.adopt(tmp_path / "all", choose=1)

    assert adopted.content.rule.labels == ("cat", "dog", "bird")


def test_what_is_adopted_is_compared_with_pillows_own_pictures(teachable, monkeypatch):
    from keramos.adoption.pictures import build

    assert keramos.adopt(teachable[0]).difference < 1e-2  # Pillow 13 may change the order of passes
    theirs = build.by_original_parts
    monkeypatch.setattr(build, "by_original_parts", lambda *given: theirs(*given)[..., ::-1])
    assert keramos.adopt(teachable[0]).difference > 1e-5


def test_every_way_to_give_a_picture_gives_one_answer(whole, photo):
    from PIL import Image

    model, data = keramos.load(whole), photo.read_bytes()
    text = base64.b64encode(data).decode()
    ways = [
        photo, str(photo), data, bytearray(data), Image.open(photo), [photo], [data], photo.parent,
        {"image": data}, [{"image": data}], [{"image": text}], [{"image": {"b64": text}}],
        [{"image": f"data:image/png;base64,{text}"}], {"image": [data]},
    ]  # fmt: skip
    answers = {model.decide(way)[0].scores for way in ways}
    assert len(answers) == 1


def test_inspect_and_reports_say_where_each_value_comes_from(whole, tmp_path):
    done = command("inspect", whole)
    assert "adopted as" in done.stdout
    assert "labels.txt, stated" in done.stdout
    assert "Provenance" not in "".join(
        json.loads(command("inspect", whole, "--json").stdout)["absent"]
    )
    assert command("report", whole, "-o", tmp_path / "r.html").returncode == 0
    assert "family Teachable Machine" in (tmp_path / "r.html").read_text()


def test_plain_keras_opens_the_file(whole):
    import keras

    assert keras.models.load_model(whole).input_shape == (None, 224, 224, 3)


def test_what_is_not_a_picture_is_refused_by_row_and_takes_no_other_with_it(whole, photo):
    model, data = keramos.load(whole), photo.read_bytes()
    bad = [
        b"hello",
        data[:200],
        b"",
        "no base64 at all!",
        3,
        None,
        "data:image/png;base64,",
        {"b64": ""},
        {"b64": 5},
        [1, 2],
    ]
    rows = [{"image": cell} for cell in [data, *bad]]
    found = model.decide(rows, on_error="skip")
    assert list(found.rows) == [1]
    assert sorted({problem.row for problem in found.problems}) == list(range(2, len(bad) + 2))
    with pytest.raises(RowError, match="not a picture"):
        model.decide([{"image": b"hello"}])


def test_a_file_that_is_not_a_picture_is_named(whole, photo, tmp_path):
    (tmp_path / "a.png").write_bytes(photo.read_bytes())
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    bad, model = str(tmp_path / "b.jpg"), keramos.load(whole)
    for given in (tmp_path, [tmp_path / "a.png", bad]):
        assert [one.value for one in model.decide(given, on_error="skip").problems] == [bad]
        with pytest.raises(RowError) as caught:
            model.decide(given)
        assert [one.value for one in caught.value.problems] == [bad]


def test_a_pipe_under_the_name_of_a_picture_is_refused(whole, tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match="not a regular file"):
        keramos.load(whole).decide(tmp_path)


def test_a_bomb_is_refused_by_its_header(whole):
    import struct
    import zlib

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(bytes(1000)))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + packed + chunk(b"IEND", b"")
    with pytest.raises(RowError, match="pixels"):
        keramos.load(whole).decide(bomb)


def test_the_command_decides_files_and_folders(whole, photo, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(photo.read_bytes())
    (tmp_path / "in/b.jpg").write_bytes(b"no picture")
    (tmp_path / "in/readme.txt").write_text("left out")
    done = command("predict", whole, photo, tmp_path / "in", "--on-error", "skip", "-o",
                   tmp_path / "out.csv")  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].startswith('"file","row","label","score"')
    assert [line.partition(",")[0] for line in lines[1:]] == [
        f'"{photo}"',
        f'"{tmp_path / "in/a.png"}"',
    ]
    rejected = (tmp_path / "out.rejected.csv").read_text()
    assert "not a picture" in rejected
    assert str(tmp_path / "in/b.jpg") in rejected


def test_a_picture_is_traced(whole, photo):
    model = keramos.load(whole)
    assert model.trace(photo).decision.label == model.decide(photo)[0].label


def test_a_folder_without_pictures_is_refused(whole, tmp_path):
    with pytest.raises(DataError, match="holds no pictures"):
        keramos.load(whole).decide(tmp_path)
    done = command("predict", whole, tmp_path)
    assert done.returncode == 1
    assert "holds no pictures" in done.stderr


def test_the_command_decides_tables_of_pictures_of_every_format(whole, photo, tmp_path):
    import pyarrow as pa
    from pyarrow import feather

    table = tmp_path / "rows.arrow"
    feather.write_feather(pa.table({"image": [photo.read_bytes()]}), str(table))
    done = command("predict", whole, table, "--json")
    assert done.returncode == 0, done.stderr
    expected = keramos.load(whole).decide(photo)[0]
    assert json.loads(done.stdout)["label"] == expected.label


def test_images_of_pillow_in_modes_that_png_lacks_are_decided(whole, photo):
    from PIL import Image

    model, image = keramos.load(whole), Image.open(photo)
    packed = io.BytesIO()
    image.convert("CMYK").save(packed, format="TIFF")
    found = model.decide(image.convert("CMYK"))[0]
    assert found.scores == model.decide(packed.getvalue())[0].scores
    with pytest.raises(UsageError, match=r"HSV.*convert"):
        model.decide(image.convert("HSV"))


def test_a_server_takes_pictures_as_base64(whole, photo):
    from urllib.request import Request, urlopen

    body = {"instances": [{"image": {"b64": base64.b64encode(photo.read_bytes()).decode()}}]}
    with keramos.serve(whole, port=0, block=False) as server:
        request = Request(  # noqa: S310 (our own server)
            f"{server.url}/v1/models/whole:predict",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        answer = json.load(urlopen(request))  # noqa: S310 (our own server)
    scores = keramos.load(whole).decide(photo)[0].scores
    assert answer["predictions"][0] == pytest.approx(scores, abs=1e-6)


def test_labels_for_another_number_of_answers_are_refused(teachable, tmp_path):
    (tmp_path / "keras_model.h5").write_bytes((teachable[0] / "keras_model.h5").read_bytes())
    (tmp_path / "labels.txt").write_text("0 cat\n1 dog\n")
    with pytest.raises(ModelError, match=r"3 answers.*labels.txt has 2"):
        keramos.adopt(tmp_path)


def test_an_app_that_scales_otherwise_makes_it_a_question(teachable, tmp_path):
    (tmp_path / "keras_model.h5").write_bytes((teachable[0] / "keras_model.h5").read_bytes())
    (tmp_path / "labels.txt").write_text("".join(LABELS))
    (tmp_path / "app.py").write_text("image = np.asarray(image)\nimage = image / 255.0\n")
    with pytest.raises(ModelError, match=r"app.py:2 scales so") as caught:
        keramos.adopt(tmp_path)
    assert "-1..1" in str(caught.value)
    first = keramos.adopt(tmp_path, choose=1).content.preparation.inputs[0].picture
    second = keramos.adopt(tmp_path, choose=2).content.preparation.inputs[0].picture
    assert (first.divide, second.divide) == (127.5, 255.0)


def test_settings_that_a_recipe_leaves_out_stay_as_they_were_found(teachable):
    scaled = keramos.adopt(teachable[0], recipe={"settings": {"scale": "0..1"}})
    picture = scaled.content.preparation.inputs[0].picture
    assert (picture.fit, picture.method, picture.divide) == ("crop", "lanczos", 255.0)
    told = {one.what: one.certainty for one in scaled.content.adoption.findings}
    assert (told["fit"], told["scale"]) == ("stated", "confirmed")
    mirrored = keramos.adopt(teachable[0], recipe={"settings": {"mode": "BGR"}})
    picture = mirrored.content.preparation.inputs[0].picture
    assert (picture.fit, picture.divide, picture.subtract) == ("crop", 127.5, 1.0)


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ({"threshold": 0.9}, "cannot use the recipe's threshold"),
        ({"columns": ["a"]}, "no 'columns'"),
        ({"scaler": "none"}, "no 'scaler'"),
    ],
)
def test_a_recipe_with_what_the_model_cannot_use_is_refused(teachable, recipe, text):
    with pytest.raises(ModelError, match=text):
        keramos.adopt(teachable[0], recipe=recipe)


def test_other_models_of_pictures_need_one_confirmation_or_a_recipe(tmp_path, photo):
    import keras

    model = keras.Sequential(
        [keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    )
    model.save(tmp_path / "m.keras")
    (tmp_path / "class_names.json").write_text('["plain", "odd"]')
    with pytest.raises(ModelError, match="divided by"):
        keramos.adopt(tmp_path)
    with pytest.raises(ModelError, match="divided by"):
        keramos.adopt(tmp_path, recipe={"settings": {"fit": "crop"}})
    stated = {
        "target": "kind",
        "threshold": 0.25,
        "settings": {"scale": "0..1", "fit": "crop", "method": "bilinear"},
    }
    keramos.adopt(tmp_path, recipe=stated).save(tmp_path / "whole.keras")
    whole = keramos.load(tmp_path / "whole.keras")
    assert (whole.content.schema.target.name, whole.content.rule.threshold) == ("kind", 0.25)
    from PIL import Image, ImageOps

    gray = ImageOps.fit(Image.open(photo).convert("L"), (32, 32), Image.Resampling.BILINEAR)
    pixels = np.asarray(gray).astype("float32")[None, ..., None] / 255
    assert whole.decide(photo)[0].score == pytest.approx(
        float(model.predict(pixels, verbose=0)[0, 0]), abs=1e-5
    )


@pytest.mark.parametrize("method", ["nearest", "box", "bilinear", "bicubic", "lanczos"])
def test_resizing_is_pillows_bit_for_bit(method):
    """In wide pictures, where every Pillow takes columns first."""
    from PIL import Image

    for width, height, size in ((60, 40, (24, 18)), (90, 30, (31, 17)), (50, 50, (70, 70))):
        pixels = RNG.integers(0, 256, (height, width, 3)).astype("uint8")
        theirs = Image.fromarray(pixels).resize(size, Image.Resampling[method.upper()])
        ours = resized(pixels, size, method, (0.0, 0.0, float(width), float(height)))
        assert np.array_equal(ours, np.asarray(theirs)), (width, height, size)


@pytest.mark.skipif(not COMPANIONS.is_dir(), reason="the shared companions are absent")
def test_prepared_pictures_are_those_of_published_apps():
    oracle = json.loads((COMPANIONS / "tm-bot-ia/oracle.json").read_text())
    tall = json.loads((COMPANIONS / "tm-bot-ia/oracle_pillow12_tall.json").read_text())
    picture = Picture(224, 224, "RGB", "crop", "lanczos", 127.5, 1.0)
    wanted = {one["input"]: one["x_sha256"] for one in [*oracle, *tall] if "x_sha256" in one}
    assert len(wanted) > 12
    for name, digest in wanted.items():
        array = prepared((COMPANIONS / "inputs" / name).read_bytes(), picture)
        found = hashlib.sha256(np.ascontiguousarray(array[None]).tobytes()).hexdigest()
        assert found == digest, name


def test_formats_that_are_not_listed_are_not_opened(whole):
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, format="PPM")
    with pytest.raises(RowError, match="known format"):
        keramos.load(whole).decide(buffer.getvalue())


RECIPES = {
    "devanagari-bgr": {"scale": "0..1", "method": "cv-linear", "mode": "BGR"},
    "melanoma-caffe": {"scale": "caffe", "method": "nearest"},
    "potato-rescaling-inside": {"scale": "0..255", "method": "tf-bilinear"},
    "mnist-resize-then-gray": {"scale": "0..1", "order": "resize"},
}


@pytest.mark.parametrize("name", RECIPES)
def test_answers_are_those_of_apps_that_resize_by_other_libraries(name, tmp_path):
    source = COMPANIONS / name
    if not source.exists():
        pytest.skip("the shared material is absent")
    keramos.adopt(source, recipe={"settings": RECIPES[name]}, choose=1).save(tmp_path / "m.keras")
    model, recorded = keramos.load(tmp_path / "m.keras"), np.load(source / "oracle.npz")
    for picture in ("01_photo.jpg", "02_square.png"):
        answer = recorded[f"y:r0_{picture}"].ravel()
        found = model.decide(COMPANIONS / "inputs" / picture)[0].scores
        assert found == pytest.approx(answer.tolist(), abs=1e-4)


SOURCES = {
    "x = cv2.resize(cv2.imread(p), (32, 32))/255.0": ("cv-linear", "BGR", "0..1"),
    "x = cv2.resize(cv2.cvtColor(cv2.imread(p), cv2.COLOR_BGR2RGB), (32, 32), "
    "interpolation=cv2.INTER_AREA) / 127.5 - 1": ("cv-area", "RGB", "-1..1"),
    "from tensorflow.keras.applications.vgg16 import preprocess_input\n"
    "x = preprocess_input(img_to_array(load_img(p, target_size=(32, 32))))": (
        "nearest", "BGR", "caffe"),
    "x = tf.image.resize(x, (32, 32)); x /= 255": ("tf-bilinear", "RGB", "0..1"),
    "x = np.array(Image.open(p).resize((32, 32), Image.LANCZOS)) / 255": (
        "lanczos", "RGB", "0..1"),
}  # fmt: skip


@pytest.mark.parametrize("code", SOURCES)
def test_the_source_says_how_pictures_are_prepared(code, tmp_path):
    from keramos.artifact.write import write
    from keramos.types.network import Call, Layer, Network, TensorRef

    shape = {"batch_shape": [None, 32, 32, 3], "dtype": "float32"}
    kernel = (np.ones((3, 2), "float32"), np.zeros(2, "float32"))
    layers = {
        "x": Layer("x", "InputLayer", shape),
        "pool": Layer("pool", "GlobalAveragePooling2D", {}),
        "y": Layer("y", "Dense", {"units": 2, "activation": "softmax"}, kernel),
    }
    calls = (Call("pool", (TensorRef("x"),)), Call("y", (TensorRef("pool"),)))
    network = Network("net", layers, calls, (TensorRef("x"),), (TensorRef("y"),))
    write(tmp_path / "model.keras", network, None)
    (tmp_path / "app.py").write_text(f"class_names = ['cat', 'dog']\n{code}\n")
    (tmp_path / "notes.txt").write_text("some words\n")
    adopted = keramos.adopt(tmp_path, choose=1)
    picture = adopted.content.preparation.inputs[0].picture
    found = {one.what: one.value for one in adopted.content.adoption.findings}
    assert (picture.method, picture.mode, found["scale"]) == SOURCES[code]
    assert found["labels"] == "cat, dog"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("frame = cv2.imread(name)\nx = cv2.resize(frame, (224, 224))\nx = x / 127.5 - 1\n",
         "blue before its red"),
        ("x = image.resize((224, 224))\nx = x / 127.5 - 1\n", "stretched"),
        ("x = ImageOps.fit(image, (224, 224))\nx = x / 127.5 - 1\n", ""),
    ],
)  # fmt: skip
def test_an_app_that_feeds_teachable_machine_another_picture_is_told(
    teachable, tmp_path, source, words
):
    (tmp_path / "app.py").write_text(source)
    given = [teachable[0] / "labels.txt", tmp_path / "app.py"]
    adopted = keramos.adopt(teachable[0] / "keras_model.h5", given)
    notes = [one for one in adopted.content.adoption.notes if "training" in one]
    assert len(notes) == bool(words)
    assert all(words in note for note in notes)


@pytest.mark.parametrize("form", ["TIFF", "BMP", "GIF"])
def test_a_file_whose_bytes_may_be_text_is_a_picture_over_rest(form):
    from PIL import Image

    from keramos.tabular.image import ImageKind

    buffer = io.BytesIO()
    Image.new("L", (8, 8), 7).save(buffer, form)
    plain = bytes(byte & 127 for byte in buffer.getvalue())  # as UTF-8 it is text too
    assert ImageKind().read(plain.decode()) == plain


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "LA", "1"])
def test_pillows_own_passes_give_what_numpy_gives(mode):
    from PIL import Image

    from keramos.tabular.media.by_pillow import resized_by_pillow
    from keramos.tabular.media.picture import _pixels
    from keramos.tabular.media.resample import fitted_box

    rng, compared = np.random.default_rng(len(mode)), 0
    for _ in range(12):
        width, height = map(int, rng.integers(1, 160, 2))
        size = tuple(map(int, rng.integers(1, 120, 2)))
        pixels = rng.integers(0, 256, (height, width, 3)).astype("uint8")
        opened = Image.fromarray(pixels).convert(mode)
        box = fitted_box(width, height, size)
        for method in ("nearest", "box", "bilinear", "bicubic", "lanczos"):
            found = resized_by_pillow(opened, "RGB", size, method, box)
            if found is not None:
                compared += 1
                assert np.array_equal(found, resized(_pixels(opened, "RGB"), size, method, box))
    assert compared >= 48


@pytest.mark.parametrize("method", ["nearest", "bilinear", "lanczos"])
def test_a_part_with_fractions_is_cut_as_pillow_cuts_it(method):
    from PIL import Image, ImageOps

    from keramos.tabular.media.resample import fitted_box

    pixels = RNG.integers(0, 256, (82, 76, 3)).astype("uint8")
    size = (90, 114)  # 5.6315789... of the picture are cut off, which Pillow has as float32
    theirs = ImageOps.fit(Image.fromarray(pixels), size, Image.Resampling[method.upper()])
    ours = resized(pixels, size, method, fitted_box(76, 82, size))
    assert np.abs(ours.astype(int) - np.asarray(theirs)).max() <= (method != "nearest") * 9


def test_where_pillow_gives_other_pixels_numpy_resizes(monkeypatch, photo):
    from keramos.tabular.media import by_pillow, picture

    recipe = Picture(9, 9, "RGB", "crop", "lanczos", 127.5, 1.0)
    expected = prepared(photo.read_bytes(), recipe)
    monkeypatch.setattr(by_pillow, "_agrees", lambda _: False)
    assert np.array_equal(picture.prepared(photo.read_bytes(), recipe), expected)
