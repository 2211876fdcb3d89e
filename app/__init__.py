"""The house: rows, states and stages; `app.web` are its windows, `app.cli` its door."""
