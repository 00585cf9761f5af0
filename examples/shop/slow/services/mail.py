"""Mail to customers."""

import logging
import smtplib
from email.message import EmailMessage

from ..core.settings import settings

logger = logging.getLogger(__name__)


def send_welcome_mail(address: str) -> None:
    message = EmailMessage()
    message["From"] = "shop@example.org"
    message["To"] = address
    message["Subject"] = "Welcome"
    message.set_content("Good to have you here.")
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=5) as smtp:
            smtp.send_message(message)
    except OSError:
        logger.warning("no welcome mail: the mail server is not available")
