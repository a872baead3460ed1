"""The control API: how a person or a test looks into the simulators and sets them."""
