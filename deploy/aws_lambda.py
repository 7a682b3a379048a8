"""AWS Lambda: rows in, decisions out, by an invocation, a function URL or API Gateway."""

import base64
import json
import os

import msgspec

import keramos
from keramos.errors import KeramosError

model = keramos.load(os.environ.get("KERAMOS_MODEL", "model.h5"))  # once a container


def handler(event, context):
    """The event, or the body of a request, is {"rows": [{"age": 35, ...}, ...]}."""
    if "body" not in event:
        return decided(event["rows"])
    body = event["body"] or ""
    try:
        given = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
        return reply(200, decided(given["rows"]))
    except KeramosError as error:
        return reply(400, {"error": error.record()})
    except (ValueError, LookupError, TypeError):
        return reply(400, {"error": {"what": 'the body is not {"rows": [...]}'}})


def decided(rows):
    return {"decisions": msgspec.to_builtins(list(model.decide(rows)))}


def reply(status, value):
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(value)}
