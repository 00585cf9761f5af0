import os

UPSTREAM = os.environ["UPSTREAM"]
