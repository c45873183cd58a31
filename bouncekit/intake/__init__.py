"""Choose the reader of each input and take its rows in order, mail on all cores."""
