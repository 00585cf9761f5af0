from fastapi import APIRouter, HTTPException, status

from ..core.auth import hash_password, make_token, verify_password
from ..core.deps import CurrentUser, Users
from ..core.schemas import Credentials, TokenOut, UserOut
from ..services.mail import send_welcome_mail

router = APIRouter(prefix="/users", tags=["users"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def register(credentials: Credentials, users: Users) -> UserOut:
    # Three ways to stop the world, one after another: a slow hash, a database, a mail server.
    password_hash = hash_password(credentials.password)  # expect: FAL107
    user = users.add(credentials.email, password_hash)  # expect: FAL103
    if user is None:
        raise HTTPException(status.HTTP_409_CONFLICT, "this address is taken")
    send_welcome_mail(user.email)  # expect: FAL109
    return user


# The same kind of work in a plain `def` route: it runs in a worker thread, and nothing is wrong with it.
@router.post("/login")
def login(credentials: Credentials, users: Users) -> TokenOut:
    user = users.find(credentials.email)
    if user is None or not verify_password(credentials.password, user.password_hash):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong address or password")
    return TokenOut(token=make_token(user.id))


@router.get("/me")
async def show_me(user: CurrentUser) -> UserOut:
    return user
