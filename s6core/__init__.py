"""s6core: one parameterised MNIST net, its data, training, receptive fields, statistics and plots.

Importing the package imports no submodule, so that a page which only reads tables never waits for torch.
"""

__version__ = "0.1.0"
