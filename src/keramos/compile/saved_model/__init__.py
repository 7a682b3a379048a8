"""SavedModel folders written without TensorFlow: nodes of a network -> TensorFlow's operations."""
