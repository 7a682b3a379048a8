"""Pictures are followed through the source of an app; what no recipe has is told."""

import pytest

from keramos.pipeline.adopt import propose
from support import tiny_networks

OPENED = "model = load_model('m')\nx = np.array(Image.open(p).convert('RGB').resize((8, 6)))\n"
CV = "model = load_model('m')\nx = cv2.resize(cv2.imread(p), (8, 6))\n"
FED = "model.predict(x[None])\n"
SOURCES = {
    OPENED + "x = x / 255.0 - 0.5\nx = x * 2\n" + FED: ("bicubic", "RGB", "-1..1"),
    OPENED + "x = (x - 127.5) / 127.5\n" + FED: ("bicubic", "RGB", "-1..1"),
    OPENED + "x = np.subtract(np.divide(x, 255), .5)\n" + FED: ("bicubic", "RGB", "x / 255 - 0.5"),
    OPENED + "x = 255 - x\nx = x * (1. / 255)\n" + FED: ("bicubic", "RGB", "1 - x / 255"),
    OPENED + "# x = x / 255\nmask = mask / 255\n" + FED: ("bicubic", "RGB", "0..255"),
    OPENED + "x = (x / 255 - np.array([.485, .456, .406])) / [.229, .224, .225]\n" + FED: (
        "bicubic", "RGB", "torch"),
    "from keras.applications.vgg16 import preprocess_input as pre\n" + OPENED + "x = pre(x)\n"
    + FED: ("bicubic", "BGR", "caffe"),
    CV + "x = x.astype('float32')[..., ::-1] / 255\n" + FED: ("cv-linear", "RGB", "0..1"),
    "model = load_model('m')\nx = cv2.imread(p) / 255.0\nx = cv2.resize(x, (8, 6))\n" + FED: (
        "tf-bilinear", "BGR", "0..1"),
    "S = {'size': (8, 6), 'by': 255}\ndef pre(image, how=Image.BOX):\n"
    "    image = image.resize(S['size'], how)\n    return np.asarray(image) / S['by']\n"
    "model = load_model('m')\nmodel.predict(pre(Image.open(p), how=Image.NEAREST))\n": (
        "nearest", "RGB", "0..1"),
    "class App:\n    def __init__(self):\n        self.net = load_model('m')\n"
    "    def pre(self, image, signed=True):\n        x = tf.image.resize(image, [6, 8])\n"
    "        if signed:\n            return x / 127.5 - 1\n        return x / 255\n"
    "    def ask(self, path):\n        x = tf.io.decode_png(tf.io.read_file(path))\n"
    "        return self.net(self.pre(x, signed=False))\n": ("tf-bilinear", "RGB", "0..1"),
    "def classify(img):\n    return model.predict(np.array(img.resize((8, 6), 1))[None] / 255)\n"
    "gr.Interface(fn=classify, inputs=gr.Image(type='pil')).launch()\n": ("lanczos", "RGB", "0..1"),
    "xs = []\nfor p in paths:\n    xs.append(cv2.resize(cv2.imread(p), (8, 6)))\n"
    "xs = np.array(xs) / 255\na, b, c, d = train_test_split(xs, ys)\nmodel.fit(a, c)\n": (
        "cv-linear", "BGR", "0..1"),
}  # fmt: skip
TOLD = {
    OPENED + "x = (x - x.mean()) / x.std()\n" + FED: "app.py:3 reckons with more",
    OPENED + "x = np.clip(x / 255, 0, .5)\n" + FED: "app.py:3 calls np.clip",
    OPENED + "x = x[:, ::-1] / 255\n" + FED: "app.py:3 cuts a part out",
    OPENED + "x = (x / 2).astype('uint8')\n" + FED: "app.py:3 cuts fractions off",
    OPENED + "for _ in 'ab':\n    x = x / 16\n" + FED: "app.py:3 changes it in a loop",
    OPENED + "if k:\n    x = x / 255\nelse:\n    x = x / 127.5 - 1\n" + FED: "between two ways",
    CV + "x = np.where(x > 9, 1, 0)\n" + FED: "app.py:3 compares its pixels",
    CV + "x = cv2.resize(x, (8, 6)) / 255\n" + FED: "app.py:3 resizes again (cv2.resize)",
    "model = load_model(f)\ng = cv2.resize(cv2.imread(p, 0), (8, 6))\nx = np.stack((g,) * 3)\n"
    + FED: "gray pictures",
    CV.replace("(8, 6))", "(8, 6), interpolation=cv2.INTER_CUBIC)")
    + FED: "resizes by cv2.INTER_CUBIC",
    "model = load_model('m')\nx = prepared(Image.open(p))\n"
    + FED: "app.py:2 calls prepared",
    CV.replace("imread(p)", "imread(p)[y:y + h, x:x + w]")
    + FED: "app.py:2 cuts a part out",
}  # fmt: skip


def _proposed(folder, source):
    tiny_networks.pictures(folder / "m.keras")
    (folder / "labels.txt").write_text("cat\ndog\nbird\n")
    (folder / "app.py").write_text(source)
    return propose(folder)


@pytest.mark.parametrize("source", SOURCES)
def test_a_picture_is_followed_to_the_model(source, tmp_path):
    chosen = _proposed(tmp_path, source).candidates[0]
    picture = chosen.build().content.preparation.inputs[0].picture
    scale = next(one.value for one in chosen.findings if one.what == "scale")
    assert (picture.method, picture.mode, scale) == SOURCES[source]
    assert "no recipe" not in "".join(chosen.doubts)


@pytest.mark.parametrize("source", TOLD)
def test_what_no_recipe_has_is_told_with_its_line(source, tmp_path):
    (first, *_) = _proposed(tmp_path, source).candidates
    assert TOLD[source] in "".join(first.doubts)


def test_two_ways_to_one_model_are_two_answers(tmp_path):
    source = (
        "model = load_model('m')\ndef upload(p):\n"
        "    model.predict(np.array(Image.open(p).resize((8, 6)))[None] / 255)\n"
        "def camera():\n    _, frame = cap.read()\n"
        "    model.predict(cv2.resize(frame, (8, 6))[None] / 127.5 - 1)\n"
    )
    first, second, *_ = _proposed(tmp_path, source).question.answers
    assert "pixels in 0..1" in first
    assert "app.py:3" in first
    assert "pixels in -1..1" in second
    assert "app.py:6 calls cv2.resize" in second


def test_pictures_of_another_size_belong_to_another_model(tmp_path):
    source = CV.replace("(8, 6)", "(64, 64)") + FED
    proposal = _proposed(tmp_path, source)
    said = "app.py:2 resizes to 64 x 64, and the network takes 8 x 6"
    assert said in proposal.candidates[0].notes


def test_endless_sources_end(tmp_path):
    calls = "def f(x):\n" + "    f(x)\n" * 400 + "model.predict(f(Image.open(p)))\n"
    assert _proposed(tmp_path, calls).candidates
