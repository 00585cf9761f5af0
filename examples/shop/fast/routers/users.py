from fastapi import APIRouter, BackgroundTasks, HTTPException, status

from ..core.auth import hash_password, make_token, verify_password
from ..core.deps import CurrentUser, Users
from ..core.schemas import Credentials, TokenOut, UserOut
from ..services.mail import send_welcome_mail

router = APIRouter(prefix="/users", tags=["users"])


@router.post("", status_code=status.HTTP_201_CREATED)
def register(credentials: Credentials, users: Users, background: BackgroundTasks) -> UserOut:
    # A plain `def` route: the hash and the database keep a worker thread busy, not the event loop.
    password_hash = hash_password(credentials.password)
    user = users.add(credentials.email, password_hash)
    if user is None:
        raise HTTPException(status.HTTP_409_CONFLICT, "this address is taken")
    background.add_task(send_welcome_mail, user.email)
    return user


@router.post("/login")
def login(credentials: Credentials, users: Users) -> TokenOut:
    user = users.find(credentials.email)
    if user is None or not verify_password(credentials.password, user.password_hash):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong address or password")
    return TokenOut(token=make_token(user.id))


@router.get("/me")
async def show_me(user: CurrentUser) -> UserOut:
    return user
