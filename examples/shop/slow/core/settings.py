"""Settings, read from the environment once, when the process starts."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    database_path: Path
    provider_url: str
    smtp_host: str
    smtp_port: int
    token_secret: bytes

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.database_path}"


def load_settings() -> Settings:
    default_database = Path(tempfile.gettempdir()) / "fastapi-lint-shop-slow.db"
    return Settings(
        database_path=Path(os.environ.get("SHOP_DATABASE", default_database)),
        provider_url=os.environ.get("SHOP_PROVIDER_URL", "http://127.0.0.1:9000"),
        smtp_host=os.environ.get("SHOP_SMTP_HOST", "127.0.0.1"),
        smtp_port=int(os.environ.get("SHOP_SMTP_PORT", "1025")),
        token_secret=os.environ.get("SHOP_TOKEN_SECRET", "only-for-the-example").encode(),
    )


settings = load_settings()
