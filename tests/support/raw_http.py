"""HTTP written byte by byte, for what no client library would send."""

import socket


def talk(port, data, *, half_close=False):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(data)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        received = b""
        while part := client.recv(65536):
            received += part
        return received


def raw(body, *headers, path="/v1/models/credit:predict"):
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def ask_until_closed(port, request, answered, lost):
    """Ask on one connection after another until no more are taken."""
    while True:
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            return
        with client:
            closing = False
            while not closing:
                client.sendall(request)
                try:
                    received = client.recv(65536)
                except OSError as error:
                    received = str(error).encode()
                if b"predictions" not in received:
                    lost.append(received)
                    return
                answered.append(1)
                closing = b"connection: close" in received
