"""Writes messages to an outbox directory, from where a mail server takes them."""

import email.message
import email.policy
import os
import uuid


class SendEmail:
    def __init__(self, outbox="outbox", sender="noreply@acme.example"):
        self._outbox = outbox
        self._sender = sender

    def run(self, body):
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["From"] = self._sender
        message["To"] = body["to"]
        message["Subject"] = body.get("subject", "")
        message.set_content(body["text"])
        os.makedirs(self._outbox, exist_ok=True)
        path = os.path.join(self._outbox, uuid.uuid4().hex + ".eml")
        # Under another name first: the mail server sees whole messages only.
        with open(path + ".part", "wb") as file:
            file.write(message.as_bytes())
        os.rename(path + ".part", path)
        return {"outbox": path}
