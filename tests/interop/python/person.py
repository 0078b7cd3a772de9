"""A person with a browser: follows the client's authorization URL through sign-in and consent, back to the client."""
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests


class Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs.get("action", ""), "fields": {}})
        if tag in ("input", "button") and self.forms and attrs.get("name"):
            self.forms[-1]["fields"][attrs["name"]] = attrs.get("value", "")


def form_with(page, field):
    parser = Forms()
    parser.feed(page)
    return next(form for form in parser.forms if field in form["fields"])


def hidden(form):
    return {name: form["fields"][name] for name in ("interaction", "csrf_token") if name in form["fields"]}


def walk(url, redirect_uri, username="demo", password="correct-horse", decision="allow"):
    """Gives the URL at which the browser arrives at the client."""
    browser = requests.Session()
    answer = browser.get(url, allow_redirects=False)
    for _ in range(12):
        if answer.is_redirect:
            target = urljoin(answer.url, answer.headers["Location"])
            if target.startswith(redirect_uri):
                return target
            answer = browser.get(target, allow_redirects=False)
        elif "current-password" in answer.text:
            form = form_with(answer.text, "password")
            fields = hidden(form) | {"username": username, "password": password}
            answer = browser.post(urljoin(answer.url, form["action"]), fields, allow_redirects=False)
        elif answer.ok:
            form = form_with(answer.text, "decision")
            answer = browser.post(urljoin(answer.url, form["action"]), hidden(form) | {"decision": decision}, allow_redirects=False)
        else:
            raise SystemExit(f"{answer.status_code} at {answer.url}: {answer.text[:2000]}")
    raise SystemExit(f"no way back to the client from {answer.url}")
