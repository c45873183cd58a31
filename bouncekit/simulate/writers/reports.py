"""Bounce messages as mail servers write them: RFC 3464 reports, Exim, qmail."""

from bouncekit.simulate.data import MINUTE, facts
from bouncekit.simulate.talk import Said
from bouncekit.simulate.writers.letters import date, letter, multipart, original, seller
from bouncekit.simulate.writers.postfix import dsn, queue_id, words

_OWN = ("host_unknown", "null_mx", "timeout")


def postfix(entry: Said, sender: str) -> str:
    """Write the non-delivery report of the seller's own Postfix."""
    host = f"{facts()['seller']['postfix_host']}.{seller()}"
    said = words(entry)
    remote = "" if entry.cause in _OWN else f"Remote-MTA: dns; {entry.host}\n"
    kind = "X-Postfix" if entry.cause in _OWN else "smtp"
    status = (
        f"Reporting-MTA: dns; {host}\nX-Postfix-Queue-ID: {queue_id(entry.message_id)}\n"
        f"X-Postfix-Sender: rfc822; {sender}\nArrival-Date: {date(entry.sent_at)}\n\n"
        f"Final-Recipient: rfc822; {entry.address}\nOriginal-Recipient: rfc822;{entry.address}\n"
        f"Action: failed\nStatus: {dsn(entry)}\n{remote}Diagnostic-Code: {kind}; {entry.reply}\n"
    )
    text = (
        f"This is the mail system at host {host}.\n\n"
        "I'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients. It's attached below.\n\n"
        f"<{entry.address}>: {said}\n"
    )
    mailer = f"MAILER-DAEMON@{host} (Mail Delivery System)"
    subject = "Undelivered Mail Returned to Sender"
    return _report(entry, sender, mailer, subject, text, status)


def _report(
    entry: Said, sender: str, mailer: str, subject: str, text: str, status: str, extra: str = ""
) -> str:
    """Write a report of three parts: for people, for programs, the original's headers."""
    boundary = f"report-{entry.message}-{entry.at}"
    host = mailer.rpartition("@")[2].split()[0].strip(">")
    parts = [
        ("Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii", text),
        ("Content-Description: Delivery report\nContent-Type: message/delivery-status", status),
        ("Content-Type: text/rfc822-headers", letter(original(entry, sender), "").rstrip("\n")),
    ]
    headers = {
        "Return-Path": "<>",
        "Date": date(entry.at),
        "From": mailer,
        "To": f"<{sender}>",
        "Subject": subject,
        "Message-ID": f"<dsn.{entry.message}.{entry.at:x}@{host}>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type=delivery-status; boundary="{boundary}"',
    }
    if extra:
        headers["X-Failed-Recipients"] = extra
    return letter(headers, multipart(parts, boundary))


def ses(entry: Said, sender: str) -> str:
    """Write the copy of a bounce that SES forwards by mail."""
    status = (
        "Reporting-MTA: dns; a8-31.smtp-out.amazonses.com\n\nAction: failed\n"
        f"Final-Recipient: rfc822; {entry.address}\nDiagnostic-Code: smtp; {entry.reply}\n"
        f"Status: {entry.enhanced or '5.0.0'}\n"
    )
    text = (
        "An error occurred while trying to deliver the mail to the following recipients:\n"
        f"{entry.address}"
    )
    mailer = "MAILER-DAEMON@amazonses.com"
    return _report(entry, sender, mailer, "Delivery Status Notification (Failure)", text, status)


def gmail(entry: Said, sender: str, action: str = "failed") -> str:
    """Write the report of a Google Workspace account; ``action`` may be ``delayed``."""
    said = entry.reply
    digit = "5" if action == "failed" else "4"
    remote = "" if entry.cause in _OWN else f"Remote-MTA: dns; {entry.host}. ({entry.ip})\n"
    status = (
        f"Reporting-MTA: dns; googlemail.com\nArrival-Date: {date(entry.sent_at)}\n\n"
        f"Final-Recipient: rfc822; {entry.address}\nAction: {action}\n"
        f"Status: {entry.enhanced or digit + '.0.0'}\n{remote}Diagnostic-Code: smtp; {said}\n"
        f"Last-Attempt-Date: {date(entry.at)}\n"
    )
    title = "** Address not found **" if action == "failed" else "** Delivery incomplete **"
    if action == "failed" and entry.kind not in ("user_unknown", "host_unknown"):
        title = "** Message not delivered **"
    text = f"\n{title}\n\nYour message to {entry.address}\n\nThe response was:\n\n{said}\n"
    subject = f"Delivery Status Notification ({'Failure' if action == 'failed' else 'Delay'})"
    mailer = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
    return _report(entry, sender, mailer, subject, text, status, entry.address)


def exchange(entry: Said, sender: str) -> str:
    """Write the report of a receiving Exchange server that had taken the message."""
    domain = entry.address.rpartition("@")[2]
    status = (
        f"Reporting-MTA: dns;mail2.{domain}\nReceived-From-MTA: dns;mail.{seller()}\n"
        f"Arrival-Date: {date(entry.sent_at)}\n\nFinal-Recipient: rfc822;{entry.address}\n"
        f"Action: failed\nStatus: {entry.enhanced or '5.1.1'}\n"
        f"Diagnostic-Code: smtp;{entry.reply}\n"
    )
    text = (
        f"Delivery has failed to these recipients or groups:\n\n{entry.address}\n\n{entry.reply}\n"
    )
    mailer = f"Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@{domain}>"
    return _report(entry, sender, mailer, f"Undeliverable: {entry.subject}", text, status)


def exim(entry: Said, sender: str, host: str) -> str:
    """Write the plain report of an Exim server (shared hosting)."""
    said = entry.reply
    if entry.cause not in _OWN:
        said = (
            f"host {entry.host} [{entry.ip}]\n    SMTP error from remote mail server after "
            f"RCPT TO:<{entry.address}>:\n    {entry.reply}"
        )
    body = (
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\n"
        "recipients. This is a permanent error. The following address(es) failed:\n\n"
        f"  {entry.address}\n    {said}\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n"
        + letter(original(entry, sender), "<p>Dear buyer</p>")
    )
    headers = {
        "Return-Path": "<>",
        "Date": date(entry.at),
        "From": f"Mail Delivery System <Mailer-Daemon@{host}>",
        "To": f"<{sender}>",
        "Subject": "Mail delivery failed: returning message to sender",
        "Message-ID": f"<E1w{entry.message:05d}-0001-Xy@{host}>",
        "X-Failed-Recipients": entry.address,
        "Auto-Submitted": "auto-replied",
    }
    return letter(headers, body)


def qmail(entry: Said, sender: str) -> str:
    """Write the free text of a qmail server."""
    host = f"mx.{seller()}"
    said = f"Sorry, I couldn't find any host named {entry.address.rpartition('@')[2]}. (#5.1.2)"
    if entry.cause == "timeout":
        said = "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)"
    elif entry.cause not in _OWN:
        said = (
            f"{entry.ip} does not like recipient.\nRemote host said: {entry.reply}\n"
            f"Giving up on {entry.ip}."
        )
    body = (
        f"Hi. This is the qmail-send program at {host}.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{entry.address}>:\n{said}\n\n--- Below this line is a copy of the message.\n\n"
        + letter(original(entry, sender), "<p>Dear buyer</p>")
    )
    headers = {
        "Return-Path": "<>",
        "Date": date(entry.at),
        "From": f"MAILER-DAEMON@{host}",
        "To": sender,
        "Subject": "failure notice",
    }
    return letter(headers, body)


def forged(address: str, at: int, number: int) -> str:
    """Write a report about mail that the seller never sent."""
    victim = f"news@{seller()}"
    entry = Said(
        message=900_000 + number,
        event="bounce",
        kind="user_unknown",
        cause="user_unknown",
        attempt=0,
        at=at,
        sent_at=at - 3 * MINUTE,
        channel="",
        campaign="",
        subject="Your parcel is waiting",
        address=address,
        message_id=f"{at:x}.{number:04d}@unrelated.example.net",
        hosting="postfix",
        reply=f"550 5.1.1 <{address}>: Recipient address rejected: User unknown",
        code=550,
        enhanced="5.1.1",
        host=f"mx1.{address.rpartition('@')[2]}",
        ip="203.0.113.200",
    )
    status = (
        f"Reporting-MTA: dns; relay.example.net\nArrival-Date: {date(entry.sent_at)}\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n"
        f"Remote-MTA: dns; {entry.host}\nDiagnostic-Code: smtp; {entry.reply}\n"
    )
    text = f"<{address}>: host {entry.host}[{entry.ip}] said: {entry.reply}\n"
    mailer = "MAILER-DAEMON@relay.example.net (Mail Delivery System)"
    return _report(entry, victim, mailer, "Undelivered Mail Returned to Sender", text, status)
