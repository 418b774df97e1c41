"""Makes a reader's digest of the day's headlines."""


class DailyDigest:
    def __init__(self, max_headlines="5"):
        self._max = int(max_headlines)

    def run(self, body):
        ranked = sorted(body["headlines"], key=lambda headline: (-headline["score"], headline["text"]))
        lines = ["Good morning, {}.".format(body["reader"]), ""]
        lines += [f"{number}. {headline['text']}" for number, headline in enumerate(ranked[: self._max], 1)]
        return {"reader": body["reader"], "digest": "\n".join(lines)}
