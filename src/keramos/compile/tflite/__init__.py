"""TensorFlow Lite files written without TensorFlow: TensorFlow's nodes -> builtin operators."""
