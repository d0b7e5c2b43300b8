"""The relay: what passes through it stays as it is, is counted by service and operation, and takes its time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from bench.latency import Relay, operation_of, relay

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = b"|".join([self.path.encode(), self.headers["Host"].encode(), body])
        self.send_response(418)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Answer", "yes")
        self.end_headers()
        self.wfile.write(answer)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "12345")
        self.end_headers()


@pytest.fixture
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def post(to: Relay, body: bytes = b"Action=CreateRole&Version=1", **headers: str) -> tuple[int, str | None, bytes]:
    connection = HTTPConnection(to.endpoint.removeprefix("http://"), timeout=10)
    connection.request("POST", "/a%2Fb?x=1", body, {"Authorization": SIGNED.format("iam"), **headers})
    answer = connection.getresponse()
    result = answer.status, answer.getheader("X-Answer"), answer.read()
    connection.close()
    return result


def test_a_request_and_its_answer_pass_unchanged(upstream: str) -> None:
    with relay(upstream) as between:
        status, header, body = post(between, b"Action=CreateRole&x=\xff")
        host = between.endpoint.removeprefix("http://").encode()
    assert (status, header) == (418, "yes")
    assert body == b"/a%2Fb?x=1|" + host + b"|Action=CreateRole&x=\xff"
    assert between.calls == {("iam", "CreateRole"): 1}


def test_a_chunked_body_and_a_head_request_pass(upstream: str) -> None:
    with relay(upstream) as between:
        connection = HTTPConnection(between.endpoint.removeprefix("http://"), timeout=10)
        connection.request("POST", "/", iter([b"one", b"two"]), encode_chunked=True)
        assert connection.getresponse().read().endswith(b"|onetwo")
        connection.request("HEAD", "/")
        answer = connection.getresponse()
        assert (answer.read(), answer.getheader("Content-Length")) == (b"", "12345")
        connection.close()
    assert between.calls == {}


def test_calls_side_by_side_take_their_time_side_by_side(upstream: str) -> None:
    with relay(upstream, seconds=0.15) as between, ThreadPoolExecutor(5) as pool:
        started = time.perf_counter()
        assert [status for status, _, _ in pool.map(lambda _: post(between), range(5))] == [418] * 5
        assert 0.15 <= time.perf_counter() - started < 0.6
    assert between.calls == {("iam", "CreateRole"): 5}


@pytest.mark.parametrize(
    ("service", "method", "path", "target", "body", "operation"),
    [
        ("kms", "POST", "/", "TrentService.CreateKey", b"{}", "CreateKey"),
        ("cloudformation", "POST", "/", None, b"Action=ExecuteChangeSet&Version=1", "ExecuteChangeSet"),
        ("s3", "PUT", "/bucket/key/of?x-id=PutObject", None, b"Action=no", "PUT Object x-id"),
        ("s3", "GET", "/bucket?policy", None, b"", "GET Bucket policy"),
        ("s3", "HEAD", "/bucket", None, b"", "HEAD Bucket"),
        ("lambda", "GET", "/2015-03-31/functions?x=1", None, b"", "GET /2015-03-31/functions"),
    ],
)
def test_the_operation_is_known_in_each_of_aws_protocols(
    service: str, method: str, path: str, target: str | None, body: bytes, operation: str
) -> None:
    headers = Message()
    headers["Authorization"] = SIGNED.format(service)
    if target:
        headers["X-Amz-Target"] = target
    assert operation_of(method, path, headers, body) == (service, operation)


def test_what_is_not_signed_is_no_call() -> None:
    assert operation_of("GET", "/.crosslane-sandbox", Message(), b"") is None
