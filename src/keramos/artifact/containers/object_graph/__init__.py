"""Models that TensorFlow saved as graphs of objects: SavedModel folders and its own checkpoints."""
