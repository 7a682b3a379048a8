"""Every Keras class as one record, by Keras' own families: data only, nothing here computes."""
