import os

import requests


def get_json(path: str, **query: object) -> dict:
    return requests.get(os.environ["UPSTREAM"] + path, params=query, timeout=5).json()
