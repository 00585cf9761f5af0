"""The line of text above the shop."""

from sqlalchemy.orm import Session

from ..core.models import Notice

FIRST_TEXT = "Welcome to the shop"


def get_banner(session: Session) -> str:
    notice = session.get(Notice, "banner")
    return notice.text if notice else FIRST_TEXT


def set_banner(session: Session, text: str) -> None:
    session.merge(Notice(place="banner", text=text))
    session.commit()
