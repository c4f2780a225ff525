"""Has botocore sign and send requests with odd paths, queries and headers, and
writes the bytes that arrive to <name>.http next to this file.

Needs Python and `pip install botocore`. Time, key and scope are fixed, so the
files change only with the port in Host.
"""

import datetime
import pathlib
import re
import socket
import threading

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

NOW = datetime.datetime(2026, 11, 22, 0, 54, 0)
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////+token=="
BODY = b'{"ProductCode": "prod-abc123"}'
HEADER, QUERY = botocore.auth.SigV4Auth, botocore.auth.SigV4QueryAuth

# name: (signer, session token, target, more headers)
CASES = {
    "root": (HEADER, None, "/", {}),
    "double-slash": (HEADER, None, "//", {}),
    "base-path": (HEADER, None, "/base/path/", {}),
    "inner-double-slash": (HEADER, None, "/base//path", {}),
    "dot-segments": (HEADER, None, "/a/./b/../c/", {}),
    "dot-dot-only": (HEADER, None, "/a/..", {}),
    "trailing-dot": (HEADER, None, "/a/.", {}),
    "escaped-blank": (HEADER, None, "/a%20b/c%2Fd", {}),
    "sub-delims": (HEADER, None, "/a+b/~c/d=f,g@h:i!j'(k)*$", {}),
    "query": (HEADER, None, "/?b=2&a=1&a=0&a-b=3&empty=&bare&blank=x%20y&slash=%2F", {}),
    "token": (HEADER, TOKEN, "/", {}),
    "date-header": (HEADER, None, "/", {"Date": "replaced"}),
    "blanks-in-header": (HEADER, None, "/", {"X-Amz-Meta-Note": "  two   words  "}),
    # The query signer moves the members of the body into the query.
    "presigned": (QUERY, None, "/", {}),
    "presigned-token": (QUERY, TOKEN, "/base//path/?Action=MeterUsage", {}),
}


def whole(data):
    """The length of a request whose head has been received."""
    head, _, _ = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return len(head) + 4 + int(length[1] if length else 0)


def receive(listener, result):
    conn, _ = listener.accept()
    with conn:
        data = b""
        while b"\r\n\r\n" not in data or len(data) < whole(data):
            data += conn.recv(65536)
        result.append(data)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def capture(signer, token, target, headers):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = []
        receiver = threading.Thread(target=receive, args=(listener, result))
        receiver.start()
        url = "http://127.0.0.1:%d%s" % (listener.getsockname()[1], target)
        request = AWSRequest("POST", url, data=BODY, headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSMPMeteringService.MeterUsage", **headers})
        signer(Credentials(*KEY, token), "aws-marketplace", "us-east-1").add_auth(request)
        URLLib3Session().send(request.prepare())
        receiver.join()
        return result[0]


botocore.auth.get_current_datetime = lambda *args, **kwargs: NOW
for name, case in CASES.items():
    here = pathlib.Path(__file__).parent
    (here / (name + ".http")).write_bytes(capture(*case))
