from fastapi import APIRouter

from ..core.deps import CurrentUser
from ..core.schemas import Banner
from ..services.banner import get_banner, set_banner

router = APIRouter(prefix="/banner", tags=["storefront"])


@router.get("")
async def show_banner() -> Banner:
    return Banner(text=get_banner())


@router.put("")
async def change_banner(banner: Banner, user: CurrentUser) -> Banner:
    set_banner(banner.text)
    return banner
