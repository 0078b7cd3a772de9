"""A real Chromium signs in, consents, denies, and lands at the client. Prints one line per walk."""
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlparse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

base, client_id, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
screenshots = sys.argv[4] if len(sys.argv) > 4 else None
redirect_uri = f"http://localhost:{port}/cb"
challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Client(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>client</title><p>Back at the client.")

    def log_message(self, *_):
        pass


Thread(target=HTTPServer(("127.0.0.1", port), Client).serve_forever, daemon=True).start()


def start():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--window-size=900,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def shot(driver, name):
    if screenshots:
        driver.save_screenshot(f"{screenshots}/{name}.png")


def wait(driver, until):
    return WebDriverWait(driver, 15).until(until)


def authorize(driver, state):
    driver.get(f"{base}/authorize?" + urlencode({
        "response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri, "scope": "read", "state": state,
        "code_challenge": challenge, "code_challenge_method": "S256"}))


def sign_in(driver, password="correct-horse"):
    wait(driver, lambda d: d.find_elements(By.NAME, "password"))
    driver.find_element(By.NAME, "username").clear()
    driver.find_element(By.NAME, "username").send_keys("demo")
    driver.find_element(By.NAME, "password").send_keys(password)
    driver.find_element(By.CSS_SELECTOR, "main form button").click()


def decide(driver, decision):
    wait(driver, lambda d: d.find_elements(By.CSS_SELECTOR, f"button[name=decision][value={decision}]"))
    driver.find_element(By.CSS_SELECTOR, f"button[name=decision][value={decision}]").click()


def landed(driver):
    wait(driver, lambda d: d.current_url.startswith(redirect_uri))
    return {name: values[0] for name, values in parse_qs(urlparse(driver.current_url).query).items()}


def complaints(driver):
    return [line["message"] for line in driver.get_log("browser") if "Content Security Policy" in line["message"] or "Refused" in line["message"]]


driver = start()
try:
    authorize(driver, "one & two/ä")
    wait(driver, lambda d: d.find_elements(By.NAME, "password"))
    shot(driver, "login")
    sign_in(driver, "wrong")
    wait(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    shot(driver, "login-refused")
    sign_in(driver)
    wait(driver, lambda d: d.find_elements(By.NAME, "decision"))
    shot(driver, "consent")
    assert f"localhost:{port}" in driver.page_source, "the consent page names the redirect host"
    decide(driver, "allow")
    query = landed(driver)
    assert query["state"] == "one & two/ä" and query["iss"] == base and query["code"], query
    print("allowed")

    authorize(driver, "three")
    wait(driver, lambda d: d.find_elements(By.NAME, "decision") or d.current_url.startswith(redirect_uri))
    if not driver.current_url.startswith(redirect_uri):
        decide(driver, "allow")
    assert landed(driver)["code"]
    print("signed in still")

    driver.delete_all_cookies()
    driver.get(f"{base}/")
    driver.delete_all_cookies()
    authorize(driver, "four")
    sign_in(driver)
    wait(driver, lambda d: d.find_elements(By.NAME, "decision") or d.current_url.startswith(redirect_uri))
    if not driver.current_url.startswith(redirect_uri):
        decide(driver, "deny")
        query = landed(driver)
        assert query["error"] == "access_denied" and query["state"] == "four" and query["iss"] == base, query
    print("denied")
    assert not complaints(driver), complaints(driver)

    driver.get(f"{base}/")
    shot(driver, "start")
    driver.get(f"{base}/playground")
    shot(driver, "playground")
    driver.find_element(By.CSS_SELECTOR, "main form button, main a.button").click()
    for _ in range(4):
        wait(driver, lambda d: d.find_elements(By.NAME, "password") or d.find_elements(By.NAME, "decision") or "access_token" in d.page_source)
        if driver.find_elements(By.NAME, "password"):
            sign_in(driver)
        elif driver.find_elements(By.NAME, "decision"):
            decide(driver, "allow")
        else:
            break
    assert "access_token" in driver.page_source
    shot(driver, "playground-done")
    print("playground")
    assert not complaints(driver), complaints(driver)
finally:
    driver.quit()
