"""Pickles like those of scikit-learn, without it: classes of its names, made for a moment."""

import pickle
import sys
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from keramos.artifact.write import write
from keramos.types.network import Call, Layer, Network, TensorRef

HOMES = {
    "StandardScaler": "sklearn.preprocessing._data",
    "MinMaxScaler": "sklearn.preprocessing._data",
    "PowerTransformer": "sklearn.preprocessing._data",
    "LabelEncoder": "sklearn.preprocessing._label",
    "OneHotEncoder": "sklearn.preprocessing._encoders",
    "OrdinalEncoder": "sklearn.preprocessing._encoders",
    "ColumnTransformer": "sklearn.compose._column_transformer",
    "Pipeline": "sklearn.pipeline",
    "SimpleImputer": "sklearn.impute._base",
    "KNNImputer": "sklearn.impute._knn",
}


@contextmanager
def _modules():
    made = {}
    for home in HOMES.values():
        steps = home.split(".")
        for end in range(1, len(steps) + 1):
            name = ".".join(steps[:end])
            made.setdefault(name, ModuleType(name))
    kept = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield made
    finally:
        for name, module in kept.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def estimator(name, **state):
    """A fitted transform: its class and its attributes."""
    return name, {**state, "_sklearn_version": "1.7.2"}


def dumped(value, protocol=4):
    """A pickle in which every ``estimator`` is an object of its class."""
    with _modules() as modules:
        return pickle.dumps(_real(value, modules), protocol)


def _real(value, modules):
    if isinstance(value, tuple) and len(value) == 2 and value[0] in HOMES:
        name, state = value
        home = modules[HOMES[name]]
        kind = vars(home).setdefault(name, type(name, (), {"__module__": home.__name__}))
        made = kind()
        made.__dict__.update({key: _real(part, modules) for key, part in state.items()})
        return made
    if isinstance(value, dict):
        return {key: _real(part, modules) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_real(part, modules) for part in value)
    return value


def texts(*words):
    return np.array(words, object)


def scaler(names, mean, deviation):
    return estimator(
        "StandardScaler",
        with_mean=True,
        with_std=True,
        mean_=np.array(mean, float),
        scale_=np.array(deviation, float),
        var_=np.array(deviation, float) ** 2,
        n_features_in_=len(mean),
        **({"feature_names_in_": texts(*names)} if names else {}),
    )


def label_encoder(*classes):
    return estimator("LabelEncoder", classes_=texts(*classes))


def one_hot(column, *categories, handle_unknown="error"):
    return estimator(
        "OneHotEncoder",
        categories_=[texts(*categories)],
        handle_unknown=handle_unknown,
        drop_idx_=None,
        feature_names_in_=texts(column),
        n_features_in_=1,
    )


def dense_network(width, units=1, activation="sigmoid", seed=0):
    """A network of two Dense layers over ``width`` numbers."""
    draw = np.random.default_rng(seed)
    first = (draw.normal(size=(width, 6)).astype("float32"), np.zeros(6, "float32"))
    last = (draw.normal(size=(6, units)).astype("float32"), np.zeros(units, "float32"))
    layers = {
        "row": Layer("row", "InputLayer", {"batch_shape": [None, width], "dtype": "float32"}),
        "dense": Layer("dense", "Dense", {"units": 6, "activation": "relu"}, first),
        "answer": Layer("answer", "Dense", {"units": units, "activation": activation}, last),
    }
    calls = (Call("dense", (TensorRef("row"),)), Call("answer", (TensorRef("dense"),)))
    return Network("net", layers, calls, (TensorRef("row"),), (TensorRef("answer"),))


CHURN_COLUMNS = ("age", "gender", "balance", "city_Berlin", "city_Paris")


def churn_folder(folder):
    """A model and the files beside it, as people publish them: ``churn/`` with a scaler, an
    encoder whose file names its column, a one-hot encoder and some rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "model.keras", dense_network(5), None)
    files = {
        "scaler.pkl": scaler(CHURN_COLUMNS, [40, 0.5, 5e4, 0.5, 0.5], [10, 0.5, 2e4, 0.5, 0.5]),
        "label_encoder_gender.pkl": label_encoder("Female", "Male"),
        "onehot_encoder_city.pkl": one_hot("city", "Berlin", "Paris"),
    }
    for name, value in files.items():
        (folder / name).write_bytes(dumped(value))
    rows = ["age,gender,city,balance,churned"]
    for place in range(40):
        gender, city = ("Female", "Male")[place % 2], ("Berlin", "Paris")[place // 2 % 2]
        rows.append(f"{25 + place},{gender},{city},{30000 + 1000 * place},{place % 3 // 2}")
    (folder / "customers.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


def min_max_scaler(low, high, names=None):
    """The pickle of a MinMaxScaler that was fitted on columns of these ranges."""
    scale = 1 / (high - low)
    state = {
        "feature_range": (0, 1),
        "clip": False,
        "scale_": scale,
        "min_": -low * scale,
        "data_min_": low,
        "data_max_": high,
        "data_range_": high - low,
        "n_features_in_": len(low),
    }
    if names:
        state["feature_names_in_"] = np.array(names, object)
    return dumped(estimator("MinMaxScaler", **state))
