"""The eightball: eightball_server --port 8080."""

from lib.memcache_utils import connect, remember
from lib.sharknado import Api, HttpError, argument_parser, serve
from services.eightball.answers import answer, load_answers


def make_api(cache):
    answers = load_answers()
    api = Api("eightball")

    @api.get("/shake")
    def shake(request):
        question = request.query.question
        if not question:
            raise HttpError(400, "ask something: /shake?question=...")
        key = "eightball:" + question.encode().hex()[:200]
        return {"question": question, "answer": remember(cache, key, lambda: answer(question, answers))}

    return api


def main():
    parser = argument_parser("eightball, answers to questions")
    parser.add_argument("--memcache", default="", metavar="HOST:PORT", help="memcached to use (default: none)")
    arguments = parser.parse_args()
    serve(
        make_api(connect(arguments.memcache)), arguments.host, arguments.port, arguments.threads, arguments.metrics_port
    )


if __name__ == "__main__":
    main()
