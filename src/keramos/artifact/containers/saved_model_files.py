"""Where the parts of a model's folder lie."""

SAVED_MODEL = "saved_model.pb"
SAVED_CONTENT = "assets.extra/keramos.json"
"""What keramos stores beside the graph; TensorFlow has no use for that folder."""

METADATA = "metadata.json"
"""Where Teachable Machine lists the classes, beside a model of TensorFlow.js."""
