from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..core.models import User
from ..core.schemas import StoredUser, UserOut


class UserRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, user_id: int) -> UserOut | None:
        user = self.session.get(User, user_id)
        return UserOut.model_validate(user) if user else None

    def find(self, email: str) -> StoredUser | None:
        user = self.session.scalar(select(User).where(User.email == email))
        return StoredUser.model_validate(user) if user else None

    def add(self, email: str, password_hash: str) -> UserOut | None:
        """The new user, or None if the address is taken."""
        user = User(email=email, password_hash=password_hash)
        self.session.add(user)
        try:
            self.session.commit()
        except IntegrityError:
            self.session.rollback()
            return None
        return UserOut.model_validate(user)
