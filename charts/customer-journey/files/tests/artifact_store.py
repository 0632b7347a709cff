"""Writes an object to the artifact store, reads it and deletes it; asks again for half a minute.

Signed by hand (AWS Signature Version 4), so that no image holds an S3 client for this alone.
"""

import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

REGION = "us-east-1"
OBJECT = os.environ["BUCKET_URL"] + "/helm-test.txt"


def signed(method: str, body: bytes) -> urllib.request.Request:
    """The request with its signature."""
    url = urlsplit(OBJECT)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": url.netloc, "x-amz-content-sha256": digest, "x-amz-date": moment}
    names = ";".join(headers)
    canonical = "\n".join([method, url.path, "", *(f"{k}:{v}" for k, v in headers.items()), "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + os.environ["SECRET_KEY"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{os.environ['ACCESS_KEY']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return urllib.request.Request(OBJECT, data=body or None, headers=headers, method=method)


def ask(method: str, body: bytes = b"") -> bytes:
    """The answer's body."""
    with urllib.request.urlopen(signed(method, body), timeout=10) as answer:
        content: bytes = answer.read()
        return content


for _attempt in range(10):
    try:
        ask("PUT", b"as written")
        assert ask("GET") == b"as written"
        ask("DELETE")
        sys.stdout.write("the artifact store keeps what it is given\n")
        sys.exit(0)
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"{OBJECT}: {error}\n")
        time.sleep(3)
sys.exit(1)
