"""Passwords and tokens."""

import hashlib
import hmac
import secrets

from .settings import settings

ITERATIONS = 600_000


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_derive(password, salt).hex()}"


def verify_password(password: str, stored: str) -> bool:
    salt, digest = stored.split("$")
    return hmac.compare_digest(_derive(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def make_token(user_id: int) -> str:
    return f"{user_id}.{_sign(str(user_id))}"


def read_token(token: str) -> int | None:
    user_id, _, signature = token.partition(".")
    if not user_id.isdigit() or not hmac.compare_digest(signature, _sign(user_id)):
        return None
    return int(user_id)


def _derive(password: str, salt: bytes) -> bytes:
    """Slow on purpose: about a quarter of a second."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)


def _sign(text: str) -> str:
    return hmac.new(settings.token_secret, text.encode(), "sha256").hexdigest()
