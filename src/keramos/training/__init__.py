"""Room 3, the prepared matrix -> Network and TrainingTrace.

Enters: a float32 matrix, a target and a ``TrainingPlan``. Leaves: the trained ``Network`` and its
``TrainingTrace``. The only room that may import keras.
"""
