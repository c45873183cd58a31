"""What a stricter or a more patient policy would do."""


def plot_what_if(): ...
