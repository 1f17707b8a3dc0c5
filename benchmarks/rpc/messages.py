"""The messages between the Functions host and a worker, as protobuf classes: those that calls of an app need.

Names and numbers are facts of Azure's public contract (service `FunctionRpc`); fields that neither side uses are left
out, which protobuf allows. A field is `NUMBER NAME TYPE`; `TYPE[]` is a list, `{TYPE}` a map from strings.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

_PACKAGE = "AzureFunctionsRpcMessages"
METHOD = f"/{_PACKAGE}.FunctionRpc/EventStream"
"""The only method: a stream of messages in each direction."""

_FIELDS = {
    "StreamingMessage": "1 request_id string",
    "StartStream": "2 worker_id string",
    "WorkerInitRequest": "1 host_version string, 2 capabilities {string}, 5 function_app_directory string",
    "WorkerInitResponse": "2 capabilities {string}, 3 result StatusResult, 4 worker_metadata WorkerMetadata",
    "WorkerMetadata": "1 runtime_name string, 2 runtime_version string, 3 worker_version string,"
    " 4 worker_bitness string, 5 custom_properties {string}",
    "StatusResult": "2 exception RpcException, 4 status StatusResult.Status",
    "RpcException": "1 stack_trace string, 2 message string",
    "FunctionsMetadataRequest": "1 function_app_directory string",
    "FunctionMetadataResponse": "1 function_metadata_results RpcFunctionMetadata[], 2 result StatusResult,"
    " 3 use_default_metadata_indexing bool",
    "RpcFunctionMetadata": "1 directory string, 2 script_file string, 3 entry_point string, 4 name string,"
    " 6 bindings {BindingInfo}, 7 is_proxy bool, 9 language string, 10 raw_bindings string[], 13 function_id string,"
    " 14 managed_dependency_enabled bool, 15 retry_options RpcRetryOptions, 16 properties {string}",
    "RpcRetryOptions": "2 max_retry_count int32",
    "BindingInfo": "2 type string, 3 direction BindingInfo.Direction, 4 data_type BindingInfo.DataType",
    "FunctionLoadRequest": "1 function_id string, 2 metadata RpcFunctionMetadata",
    "FunctionLoadResponse": "1 function_id string, 2 result StatusResult",
    "InvocationRequest": "1 invocation_id string, 2 function_id string, 3 input_data ParameterBinding[],"
    " 4 trigger_metadata {TypedData}, 5 trace_context RpcTraceContext, 6 retry_context RetryContext",
    "RpcTraceContext": "1 trace_parent string, 2 trace_state string, 3 attributes {string}",
    "RetryContext": "1 retry_count int32, 2 max_retry_count int32, 3 exception RpcException",
    "InvocationResponse": "1 invocation_id string, 2 output_data ParameterBinding[], 3 result StatusResult,"
    " 4 return_value TypedData",
    "ParameterBinding": "1 name string",
    "TypedData": "",
    "RpcHttp": "1 method string, 2 url string, 3 headers {string}, 4 body TypedData, 10 params {string},"
    " 12 status_code string, 15 query {string}, 16 enable_content_negotiation bool, 19 cookies RpcHttpCookie[]",
    "RpcHttpCookie": "1 name string, 2 value string",
    "RpcLog": "1 invocation_id string, 2 category string, 3 level RpcLog.Level, 4 message string,"
    " 8 log_category RpcLog.RpcLogCategory",
}
_ALTERNATIVES = {
    "StreamingMessage": (
        "content",
        "20 start_stream StartStream, 17 worker_init_request WorkerInitRequest,"
        " 16 worker_init_response WorkerInitResponse, 29 functions_metadata_request FunctionsMetadataRequest,"
        " 30 function_metadata_response FunctionMetadataResponse, 8 function_load_request FunctionLoadRequest,"
        " 9 function_load_response FunctionLoadResponse, 4 invocation_request InvocationRequest,"
        " 5 invocation_response InvocationResponse, 2 rpc_log RpcLog",
    ),
    "ParameterBinding": ("rpc_data", "2 data TypedData"),
    "TypedData": (
        "data",
        "1 string string, 2 json string, 3 bytes bytes, 4 stream bytes, 5 http RpcHttp, 6 int sint64, 7 double double",
    ),
}
_ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    "StatusResult": {"Status": ("Failure", "Success", "Cancelled")},
    "BindingInfo": {"Direction": ("in", "out", "inout"), "DataType": ("undefined", "string", "binary", "stream")},
    "RpcLog": {
        "Level": ("Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"),
        "RpcLogCategory": ("User", "System"),
    },
}


def _make_classes() -> SimpleNamespace:
    """Make the class of each message, as an attribute of its name."""
    file = FileDescriptorProto(name="rpc", package=_PACKAGE, syntax="proto3")
    for name in _FIELDS:
        _describe(file.message_type.add(name=name))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    messages = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _FIELDS}
    return SimpleNamespace(**{name: message_factory.GetMessageClass(message) for name, message in messages.items()})


def _describe(message: DescriptorProto) -> None:
    for number, name, kind in _split(_FIELDS[message.name]):
        _add_field(message, number, name, kind)
    if message.name in _ALTERNATIVES:
        group, alternatives = _ALTERNATIVES[message.name]
        message.oneof_decl.add(name=group)
        for number, name, kind in _split(alternatives):
            _add_field(message, number, name, kind).oneof_index = 0
    for enum, values in _ENUMS.get(message.name, {}).items():
        described = message.enum_type.add(name=enum)
        for number, value in enumerate(values):
            described.value.add(name=value, number=number)


def _split(fields: str) -> Iterator[tuple[int, str, str]]:
    for field in filter(None, fields.split(", ")):
        number, name, kind = field.split()
        yield int(number), name, kind


def _add_field(message: DescriptorProto, number: int, name: str, kind: str) -> FieldDescriptorProto:
    field = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.endswith("[]") or kind.startswith("{"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if kind.startswith("{"):
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add_field(entry, 1, "key", "string")
        _add_field(entry, 2, "value", kind.strip("{}"))
        kind = f"{message.name}.{entry.name}"
    _set_type(field, kind.removesuffix("[]"))
    return field


def _set_type(field: FieldDescriptorProto, kind: str) -> None:
    if kind[0].islower():
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
        return
    owner, _, inner = kind.partition(".")
    is_enum = inner in _ENUMS.get(owner, {})
    field.type = FieldDescriptorProto.TYPE_ENUM if is_enum else FieldDescriptorProto.TYPE_MESSAGE
    field.type_name = f".{_PACKAGE}.{kind}"


protos: Any = _make_classes()
"""The class of each message, by its name."""
