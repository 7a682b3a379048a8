"""TensorFlow Serving's protocol."""
