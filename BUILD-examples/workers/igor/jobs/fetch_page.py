"""Fetches a page and keeps its title."""

import html
import re

import requests


class FetchPage:
    def __init__(self, timeout_seconds="10"):
        self._timeout = float(timeout_seconds)
        self._session = requests.Session()

    def run(self, body):
        response = self._session.get(body["url"], timeout=self._timeout)
        response.raise_for_status()
        return {"url": response.url, "title": title(response.text), "bytes": len(response.content)}


def title(page):
    match = re.search(r"<title[^>]*>(.*?)</title>", page, re.DOTALL | re.IGNORECASE)
    return html.unescape(" ".join(match.group(1).split())) if match else ""
