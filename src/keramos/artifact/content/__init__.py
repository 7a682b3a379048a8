"""What keramos stores in a model file beside the network."""
