"""The engine that trains with Keras, and what Keras itself answers."""
