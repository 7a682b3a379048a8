"""TensorBundle: the checkpoints of TensorFlow (version 2), an index of tensors and their shards."""

from keramos.artifact.tensor_bundle.bundle import Bundle, shard_names

__all__ = ["Bundle", "shard_names"]
