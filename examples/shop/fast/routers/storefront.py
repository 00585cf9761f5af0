from fastapi import APIRouter

from ..core.deps import CurrentUser, SessionDep
from ..core.schemas import Banner
from ..services.banner import get_banner, set_banner

router = APIRouter(prefix="/banner", tags=["storefront"])


@router.get("")
def show_banner(session: SessionDep) -> Banner:
    return Banner(text=get_banner(session))


@router.put("")
def change_banner(banner: Banner, user: CurrentUser, session: SessionDep) -> Banner:
    set_banner(session, banner.text)
    return banner
