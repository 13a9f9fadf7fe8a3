"""The tables of the app, one file per subject."""
