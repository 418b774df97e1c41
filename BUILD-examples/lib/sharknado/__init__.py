"""The in-house API framework: bottle and waitress, with what each of our services needs on top."""

from lib.sharknado.api import Api, HttpError
from lib.sharknado.server import argument_parser, serve, serve_in_background

__all__ = ["Api", "HttpError", "argument_parser", "serve", "serve_in_background"]
