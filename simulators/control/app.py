"""The control API as a Flask app, on the simulators' own hosts only."""

from typing import Any

from flask import Flask, jsonify


def build(simulators: Any) -> Flask:
    """The app; its views run on the loop's thread and see the state directly."""
    app = Flask("simulators.control", static_folder=None)

    @app.get("/_sim/health")
    def health() -> Any:
        return jsonify(status="ok")

    return app
