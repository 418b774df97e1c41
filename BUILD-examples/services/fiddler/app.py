"""fiddler's routes."""

import pkgutil

import requests
import yaml

from lib.auth import BadToken, verify
from lib.memcache_utils import remember
from lib.sharknado import Api, HttpError


def load_constants():
    """constants.yaml as it lies beside this module, in a checkout as in a bundle."""
    return yaml.safe_load(pkgutil.get_data(__name__, "constants.yaml"))


def make_api(cache, eightball_url="", secret="", session=None):
    constants = load_constants()
    session = session or requests.Session()
    api = Api("fiddler")

    @api.get("/constants")
    def all_constants(request):
        return constants

    @api.get("/constants/<name>")
    def one_constant(request, name):
        if name not in constants:
            raise HttpError(404, "no constant {!r}; there are: {}".format(name, ", ".join(sorted(constants))))
        return {name: constants[name]}

    @api.get("/whoami")
    def whoami(request):
        if not secret:
            raise HttpError(503, "this instance was started without a secret")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise HttpError(401, "send Authorization: Bearer TOKEN")
        try:
            return {"user": verify(token, secret)}
        except BadToken as error:
            raise HttpError(403, str(error))

    @api.get("/ask")
    def ask(request):
        question = request.query.question
        if not question:
            raise HttpError(400, "ask something: /ask?question=...")
        if not eightball_url:
            raise HttpError(503, "this instance knows no eightball: start it with --eightball URL")
        return {
            "question": question,
            "answer": remember(cache, "fiddler:ask:" + question.encode().hex()[:200], lambda: _ask(question)),
        }

    def _ask(question):
        try:
            response = session.get(eightball_url + "/shake", params={"question": question}, timeout=5)
            response.raise_for_status()
            return response.json()["answer"]
        except requests.RequestException as error:
            raise HttpError(502, f"the eightball does not answer: {error}")

    return api
