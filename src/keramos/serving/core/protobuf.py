"""Protocol buffer messages from a table of their fields, made when a gRPC server starts.

The wire format holds only numbers and types of fields
(https://protobuf.dev/programming-guides/encoding/), so a few lines a protocol replace generated
modules. Enums are declared as int32, as they are encoded. The messages live in their own descriptor
pool, apart from messages of the same names in the process.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

if TYPE_CHECKING:
    from collections.abc import Mapping

Message = Any
"""A message or its class. Their fields come from a table at run time, which no type checker
sees.
"""

_FIELD = re.compile(r"\s*(\w+)\s+(\w+)([*?@]?)\s+(\d+)\s*")
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "double": _Field.TYPE_DOUBLE,
    "float": _Field.TYPE_FLOAT,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
    "int32": _Field.TYPE_INT32,
    "uint32": _Field.TYPE_UINT32,
    "bool": _Field.TYPE_BOOL,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}


def messages(package: str, table: str) -> Mapping[str, Message]:
    """Message name -> class. A line of the table is ``Name: field type number, ...``.

    A type is a scalar or another message of the table; after it, ``*`` repeats it, ``@`` makes it a
    map from strings, and ``?`` tells an absent scalar from a zero.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for line in table.strip().splitlines():
        name, _, fields = line.partition(":")
        message = file.message_type.add(name=name.strip())
        for text in fields.split(",") if fields.strip() else ():
            match = _FIELD.fullmatch(text)
            if match is None:
                raise ValueError(f"{message.name}: {text!r} is not 'name type number'")
            _add(message, package, *match.groups())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        message.name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{package}.{message.name}")
        )
        for message in file.message_type
    }


def _add(
    message: descriptor_pb2.DescriptorProto,
    package: str,
    name: str,
    kind: str,
    mark: str,
    number: str,
) -> None:
    field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    if mark == "@":
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add(entry, package, "key", "string", "", "1")
        _add(entry, package, "value", kind, "", "2")
        kind = f"{message.name}.{entry.name}"
    if mark in {"*", "@"}:
        field.label = _Field.LABEL_REPEATED
    if mark == "?":
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{package}.{kind}"
